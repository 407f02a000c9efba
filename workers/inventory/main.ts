/**
 * The inventory worker: the service's activities on its task queue.
 * `node workers/inventory/main.ts` runs it as a process of its own.
 */
import { createInventoryActivities } from '../../activities/inventory/inventory.ts';
import type { Settings } from '../../process/config.ts';
import type { Database } from '../../db/database.ts';
import type { InstallationGuard } from '../../db/installation.ts';
import { openOrderServiceDatabase } from '../../db/service-databases.ts';
import type { RunningService } from '../../process/run-service.ts';
import { INVENTORY_TASK_QUEUE } from '../../workflows/inventory/messages.ts';
import { runActivityWorker } from '../activity-worker.ts';
import { ACTIVITY_QUERY_TIMEOUT_MS, startWorker, type WorkerContext } from '../worker.ts';

export function startInventoryWorker(context: WorkerContext, database: Database): Promise<RunningService> {
  return startWorker(context, { taskQueue: INVENTORY_TASK_QUEUE, activities: createInventoryActivities(database) });
}

/** The database as the activities use it. */
export function openInventoryDatabase(settings: Settings, guard: InstallationGuard): Database {
  return openOrderServiceDatabase('inventory', settings, guard, {
    applicationName: 'counterpoise-inventory',
    queryTimeoutMs: ACTIVITY_QUERY_TIMEOUT_MS,
  });
}

if (import.meta.main)
  await runActivityWorker({ name: 'worker-inventory', open: openInventoryDatabase, start: startInventoryWorker });
