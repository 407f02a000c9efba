/**
 * The accounting worker: the service's activities on its task queue.
 * `node workers/accounting/main.ts` runs it as a process of its own.
 */
import { createAccountingActivities } from '../../activities/accounting/accounting.ts';
import type { Settings } from '../../process/config.ts';
import { closeDatabases, watchPools, type Database } from '../../db/database.ts';
import { guardInstallation, installationOf, type InstallationGuard } from '../../db/installation.ts';
import { openOrderServiceDatabase } from '../../db/service-databases.ts';
import { runService, type RunningService } from '../../process/run-service.ts';
import { connectWorker, createClient } from '../../temporal/connection.ts';
import { bindNamespace } from '../../temporal/namespace-binding.ts';
import type { MetricsServer } from '../../process/metrics-server.ts';
import type { Logger } from '../../process/telemetry.ts';
import { ACCOUNTING_TASK_QUEUE } from '../../workflows/accounting/messages.ts';
import { coreMetrics } from '../core-metrics.ts';
import { ACTIVITY_QUERY_TIMEOUT_MS, installTemporalRuntime, startWorker, type WorkerContext } from '../worker.ts';

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

async function start(settings: Settings, logger: Logger, served?: MetricsServer): Promise<RunningService> {
  const guard = guardInstallation();
  const database = openAccountingDatabase(settings, guard);
  installTemporalRuntime(logger, await coreMetrics(served));
  const connection = await connectWorker(settings);
  const binding = bindNamespace(createClient(connection, settings), () => installationOf(guard, database));
  const metrics = served?.metrics;
  watchPools(metrics, [database]);
  const worker = await startAccountingWorker({ connection, binding, settings, logger, metrics }, database);
  return {
    ...worker,
    stop: async () => {
      await worker.stop();
      await connection.close();
      await closeDatabases([database]);
    },
  };
}

if (import.meta.main) await runService('worker-accounting', start);
