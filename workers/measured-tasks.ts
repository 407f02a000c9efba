/** The measuring of activities: how long each attempt took, and how many were not the first. */
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import type { Metrics } from '../process/metrics.ts';

/** `worker` and the names of the activities are the labels. */
export function measureTasks(metrics: Metrics, worker: string, names: readonly string[]): ActivityInterceptorsFactory {
  const { processing, retries } = metrics;
  for (const task of names) {
    processing.begin({ worker, task });
    retries.begin({ worker, task });
  }
  return ({ info: { activityType: task, attempt } }) => ({
    inbound: {
      async execute(input, next) {
        const startedAt = performance.now();
        if (attempt > 1) retries.add({ worker, task });
        try {
          return await next(input);
        } finally {
          processing.observe({ worker, task }, (performance.now() - startedAt) / 1_000);
        }
      },
    },
  });
}
