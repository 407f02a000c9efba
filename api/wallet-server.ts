/** The wallet API as a running service, if the services run as processes of their own: `node api/wallet-server.ts`. */
import type { Settings } from '../process/config.ts';
import { closeDatabases, watchPools } from '../db/database.ts';
import { guardInstallation, installationOf } from '../db/installation.ts';
import { runService, type RunningService } from '../process/run-service.ts';
import type { MetricsServer } from '../process/metrics-server.ts';
import type { Logger } from '../process/telemetry.ts';
import { loadBounds } from './http/base-app.ts';
import { beginCounting } from './http/count-requests.ts';
import { doorsOf } from '../process/doors.ts';
import { openShards } from './databases.ts';
import { openAccess } from './open-access.ts';
import { accessChecks, walletShardChecks, watchReadiness } from './readiness.ts';
import { serveHttp } from './http/serve-http.ts';
import { serveInternal } from './internal-listener.ts';
import { ledgerRoutes } from './wallet/ledger.ts';
import { createWalletApp } from './wallet-app.ts';

const PORT_DEFAULT = 3001;

async function start(settings: Settings, logger: Logger, metrics?: MetricsServer): Promise<RunningService> {
  const tls = doorsOf(settings);
  const guard = guardInstallation();
  const shards = openShards(settings, guard);
  const access = openAccess(settings, guard, logger);
  const base = {
    log: logger,
    hosts: settings.HOSTS ?? [],
    authentication: access.authentication,
    proxies: settings.TRUSTED_PROXIES,
    bounds: loadBounds(settings.REQUESTS_MAX),
    metrics: metrics?.metrics,
    installation: () => installationOf(guard, shards[0]!),
  };
  const app = createWalletApp({
    ...base,
    shards,
    readiness: watchReadiness({ ...walletShardChecks(shards), ...accessChecks(access) }, logger),
  });
  beginCounting(metrics?.metrics, app);
  watchPools(metrics?.metrics, shards);
  const server = await serveHttp({
    fetch: app.fetch,
    host: settings.HOST,
    port: settings.WALLET_API_PORT ?? PORT_DEFAULT,
    reusePort: settings.REUSE_PORT === 'on',
    tls,
  });
  const internal = await serveInternal(settings, base, [ledgerRoutes(shards)], logger);
  logger.info({ url: server.url }, 'the wallet API listens');
  return {
    async stop() {
      await Promise.all([server.stop(), internal?.stop()]);
      access.stop();
      await closeDatabases(access.database === undefined ? shards : [...shards, access.database]);
    },
  };
}

if (import.meta.main) await runService('wallet-api', start);
