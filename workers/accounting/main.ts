/**
 * The accounting worker: the service's activities on its task queue.
 * `node workers/accounting/main.ts` runs it as a process of its own.
 */
import { createAccountingActivities } from '../../activities/accounting/accounting.ts';
import type { Settings } from '../../process/config.ts';
import type { Database } from '../../db/database.ts';
import type { InstallationGuard } from '../../db/installation.ts';
import { openOrderServiceDatabase } from '../../db/service-databases.ts';
import type { RunningService } from '../../process/run-service.ts';
import { ACCOUNTING_TASK_QUEUE } from '../../workflows/accounting/messages.ts';
import { runActivityWorker } from '../activity-worker.ts';
import { ACTIVITY_QUERY_TIMEOUT_MS, startWorker, type WorkerContext } from '../worker.ts';

export function startAccountingWorker(context: WorkerContext, database: Database): Promise<RunningService> {
  return startWorker(context, { taskQueue: ACCOUNTING_TASK_QUEUE, activities: createAccountingActivities(database) });
}

/** The database as the activities use it. */
export function openAccountingDatabase(settings: Settings, guard: InstallationGuard): Database {
  return openOrderServiceDatabase('accounting', settings, guard, {
    applicationName: 'counterpoise-accounting',
    queryTimeoutMs: ACTIVITY_QUERY_TIMEOUT_MS,
  });
}

if (import.meta.main)
  await runActivityWorker({ name: 'worker-accounting', open: openAccountingDatabase, start: startAccountingWorker });
