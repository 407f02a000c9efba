/**
 * The transfer API as a running service: its databases, its watch on Temporal, its server. Where WALLET_API_URL is set it
 * hands wallet paths on to there, otherwise it answers them from the shards. `node api/server.ts` runs it as a process of
 * its own; commands/serve.ts together with the workers.
 */
import { walletShardCount, type Settings } from '../config.ts';
import { closeDatabases } from '../db/database.ts';
import type { Transaction } from '../db/transfer/transaction-queries.ts';
import type { Transfer } from '../db/transfer/queries.ts';
import { runService, type RunningService } from '../run-service.ts';
import type { Logger } from '../telemetry.ts';
import { connectClient, createClient } from '../temporal/connection.ts';
import type { MovementStarter } from '../temporal/start-movement.ts';
import { watchBacklog } from '../temporal/backlog.ts';
import { monitorTemporal } from '../temporal/health.ts';
import type { MovementNews } from '../temporal/movement-news.ts';
import { boundStarts } from './acceptance.ts';
import { createApp, type WalletAccess } from './app.ts';
import { loadBounds } from './base-app.ts';
import { openBatchDatabase, openShards, openTransferDatabase } from './databases.ts';
import { databaseCheck, temporalChecks, walletApiCheck, walletShardChecks, watchReadiness } from './readiness.ts';
import { serveHttp } from './serve-http.ts';

const PORT_DEFAULT = 3000;

/**
 * The starter is the caller's, who closes its connection after this has stopped, and who may let later starts take another
 * client. Every other call takes the client that it has now, on which calls can be given up.
 */
export async function startApi(
  settings: Settings,
  logger: Logger,
  starter: MovementStarter,
  news?: MovementNews<Transfer | Transaction>,
): Promise<RunningService> {
  const { client, walletShardCount: shardCount } = starter;
  const database = openTransferDatabase(settings);
  const batchDatabase = openBatchDatabase(settings);
  const wallets: WalletAccess =
    settings.WALLET_API_URL === undefined
      ? { shards: openShards(settings) }
      : { walletApiUrl: settings.WALLET_API_URL };
  const monitor = monitorTemporal(client, logger);
  const backlog = watchBacklog(client, logger);
  const draining = new AbortController();

  const app = createApp({
    log: logger,
    hosts: settings.HOSTS ?? [],
    bounds: loadBounds(settings.REQUESTS_MAX),
    database,
    batchDatabase,
    wallets,
    starter,
    acceptance: {
      client,
      monitor,
      backlog,
      starts: boundStarts(client, monitor),
      news,
      draining: draining.signal,
    },
    deadlineSeconds: settings.TRANSFER_DEADLINE_SECONDS,
    readiness: watchReadiness(
      {
        'transfer-database': databaseCheck(database),
        ...('shards' in wallets
          ? walletShardChecks(wallets.shards)
          : { 'wallet-api': walletApiCheck(wallets.walletApiUrl) }),
        ...temporalChecks(client, shardCount),
      },
      logger,
    ),
  });
  const server = await serveHttp({
    fetch: app.fetch,
    host: settings.HOST,
    port: settings.PORT ?? PORT_DEFAULT,
    draining,
  });
  logger.info({ url: server.url }, 'the API listens');
  return {
    async stop() {
      await server.stop();
      monitor.stop();
      backlog.stop();
      await closeDatabases([database, batchDatabase, ...('shards' in wallets ? wallets.shards : [])]);
    },
  };
}

async function start(settings: Settings, logger: Logger): Promise<RunningService> {
  const connection = connectClient(settings);
  const starter = {
    client: createClient(connection, settings),
    walletShardCount: walletShardCount(settings),
    dispatch: settings.DISPATCH,
  };
  const api = await startApi(settings, logger, starter);
  return {
    async stop() {
      await api.stop();
      await connection.close();
    },
  };
}

if (import.meta.main) await runService('api', start);
