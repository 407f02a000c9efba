/**
 * The wallet worker: a shard's activities on the shard's task queue.
 * `node workers/wallet/main.ts` runs it as a process of its own, for the shard that WALLET_SHARD names.
 */
import { createBatchWalletActivities, type BatchWalletActivities } from '../../activities/wallet/batch.ts';
import { createGroupWalletActivities, type GroupWalletActivities } from '../../activities/wallet/group.ts';
import { createShardTurns } from '../../activities/wallet/turns.ts';
import { createWalletActivities, type WalletActivities } from '../../activities/wallet/wallet.ts';
import { requireSettings, type Settings } from '../../process/config.ts';
import { closeDatabases, watchPools, type Database } from '../../db/database.ts';
import { guardInstallation, installationOf, type InstallationGuard } from '../../db/installation.ts';
import { openWalletShard } from '../../db/service-databases.ts';
import { walletTaskQueue } from '../../domain/routing.ts';
import { runService, type RunningService } from '../../process/run-service.ts';
import { connectWorker, createClient } from '../../temporal/connection.ts';
import { bindNamespace } from '../../temporal/namespace-binding.ts';
import type { MetricsServer } from '../../process/metrics-server.ts';
import type { Logger } from '../../process/telemetry.ts';
import { coreMetrics } from '../core-metrics.ts';
import { askInternal } from '../ask-internal.ts';
import { fetchBatchLegs } from './batch-legs.ts';
import { fetchGroupLegs } from './group-legs.ts';
import { ACTIVITY_QUERY_TIMEOUT_MS, installTemporalRuntime, startWorker, type WorkerContext } from '../worker.ts';

export function startWalletWorker(
  context: WorkerContext,
  shard: number,
  activities: WalletActivities & BatchWalletActivities & GroupWalletActivities,
): Promise<RunningService> {
  return startWorker(context, { taskQueue: walletTaskQueue(shard), activities });
}

/** A shard's database as the activities use it. */
export function openWalletDatabase(settings: Settings, shard: number, guard: InstallationGuard): Database {
  return openWalletShard(settings, shard, guard, {
    applicationName: `counterpoise-wallet-${shard}`,
    queryTimeoutMs: ACTIVITY_QUERY_TIMEOUT_MS,
  });
}

async function start(settings: Settings, logger: Logger, served?: MetricsServer): Promise<RunningService> {
  const { WALLET_SHARD: shard } = requireSettings(settings, 'WALLET_SHARD');
  const guard = guardInstallation();
  const database = openWalletDatabase(settings, shard, guard);
  installTemporalRuntime(logger, await coreMetrics(served));
  const connection = await connectWorker(settings);
  const installation = () => installationOf(guard, database);
  const binding = bindNamespace(createClient(connection, settings), installation);
  const ask = askInternal('TRANSFER', settings, installation);
  const turnsOf = createShardTurns();
  const metrics = served?.metrics;
  watchPools(metrics, [database]);
  const worker = await startWalletWorker({ connection, binding, settings, logger, metrics }, shard, {
    ...createWalletActivities(() => database, turnsOf),
    ...createBatchWalletActivities(() => database, fetchBatchLegs(ask), turnsOf),
    ...createGroupWalletActivities(() => database, fetchGroupLegs(ask), turnsOf),
  });
  return {
    ...worker,
    stop: async () => {
      await worker.stop();
      await connection.close();
      await closeDatabases([database]);
    },
  };
}

if (import.meta.main) await runService('worker-wallet', start);
