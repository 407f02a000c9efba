/**
 * A Temporal worker on one task queue, with what all workers of Counterpoise share: the log, the drain, and the way in which a
 * fault of an activity becomes an ApplicationFailure.
 */
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import {
  Runtime,
  Worker,
  type ActivityInterceptorsFactory,
  type NativeConnection,
  type TelemetryOptions,
  type WorkerOptions,
} from '@temporalio/worker';
import type { Settings } from '../process/config.ts';
import type { Metrics } from '../process/metrics.ts';
import { faultOf } from '../domain/fault.ts';
import { MovementMissing } from '../domain/transfer/movement-missing.ts';
import { pauseWithin, WalletBusy } from '../domain/wallet/wallet-busy.ts';
import type { RunningService } from '../process/run-service.ts';
import type { Logger } from '../process/telemetry.ts';
import { isTracing } from '../process/traces.ts';
import { dataConverterOf } from '../temporal/data-converter.ts';
import type { NamespaceBinding } from '../temporal/namespace-binding.ts';
import { refuseForeignTasks } from './foreign-tasks.ts';
import { measureTasks } from './measured-tasks.ts';
import { traceTasks } from './traced-tasks.ts';

/** The query time-out of an activity's database: longer than the role's statement_timeout, so that the server speaks first. */
export const ACTIVITY_QUERY_TIMEOUT_MS = 4_500;

export interface WorkerContext {
  readonly connection: NativeConnection;
  readonly binding: NamespaceBinding;
  readonly settings: Settings;
  readonly logger: Logger;
  readonly metrics?: Metrics | undefined;
}

/** The name under which Temporal knows the versions of all workers of an installation: they are rolled together. */
const DEPLOYMENT = 'counterpoise';

/** The beginning of the SDK's warning at each start of a worker that has activities alone. */
const ACTIVITIES_ALONE = 'No workflows registered';

/**
 * Sends the SDK's own log lines to ours, and has it leave the signals of the process alone. `metrics` is where it counts, if it is
 * to: see core-metrics.ts. To be called once, before the first connection is made.
 */
export function installTemporalRuntime(logger: Logger, metrics?: TelemetryOptions['metrics']): void {
  // The SDK's information is about its own workings: for us, these are debug lines.
  const write = (level: 'debug' | 'warn' | 'error', message: string, meta: object = {}) =>
    logger[level === 'warn' && message.startsWith(ACTIVITIES_ALONE) ? 'debug' : level](attributesOf(meta), message);
  Runtime.install({
    shutdownSignals: [],
    // Otherwise the SDK's native part writes lines to the console, in a format of its own.
    telemetryOptions: { logging: { forward: {} }, ...(metrics === undefined ? {} : { metrics }) },
    logger: {
      log: (level, message, meta) =>
        write(level === 'ERROR' ? 'error' : level === 'WARN' ? 'warn' : 'debug', message, meta),
      trace: (message, meta) => write('debug', message, meta),
      debug: (message, meta) => write('debug', message, meta),
      info: (message, meta) => write('debug', message, meta),
      warn: (message, meta) => write('warn', message, meta),
      error: (message, meta) => write('error', message, meta),
    },
  });
}

/**
 * Starts to poll if Temporal's namespace is the installation's own, and fails once it no longer is; `stop` lets running tasks
 * finish, within some seconds.
 */
