/**
 * The transfer API as a running service: its databases, its watch on Temporal, its server. Where WALLET_API_URL is set it
 * hands wallet paths on to there, otherwise it answers them from the shards. `node api/server.ts` runs it as a process of
 * its own; commands/serve.ts together with the workers.
 */
import type { Client } from '@temporalio/client';
import { walletShardCount, type Settings } from '../config.ts';
import { runService, type RunningService } from '../run-service.ts';
import type { Logger } from '../telemetry.ts';
import { connectClient, createClient } from '../temporal/connection.ts';
import { monitorTemporal } from '../temporal/health.ts';
import { boundStarts } from './acceptance.ts';
import { createApp, type WalletAccess } from './app.ts';
import { loadBounds } from './base-app.ts';
import { closeDatabases, openShards, openTransferDatabase } from './databases.ts';
import { databaseCheck, temporalChecks, walletApiCheck, walletShardChecks, watchReadiness } from './readiness.ts';
import { serveHttp } from './serve-http.ts';

const PORT_DEFAULT = 3000;

/** The client is the caller's, who closes its connection after this has stopped. */
export async function startApi(settings: Settings, logger: Logger, client: Client): Promise<RunningService> {
  const database = openTransferDatabase(settings);
  const wallets: WalletAccess = settings.WALLET_API_URL === undefined ? { shards: openShards(settings) } : { walletApiUrl: settings.WALLET_API_URL };
  const shardCount = walletShardCount(settings);
  const monitor = monitorTemporal(client, logger);
  const draining = new AbortController();

  const app = createApp({
    log: logger,
    bounds: loadBounds(settings.REQUESTS_MAX),
    database,
    wallets,
    starter: { client, walletShardCount: shardCount, dispatch: settings.DISPATCH },
    acceptance: { client, monitor, starts: boundStarts(client, monitor), draining: draining.signal },
    deadlineSeconds: settings.TRANSFER_DEADLINE_SECONDS,
    readiness: watchReadiness(
      {
        'transfer-database': databaseCheck(database),
        ...('shards' in wallets ? walletShardChecks(wallets.shards) : { 'wallet-api': walletApiCheck(wallets.walletApiUrl) }),
        ...temporalChecks(client, shardCount),
      },
      logger,
    ),
  });
  const server = await serveHttp({ fetch: app.fetch, host: settings.HOST, port: settings.PORT ?? PORT_DEFAULT, draining });
  logger.info({ url: server.url }, 'the API listens');
  return {
    async stop() {
      await server.stop();
      monitor.stop();
      await closeDatabases([database, ...('shards' in wallets ? wallets.shards : [])]);
    },
  };
}

async function start(settings: Settings, logger: Logger): Promise<RunningService> {
  const connection = connectClient(settings);
  const api = await startApi(settings, logger, createClient(connection, settings));
  return {
    async stop() {
      await api.stop();
      await connection.close();
    },
  };
}

if (import.meta.main) await runService('api', start);
