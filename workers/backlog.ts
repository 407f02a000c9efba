/** The part of the state that is Temporal's: the tasks that wait for a worker, by queue. Each worker shows the queues of its services. */
import type { Metrics } from '../process/metrics.ts';
import type { WaitingTasks } from '../temporal/backlog.ts';
import type { Part } from './collector.ts';

/** Returns the tasks that wait on a task queue. */
export type Waiting = (queue: string, type: 'workflow' | 'activity') => Promise<WaitingTasks>;
export type Queue = readonly [queue: string, type: 'workflow' | 'activity'];

/** Several parts share the gauges where several workers run in one process, so each takes away the series of its own queues alone. */
export function backlogPart(
  name: string,
  { backlogTasks, backlogAge }: Pick<Metrics, 'backlogTasks' | 'backlogAge'>,
  waiting: Waiting,
  queues: readonly Queue[],
): Part {
  return {
    name,
    everyMs: 10_000,
    gauges: [backlogTasks, backlogAge].map(({ forgetOne }) => ({
      forget: () => queues.forEach(([queue, type]) => forgetOne({ queue, type })),
    })),
    async look() {
      const found = await Promise.all(
        queues.map(async ([queue, type]) => ({ queue, type, ...(await waiting(queue, type)) })),
      );
      return () => {
        for (const { queue, type, count, oldestSeconds } of found) {
          backlogTasks.set({ queue, type }, count);
          backlogAge.set({ queue, type }, count === 0 ? 0 : oldestSeconds);
        }
      };
    },
  };
}
