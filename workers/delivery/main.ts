/**
 * The delivery worker: the service's activities on its task queue.
 * `node workers/delivery/main.ts` runs it as a process of its own.
 */
import { createDeliveryActivities } from '../../activities/delivery/delivery.ts';
import type { Settings } from '../../process/config.ts';
import type { Database } from '../../db/database.ts';
import type { InstallationGuard } from '../../db/installation.ts';
import { openOrderServiceDatabase } from '../../db/service-databases.ts';
import type { RunningService } from '../../process/run-service.ts';
import { DELIVERY_TASK_QUEUE } from '../../workflows/delivery/messages.ts';
import { runActivityWorker } from '../activity-worker.ts';
import { ACTIVITY_QUERY_TIMEOUT_MS, startWorker, type WorkerContext } from '../worker.ts';

export function startDeliveryWorker(context: WorkerContext, database: Database): Promise<RunningService> {
  return startWorker(context, { taskQueue: DELIVERY_TASK_QUEUE, activities: createDeliveryActivities(database) });
}

/** The database as the activities use it. */
export function openDeliveryDatabase(settings: Settings, guard: InstallationGuard): Database {
  return openOrderServiceDatabase('delivery', settings, guard, {
    applicationName: 'counterpoise-delivery',
    queryTimeoutMs: ACTIVITY_QUERY_TIMEOUT_MS,
  });
}

if (import.meta.main)
  await runActivityWorker({ name: 'worker-delivery', open: openDeliveryDatabase, start: startDeliveryWorker });