export async function startWorker(
  { connection, binding, settings, logger, metrics }: WorkerContext,
  options: Pick<WorkerOptions, 'taskQueue' | 'activities' | 'workflowBundle'> & { taskQueue: string },
): Promise<RunningService> {
  const { installationId } = await binding.verify();
  const { taskQueue, activities = {} } = options;
  // Of a shard, whichever it is: each has a worker of its own.
  const kind = taskQueue.split('-', 1)[0]!;
  const measured = metrics === undefined ? [] : [measureTasks(metrics, kind, Object.keys(activities))];
  const tracedTasks = isTracing() ? [traceTasks] : [];
  const worker = await Worker.create({
    connection,
    namespace: settings.TEMPORAL_NAMESPACE,
    dataConverter: dataConverterOf(settings),
    ...versionOf(settings),
    // More slots than starts at once: with fewer, eager starts leave none to the pollers, and other workflow tasks wait.
    maxConcurrentWorkflowTaskExecutions: 250,
    shutdownGraceTime: '2 seconds',
    shutdownForceTime: '3 seconds',
    interceptors: {
      activity: [...tracedTasks, ...measured, faultInterceptor, () => refuseForeignTasks(installationId, binding)],
    },
    ...options,
  });
  const run = worker.run();
  logger.info({ task_queue: options.taskQueue }, 'worker started');
  const watch = setInterval(() => void binding.verify(WATCH_MS).catch(() => {}), WATCH_MS);
  return {
    failed: Promise.race([binding.broken, run.then(() => new Promise<never>(() => {}))]),
    stop: async () => {
      clearInterval(watch);
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await run.catch(() => {});
    },
  };
}

/**
 * A run goes on with whichever version is the current one: replay guards it, and a run that were pinned could not be asked anything
 * once its version is gone.
 */
function versionOf({ WORKER_BUILD_ID: buildId }: Settings): Pick<WorkerOptions, 'workerDeploymentOptions'> {
  if (buildId === undefined) return {};
  return {
    workerDeploymentOptions: {
      version: { deploymentName: DEPLOYMENT, buildId },
      useWorkerVersioning: true,
      defaultVersioningBehavior: 'AUTO_UPGRADE',
    },
  };
}

/** How long a verified namespace is trusted before the server is asked again. */
const WATCH_MS = 1_000;

/** The one place where faults become failures that Temporal repeats; refusals are values and do not come here. */
const faultInterceptor: ActivityInterceptorsFactory = ({ info }) => ({
  inbound: {
    async execute(input, next) {
      const startedAt = performance.now();
      try {
        return await next(input);
      } catch (error) {
        if (error instanceof ApplicationFailure || error instanceof CancelledFailure) throw error;
        const fault = faultOf(error);
        const code = fault instanceof Error && 'code' in fault ? String(fault.code) : undefined;
        throw ApplicationFailure.create({
          message: fault instanceof Error ? fault.message : String(fault),
          // No other fault of ours ends the retries, so compensation never gives up.
          nonRetryable: fault instanceof MovementMissing,
          ...(fault instanceof WalletBusy
            ? { nextRetryDelay: pauseWithin(fault.retryInMs, untilGivenUpMs(info, performance.now() - startedAt)) }
            : {}),
          type: code ?? (fault instanceof Error ? fault.name : 'Error'),
          cause: fault instanceof Error ? fault : new Error(String(fault)),
        });
      }
    },
  },
});

/** How long Temporal goes on repeating the activity of this attempt, which has taken so long; by one clock, the server's. */
function untilGivenUpMs(
  {
    scheduledTimestampMs,
    currentAttemptScheduledTimestampMs,
    scheduleToCloseTimeoutMs,
  }: Parameters<ActivityInterceptorsFactory>[0]['info'],
  tookMs: number,
): number {
  // Without a limit it is 0.
  const limitMs = scheduleToCloseTimeoutMs || Infinity;
  return scheduledTimestampMs + limitMs - currentAttemptScheduledTimestampMs - tookMs;
}

/** The SDK's attributes in our spelling, without those that are the same on every line. */
function attributesOf(meta: object): object {
  const { workflowId, error, sdkComponent, ...rest } = meta as Record<string, unknown>;
  const { transfer_id, transaction_id, batch_id, reason, cause, activityType, attempt, taskQueue, message } = rest;
  const kept = {
    transfer_id,
    transaction_id,
    batch_id,
    reason,
    cause,
    workflow_id: workflowId,
    activity_type: activityType,
    attempt,
    task_queue: taskQueue,
    component: sdkComponent,
    err: error,
    message,
  };
  return Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined));
}
