/**
 * Runs the workflows on the time-skipping server with the activities of services.ts, whose databases are maps. Time is global to an
 * environment, so each test file has its own. Nothing waits in real time.
 *
 * If an activity is canceled just as an attempt of it fails, the server (1.31.0) sometimes stops skipping time: its timers then run
 * in real time for the rest of its life, and a test that skips time waits for ever. Such a test is run again in a new environment.
 */
import type { EventEmitter } from 'node:events';
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

const { History } = proto.temporal.api.history.v1;

export const histories = new URL('histories/', import.meta.url);

/** A search attribute that a Temporal server has by itself, for runs of Schedules. */
export const scheduledStartTime = defineSearchAttributeKey('TemporalScheduledStartTime', SearchAttributeType.DATETIME);
const DATETIME = 6;

/** A logger that prints nothing, because failures on purpose need no lines among the results. */
const quiet = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} };

let environment: TestWorkflowEnvironment | undefined;
let bundle: WorkflowBundleOption | undefined;

/** The environment of this test file. Call it at the top of the file: it starts and stops with the file's tests. */
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
  environment = await startEnvironment(executable);
  await addSearchAttributes(environment.client);
  await environment.client.connection.operatorService.addSearchAttributes({
    namespace: environment.client.options.namespace,
    searchAttributes: { [scheduledStartTime.name]: DATETIME },
  });
}

const STARTS_MAX = 4;

/** The SDK waits 5 s for its server, which on a busy machine is not always enough. */
async function startEnvironment(
  executable: Awaited<ReturnType<typeof findTimeSkippingServer>>,
): Promise<TestWorkflowEnvironment> {
  const options = { server: { executable }, client: { identity: 'test-client' } };
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await TestWorkflowEnvironment.createTimeSkipping(options);
    } catch (error) {
      if (attempt === STARTS_MAX) throw error;
    }
  }
}

/** Rejects when a test is run again, so that the workers of the first try end; they would keep the process alive for ever. */
let abandoned = Promise.withResolvers<never>();
abandoned.promise.catch(() => {});

/** A test takes a few seconds, one of many orders some ten, and several times as long on a busy machine: each try has so much more. */
const TIME_STANDS_STILL_MS = 30_000;
const TRIES_MAX = 5;
const WORKERS_END_WITHIN_MS = 10_000;

/** Thrown by a test that has skipped hours in vain: its server does not fire the workflow's timers, or none of its tasks arrive. */
export class TimeStandsStill extends Error {}

/** A test in the file's environment. If time stands still in it, the test is run again in a new one; a failure is not. */
export function it(name: string, body: () => Promise<void>): void {
  void test(name, async (context: TestContext) => {
    for (let tries = 1; !(await hasEnded(body, tries * TIME_STANDS_STILL_MS)); tries += 1) {
      if (tries === TRIES_MAX) throw new Error(`time stood still ${tries} times`);
      context.diagnostic('time stood still in the time-skipping server: begun again in a new one');
      ignoreClosedChannels();
      await renewEnvironment();
    }
  });
}

let areClosedChannelsIgnored = false;

/**
 * Ignores the error of a call on a closed channel. A test that was abandoned leaves calls behind that its client repeats by a timer,
 * after its server has ended: there is nobody to handle their errors, and one would fail the whole file.
 */
function ignoreClosedChannels(): void {
  if (areClosedChannelsIgnored) return;
  areClosedChannelsIgnored = true;
  for (const event of ['uncaughtException', 'unhandledRejection']) {
    const listeners = process.rawListeners(event);
    process.removeAllListeners(event);
    (process as EventEmitter).on(event, (error: unknown, ...more: unknown[]) => {
      if (error instanceof Error && error.message === 'Channel has been shut down') return;
      for (const listener of listeners) Reflect.apply(listener, process, [error, ...more]);
    });
  }
}

async function hasEnded(body: () => Promise<void>, limitMs: number): Promise<boolean> {
  const over = new AbortController();
  const ended = body().then(
    () => true,
    (error: unknown) => {
      if (error instanceof TimeStandsStill) return false;
      throw error;
    },
  );
  // The abandoned test fails when its server ends, and nobody else handles that error.
  ended.catch(() => {});
  try {
    if (await Promise.race([ended, sleep(limitMs, false, { signal: over.signal })])) return true;
  } finally {
    over.abort();
  }
  abandoned.reject(new Error('time stood still'));
  await Promise.race([ended.catch(() => {}), sleep(WORKERS_END_WITHIN_MS)]);
  abandoned = Promise.withResolvers();
  abandoned.promise.catch(() => {});
  return false;
}

export interface Served {
  readonly activities: object;
}

/** Runs `use` while workers of every task queue run. The first queue is that of the workflows. */
export async function withWorkers<T>(
  services: Served,
  use: () => Promise<T>,
  taskQueues: readonly string[] = ['transfer', 'wallet-0', 'wallet-1'],
): Promise<T> {
  const workers = await Promise.all(
    taskQueues.map((taskQueue, index) => createWorker(taskQueue, services, index === 0)),
  );
  return whileWorking(workers, use);
}

/** Runs `use` while these workers run, and ends them with it, or with a test that was abandoned. */
export async function whileWorking<T>(workers: readonly Worker[], use: () => Promise<T>): Promise<T> {
  const [running, ...others] = workers;
  const runs = others.map((worker) => worker.run());
  try {
    return await running!.runUntil(Promise.race([use(), abandoned.promise]));
  } finally {
    for (const worker of others) if (worker.getState() === 'RUNNING') worker.shutdown();
    await Promise.all(runs);
  }
}

/** Creates the worker of one task queue. The workflows' worker has every activity, because local dispatch needs them. */
function createWorker(taskQueue: string, services: Served, hasWorkflows: boolean): Promise<Worker> {
  return Worker.create({
    connection: environment!.nativeConnection,
    identity: `test-worker-${taskQueue}`,
    taskQueue,
    activities: services.activities,
    // Otherwise, once its server is gone, its pending reports would keep the process alive for ever.
    shutdownForceTime: '2 seconds',
    ...(hasWorkflows ? { workflowBundle: bundle! } : {}),
  });
}

/** The code with which a workflow refuses an update; empty if it accepts it. */
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

/** Stack traces name places on the machine that ran them, and replay does not need them. */
function withoutStackTraces(key: string, value: unknown): unknown {
  return key === 'stackTrace' ? undefined : value;
}
