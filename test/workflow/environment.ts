/**
 * Runs the workflows on the time-skipping server against services.ts, whose databases are maps. The environment's time is
 * global to it, so each test file has one of its own. Nothing waits for real.
 *
 * That server (1.31.0) sometimes loses count of what keeps it from skipping time, where an activity is canceled just as an
 * attempt of it fails: its timers then run in real time for the rest of its life, and whoever skips time waits for ever. A test
 * that does is begun again in a new environment.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { after, before, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowUpdateFailedError, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure, defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import proto from '@temporalio/proto';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { Runtime, Worker, type WorkflowBundleOption } from '@temporalio/worker';
import { cacheDirectory } from '../../dev/cache.ts';
import { silentProgress } from '../../dev/progress.ts';
import { findTimeSkippingServer } from '../../dev/time-skipping-server.ts';
import { addSearchAttributes } from '../../temporal/search-attributes.ts';
import { workflowBundle } from '../../workers/workflow-bundle.ts';
import type { FakeServices } from './services.ts';

const { History } = proto.temporal.api.history.v1;

export const histories = new URL('histories/', import.meta.url);

/** What a Temporal server has by itself, for runs of Schedules. */
export const scheduledStartTime = defineSearchAttributeKey('TemporalScheduledStartTime', SearchAttributeType.DATETIME);
const DATETIME = 6;

/** What fails on purpose is not worth a line among the results. */
const quiet = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} };

let environment: TestWorkflowEnvironment | undefined;
let bundle: WorkflowBundleOption | undefined;

/** The environment of this test file; to be called at its top, for it comes and goes with the file. */
export function useEnvironment(): () => TestWorkflowEnvironment {
  before(async () => {
    Runtime.install({ logger: quiet, telemetryOptions: { logging: { forward: {} } } });
    bundle = await workflowBundle();
    await renewEnvironment();
  });
  after(async () => environment?.teardown());
  return () => environment!;
}

async function renewEnvironment(): Promise<void> {
  await environment?.teardown();
  const executable = await findTimeSkippingServer({
    cacheDir: cacheDirectory(process.env['XDG_CACHE_HOME']),
    environment: process.env,
    step: silentProgress.begin('the time-skipping server'),
  });
  environment = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable },
    client: { identity: 'test-client' },
  });
  await addSearchAttributes(environment.client);
  await environment.client.connection.operatorService.addSearchAttributes({
    namespace: environment.client.options.namespace,
    searchAttributes: { [scheduledStartTime.name]: DATETIME },
  });
}

/** Rejects where a test is begun again: its workers would keep the process alive for ever. */
let abandoned = Promise.withResolvers<never>();
abandoned.promise.catch(() => {});

/** A test takes a few seconds; on a machine with much else to do, some ten. */
const TIME_STANDS_STILL_MS = 40_000;
const TRIES_MAX = 3;
const WORKERS_END_WITHIN_MS = 10_000;

/** A test in the file's environment, which is a new one where time stands still in it. What fails has failed. */
export function it(name: string, body: () => Promise<void>): void {
  void test(name, async (context: TestContext) => {
    for (let tries = 1; !(await hasEnded(body)); tries += 1) {
      if (tries === TRIES_MAX)
        throw new Error(`it had not ended after ${TIME_STANDS_STILL_MS / 1_000} s, ${tries} times`);
      context.diagnostic('time stood still in the time-skipping server: begun again in a new one');
      await renewEnvironment();
    }
  });
}

async function hasEnded(body: () => Promise<void>): Promise<boolean> {
  const over = new AbortController();
  const ended = body().then(() => true);
  // What it still waits for fails with its server, and nobody is there to hear of it.
  ended.catch(() => {});
  try {
    if (await Promise.race([ended, sleep(TIME_STANDS_STILL_MS, false, { signal: over.signal })])) return true;
  } finally {
    over.abort();
  }
  abandoned.reject(new Error('time stood still'));
  await Promise.race([ended.catch(() => {}), sleep(WORKERS_END_WITHIN_MS)]);
  abandoned = Promise.withResolvers();
  abandoned.promise.catch(() => {});
  return false;
}

/** Runs `use` while workers of every task queue are there. */
export async function withWorkers<T>(services: FakeServices, use: () => Promise<T>): Promise<T> {
  const workers = await Promise.all(
    ['transfer', 'wallet-0', 'wallet-1'].map((taskQueue) => createWorker(taskQueue, services)),
  );
  const [running, ...others] = workers;
  const runs = others.map((worker) => worker.run());
  try {
    return await running!.runUntil(Promise.race([use(), abandoned.promise]));
  } finally {
    for (const worker of others) if (worker.getState() === 'RUNNING') worker.shutdown();
    await Promise.all(runs);
  }
}

/** A worker of one task queue; that of the workflows knows every activity, as local dispatch needs. */
function createWorker(taskQueue: string, services: FakeServices): Promise<Worker> {
  return Worker.create({
    connection: environment!.nativeConnection,
    identity: `test-worker-${taskQueue}`,
    taskQueue,
    activities: services.activities,
    // Once its server is gone, what it still has to tell it would keep the process alive for ever.
    shutdownForceTime: '2 seconds',
    ...(taskQueue === 'transfer' ? { workflowBundle: bundle! } : {}),
  });
}

/** The code with which a workflow refuses an update; empty if it does not. */
export async function refusalOf(update: Promise<unknown>): Promise<string> {
  try {
    await update;
    return '';
  } catch (error) {
    const failure = error instanceof WorkflowUpdateFailedError ? error.cause : undefined;
    if (failure instanceof ApplicationFailure) return [failure.type, ...(failure.details ?? [])].join(' ');
    throw error;
  }
}

/** Keeps a finished run's history for the replay tests, when asked to by `npm run record-histories`. */
export async function keepHistory(name: string, handle: WorkflowHandle): Promise<void> {
  if (process.env['RECORD_HISTORIES'] !== '1') return;
  await mkdir(histories, { recursive: true });
  const history = History.toObject(History.fromObject(await handle.fetchHistory()), {
    longs: String,
    bytes: String,
    enums: String,
  });
  await writeFile(new URL(`${name}.json`, histories), `${JSON.stringify(history, withoutStackTraces, 1)}\n`);
}

/** They name places on the machine that ran them, and replay does not need them. */
function withoutStackTraces(key: string, value: unknown): unknown {
  return key === 'stackTrace' ? undefined : value;
}
