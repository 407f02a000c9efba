/** The measuring of what the events worker does. All of it does nothing without metrics. */
import type { Consumer, Metrics } from '../../process/metrics.ts';

const WORKER = 'events';
/** `relay`, `wallet_activity`, `flows` and `kafka`: a page of events; `webhook`: one request. */
const TASKS = ['relay', 'wallet_activity', 'flows', 'kafka', 'webhook'] as const;
type Task = (typeof TASKS)[number];

export function beginMeasuring(metrics: Metrics | undefined): void {
  for (const task of TASKS) {
    metrics?.processing.begin({ worker: WORKER, task });
    metrics?.retries.begin({ worker: WORKER, task });
  }
}

export function noteDuration(metrics: Metrics | undefined, task: Task, ms: number): void {
  metrics?.processing.observe({ worker: WORKER, task }, ms / 1_000);
}

export function noteRetry(metrics: Metrics | undefined, task: Task): void {
  metrics?.retries.add({ worker: WORKER, task });
}

export function countConsumed(metrics: Metrics | undefined, consumer: Consumer, events: number): void {
  metrics?.consumed.add({ consumer }, events);
}
