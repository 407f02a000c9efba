/**
 * What Temporal's SDK counts by itself: its native part serves it on a loopback port of its own, and the process's own answer to
 * GET /metrics ends with it.
 */
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import type { RuntimeOptions } from '@temporalio/worker';
import type { MetricsServer } from '../process/metrics-server.ts';

type TelemetryMetrics = NonNullable<NonNullable<RuntimeOptions['telemetryOptions']>['metrics']>;

/** The SDK's own begin at 0.1 for the time from schedule to start, which takes five milliseconds here. */
const SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 60];
/** Where there is a histogram for each type of workflow or each kind of request. */
const FEW_SECONDS = [0.005, 0.05, 0.5, 5];
const LONG_SECONDS = [1, 10, 60];
/**
 * A third of all series: a histogram of each for each activity and each type of workflow, of which worker_processing_duration_seconds and
 * counterpoise_movement_duration_seconds say the same, and replays, which take part in the execution of a workflow task.
 */
const OMITTED =
  /^(?:# (?:HELP|TYPE) )?temporal_(?:(?:local_)?activity_(?:execution|succeed_endtoend)|workflow_(?:endtoend|task_replay))_latency_.*\n/gm;
const BUCKETS = {
  request_latency: FEW_SECONDS,
  long_request_latency: LONG_SECONDS,
  workflow_task_schedule_to_start_latency: FEW_SECONDS,
  workflow_task_execution_latency: FEW_SECONDS,
  activity_schedule_to_start_latency: SECONDS,
};

/** Chooses the port. Undefined without a server of metrics: then the SDK counts nothing either. */
export async function coreMetrics(server: MetricsServer | undefined): Promise<TelemetryMetrics | undefined> {
  if (server === undefined) return undefined;
  const bindAddress = `127.0.0.1:${await freePort()}`;
  server.append(`http://${bindAddress}/metrics`, OMITTED);
  return {
    prometheus: {
      bindAddress,
      countersTotalSuffix: true,
      unitSuffix: true,
      useSecondsForDurations: true,
      histogramBucketOverrides: BUCKETS,
    },
  };
}

/**
 * Returns a port of loopback that is free now. If another program takes it before the caller does, the caller's process ends, and its
 * supervisor starts it again, with another one.
 */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
