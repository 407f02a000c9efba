/**
 * `node commands/serve.ts`: the API, every worker and the sweep in one process, as the embedded stack runs them by default.
 * DISPATCH=local needs it: there the workflow's worker has every database and shares its connection with the client.
 */
import { startApi } from '../api/server.ts';
import { createTransferActivities } from '../activities/transfer.ts';
import { createWalletActivities, type WalletActivities } from '../activities/wallet.ts';
import { requireSettings, type Settings } from '../config.ts';
import type { Database } from '../db/database.ts';
import { shardOf } from '../domain/routing.ts';
import { runService, type RunningService } from '../run-service.ts';
import type { Logger } from '../telemetry.ts';
import { connectWorker, createClient } from '../temporal/connection.ts';
import { startSweep } from '../workers/sweep.ts';
import { openTransferDatabase, startTransferWorker } from '../workers/transfer.ts';
import { openWalletDatabase, startWalletWorker } from '../workers/wallet.ts';
import { installTemporalRuntime } from '../workers/worker.ts';

/** `wrap` lets the demo and the tests put faults around the wallet activities. */
export async function startEverything(
  settings: Settings,
  logger: Logger,
  wrap: (activities: WalletActivities) => WalletActivities = (activities) => activities,
): Promise<RunningService> {
  const walletShardCount = requireSettings(settings, 'WALLET_DATABASE_URLS').WALLET_DATABASE_URLS.length;
  const shards: Database[] = Array.from({ length: walletShardCount }, (_, shard) => openWalletDatabase(settings, shard));
  const database = openTransferDatabase(settings);
  const wallet = wrap(createWalletActivities((walletId) => shards[shardOf(walletId, walletShardCount)]!));
  const transfer = createTransferActivities(database);

  installTemporalRuntime(logger);
  const connection = await connectWorker(settings);
  const client = createClient(connection, settings);
  const context = { connection, settings, logger };
  const workers = await Promise.all([
    startTransferWorker(context, settings.DISPATCH === 'local' ? { ...transfer, ...wallet } : transfer),
    ...shards.map((_, shard) => startWalletWorker(context, shard, wallet)),
  ]);
  const sweep = startSweep({ database, starter: { client, walletShardCount, dispatch: settings.DISPATCH }, logger });
  const api = await startApi(settings, logger, client);

  return {
    failed: Promise.race(workers.map(({ failed }) => failed!)),
    async stop() {
      // The API first: whoever waits for a movement is answered while the workers still finish it.
      await api.stop();
      await Promise.all([sweep.stop(), ...workers.map((worker) => worker.stop())]);
      await connection.close();
      await Promise.all([database, ...shards].map((one) => one.$client.end()));
    },
  };
}

if (import.meta.main) await runService('app', (settings, logger) => startEverything(settings, logger));
