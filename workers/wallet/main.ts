/**
 * The wallet worker: a shard's activities on the shard's task queue.
 * `node workers/wallet/main.ts` runs it as a process of its own, for the shard that WALLET_SHARD names.
 */
import { createBatchWalletActivities, type BatchWalletActivities } from '../../activities/wallet/batch.ts';
import { createWalletActivities, type WalletActivities } from '../../activities/wallet/wallet.ts';
import { requireSettings, SettingsError, type Settings } from '../../process/config.ts';
import { closeDatabases, openDatabase, type Database } from '../../db/database.ts';
import { guardInstallation, installationOf, type InstallationGuard } from '../../db/installation.ts';
import { walletTaskQueue } from '../../domain/routing.ts';
import { runService, type RunningService } from '../../process/run-service.ts';
import { connectWorker, createClient } from '../../temporal/connection.ts';
import { bindNamespace } from '../../temporal/namespace-binding.ts';
import type { Logger } from '../../process/telemetry.ts';
import { fetchBatchLegs } from './batch-legs.ts';
import { installTemporalRuntime, startWorker, type WorkerContext } from '../worker.ts';

export function startWalletWorker(
  context: WorkerContext,
  shard: number,
  activities: WalletActivities & BatchWalletActivities,
): Promise<RunningService> {
  return startWorker(context, { taskQueue: walletTaskQueue(shard), activities });
}

/** A shard's database as the activities use it. */
export function openWalletDatabase(settings: Settings, shard: number, guard: InstallationGuard): Database {
  const { WALLET_DATABASE_URLS: urls } = requireSettings(settings, 'WALLET_DATABASE_URLS');
  const url = urls[shard];
  if (url === undefined)
    throw new SettingsError(`WALLET_SHARD is ${shard}, but WALLET_DATABASE_URLS lists ${urls.length}`);
  return openDatabase(url, {
    applicationName: `counterpoise-wallet-${shard}`,
    connectionsMax: settings.DATABASE_CONNECTIONS,
    queryTimeoutMs: 4_500,
    admit: guard.admit('wallet'),
  });
}

async function start(settings: Settings, logger: Logger): Promise<RunningService> {
  const { WALLET_SHARD: shard, TRANSFER_API_URL } = requireSettings(settings, 'WALLET_SHARD', 'TRANSFER_API_URL');
  const guard = guardInstallation();
  const database = openWalletDatabase(settings, shard, guard);
  installTemporalRuntime(logger);
  const connection = await connectWorker(settings);
  const installation = () => installationOf(guard, database);
  const binding = bindNamespace(createClient(connection, settings), installation);
  const worker = await startWalletWorker({ connection, binding, settings, logger }, shard, {
    ...createWalletActivities(() => database),
    ...createBatchWalletActivities(() => database, fetchBatchLegs(TRANSFER_API_URL, installation)),
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
