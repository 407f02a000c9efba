/** A worker that has activities alone, over one database, as a process of its own: from its connections to their end. */
import { closeDatabases, watchPools, type Database } from '../db/database.ts';
import { guardInstallation, installationOf, type InstallationGuard } from '../db/installation.ts';
import type { Settings } from '../process/config.ts';
import { runService, type RunningService } from '../process/run-service.ts';
import { connectWorker, createClient } from '../temporal/connection.ts';
import { bindNamespace } from '../temporal/namespace-binding.ts';
import { coreMetrics } from './core-metrics.ts';
import { installTemporalRuntime, type WorkerContext } from './worker.ts';

export interface ActivityWorker {
  /** The process's name, as logs and stack.json have it. */
  readonly name: string;
  readonly open: (settings: Settings, guard: InstallationGuard) => Database;
  readonly start: (context: WorkerContext, database: Database) => Promise<RunningService>;
}

export function runActivityWorker({ name, open, start }: ActivityWorker): Promise<void> {
  return runService(name, async (settings, logger, served) => {
    const guard = guardInstallation();
    const database = open(settings, guard);
    installTemporalRuntime(logger, await coreMetrics(served));
    const connection = await connectWorker(settings);
    const binding = bindNamespace(createClient(connection, settings), () => installationOf(guard, database));
    const metrics = served?.metrics;
    watchPools(metrics, [database]);
    const worker = await start({ connection, binding, settings, logger, metrics }, database);
    return {
      ...worker,
      stop: async () => {
        await worker.stop();
        await connection.close();
        await closeDatabases([database]);
      },
    };
  });
}
