/**
 * Runs the workflows on the time-skipping server against services.ts, whose databases are maps. The environment's time is
 * global to it, so each test file has one of its own. Nothing waits for real.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { after, before } from 'node:test';
import { WorkflowUpdateFailedError, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
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

/** What fails on purpose is not worth a line among the results. */
const quiet = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} };

let environment: TestWorkflowEnvironment | undefined;
let bundle: WorkflowBundleOption | undefined;

/** The environment of this test file; to be called at its top, for it comes and goes with the file. */
export function useEnvironment(): () => TestWorkflowEnvironment {
  before(async () => {
    Runtime.install({ logger: quiet, telemetryOptions: { logging: { forward: {} } } });
    const executable = await findTimeSkippingServer({
      cacheDir: cacheDirectory(process.env['XDG_CACHE_HOME']),
      environment: process.env,
      step: silentProgress.begin('the time-skipping server'),
    });
    [environment, bundle] = await Promise.all([
      TestWorkflowEnvironment.createTimeSkipping({ server: { executable }, client: { identity: 'test-client' } }),
      workflowBundle(),
    ]);
    await addSearchAttributes(environment.client);
  });
  after(async () => environment?.teardown());
  return () => environment!;
}

/** Runs `use` while workers of every task queue are there. */
export async function withWorkers<T>(services: FakeServices, use: () => Promise<T>): Promise<T> {
  const workers = await Promise.all(
    ['transfer', 'wallet-0', 'wallet-1'].map((taskQueue) => createWorker(taskQueue, services)),
  );
  const [running, ...others] = workers;
  const runs = others.map((worker) => worker.run());
  try {
    return await running!.runUntil(use());
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
    if (failure instanceof ApplicationFailure) return failure.type ?? '';
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
