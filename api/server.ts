/**
 * The transfer API as a running service: its databases, its watch on Temporal, its server. If WALLET_API_URL is set, it forwards
 * wallet paths to that address; otherwise it answers them from the shards. `node api/server.ts` runs it as a process of its own;
 * commands/serve.ts runs it together with the workers.
 */
import { walletShardCount, type Settings } from '../process/config.ts';
import { closeDatabases, watchPools, type Database } from '../db/database.ts';
import { guardInstallation, installationOf, type InstallationGuard } from '../db/installation.ts';
import { openEventsDatabase, openTransferDatabase } from '../db/service-databases.ts';
import { isStillOpen } from '../db/transfer/open-movement.ts';
import { runService, type RunningService } from '../process/run-service.ts';
import { countsOf, type Metrics } from '../process/metrics.ts';
import type { MetricsServer } from '../process/metrics-server.ts';
import type { Logger } from '../process/telemetry.ts';
import { connectClient, createClient } from '../temporal/connection.ts';
import { bindNamespace } from '../temporal/namespace-binding.ts';
import type { MovementStarter } from '../temporal/transfer/start-movement.ts';
import { watchBacklog } from '../temporal/backlog.ts';
import { monitorTemporal, type TemporalMonitor } from '../temporal/health.ts';
import type { MovementNotifiers } from './transfer/acceptance.ts';
import { doorsOf } from '../process/doors.ts';
import { boundStarts } from './http/bound-starts.ts';
import { createGroupLine } from './transfer/group-line.ts';
import { createApp, type WalletAccess } from './app.ts';
import { temporalUiOf } from './console/temporal-ui.ts';
import { payloadDecoding } from './payload-decoding.ts';
import { webhookTools } from './webhook-tools.ts';
import { loadBounds } from './http/base-app.ts';
import { beginCounting } from './http/count-requests.ts';
import { API_POOL, BATCH_POOL, EVENTS_POOL, openShards } from './databases.ts';
import { openAccess, type OpenAccess } from './open-access.ts';
import { openOrders, type ServedOrders } from './open-orders.ts';
import {
  accessChecks,
  eventsReadiness,
  temporalChecks,
  transferDatabaseCheck,
  walletApiCheck,
  walletShardChecks,
  watchReadiness,
} from './readiness.ts';
import { createEventStreams, type EventStreams } from './events/event-streams.ts';
import { serveInternal } from './internal-listener.ts';
import { batchLegsRoute } from './transfer/batch-legs.ts';
import { groupLegsRoute } from './transfer/group-legs.ts';
import { serveHttp } from './http/serve-http.ts';
import { watchShardsBehind } from './transfer/shards-behind.ts';

const PORT_DEFAULT = 3000;

/** The resources of the caller, who closes them after the API has stopped. */
export interface ApiContext {
  /**
   * The caller may give it another client for later starts; all other calls use its present client, on which a call can be given
   * up.
   */
  readonly starter: MovementStarter;
  /** The transfer service's database. */
  readonly database: Database;
  readonly guard: InstallationGuard;
  readonly notifiers?: MovementNotifiers;
  readonly metrics?: Metrics | undefined;
  /** Of orders whose worker runs in this process. */
  readonly servedOrders?: ServedOrders | undefined;
}

export interface RunningApi extends RunningService {
  readonly url: string;
  /** Says that the event log may have something new. */
  readonly wakeStreams: () => void;
}

export async function startApi(
  settings: Settings,
  logger: Logger,
  { starter, database, guard, notifiers, metrics, servedOrders }: ApiContext,
): Promise<RunningApi> {
  const tls = doorsOf(settings);
  const { client, binding } = starter;
  const batchDatabase = openTransferDatabase(settings, guard, BATCH_POOL);
  const eventsDatabase = openEventsDatabase(settings, guard, EVENTS_POOL);
  const wallets = openWallets(settings, guard);
  const access = openAccess(settings, guard, logger);
  const monitor = monitorTemporal(() => binding.verify(), logger);
  const backlog = watchBacklog(client, logger);
  const shardsBehind = watchShardsBehind(database, logger);
  const draining = new AbortController();

  const surroundings = { starter, servedOrders, monitor, draining: draining.signal, logger, metrics };
  const orders = openOrders(settings, guard, surroundings);
  const eventStreams = openEventStreams(settings, eventsDatabase, logger, draining.signal);
  const groupMax = settings.GROUP_MAX;
  const lineDeps = { database, client, starter, monitor, log: logger, groupMax, draining: draining.signal };
  const app = createApp({
    ...{ log: logger, metrics, database, batchDatabase, eventsDatabase, eventStreams },
    hosts: settings.HOSTS ?? [],
    authentication: access.authentication,
    proxies: settings.TRUSTED_PROXIES,
    accessDatabase: access.database,
    ...{ decoding: payloadDecoding(settings), temporalUi: temporalUiOf(settings) },
    bounds: loadBounds(settings.REQUESTS_MAX),
    installation: () => installationOf(guard, database),
    webhooks: webhookTools(settings),
    wallets,
    starter,
    acceptance: {
      client,
      monitor,
      backlog,
      shardsBehind,
      starts: boundStarts(client, monitor),
      groups: groupMax === 1 ? undefined : createGroupLine(lineDeps),
      notifiers,
      counts: countsOf(metrics),
      draining: draining.signal,
    },
    deadlineSeconds: settings.TRANSFER_DEADLINE_SECONDS,
    amountPrecision: settings.AMOUNT_PRECISION,
    readiness: movementReadiness({ database, wallets, access, starter, monitor, logger }),
    eventsReadiness: eventsReadiness(eventsDatabase, logger),
    orders,
  });
  beginCounting(metrics, app);
  const shards = 'shards' in wallets ? wallets.shards : [];
  const own = [batchDatabase, eventsDatabase, ...shards, ...(orders?.databases ?? []), ...listed(access.database)];
  watchPools(metrics, [database, ...own]);
  const { HOST: host, PORT: port = PORT_DEFAULT, REUSE_PORT: reuse } = settings;
  const server = await serveHttp({ fetch: app.fetch, host, port, reusePort: reuse === 'on', draining, tls });
  logger.info({ url: server.url }, 'the API listens');
  return {
    url: server.url,
    wakeStreams: eventStreams.wake,
    async stop() {
      await server.stop();
      monitor.stop();
      backlog.stop();
      shardsBehind.stop();
      access.stop();
      await closeDatabases(own);
    },
  };
}

/** The shards, or the wallet API where that is a process of its own. */
function openWallets(settings: Settings, guard: InstallationGuard): WalletAccess {
  const { WALLET_API_URL: walletApiUrl, WALLET_API_KEY: walletApiKey } = settings;
  return walletApiUrl === undefined ? { shards: openShards(settings, guard) } : { walletApiUrl, walletApiKey };
}

/** Whether a movement would go through. */
function movementReadiness({
  database,
  wallets,
  access,
  starter: { client, binding, walletShardCount: shardCount },
  monitor,
  logger,
}: Pick<ApiContext, 'database' | 'starter'> & {
  wallets: WalletAccess;
  access: OpenAccess;
  monitor: TemporalMonitor;
  logger: Logger;
}) {
  const walletChecks =
    'shards' in wallets ? walletShardChecks(wallets.shards) : { 'wallet-api': walletApiCheck(wallets.walletApiUrl) };
  return watchReadiness(
    {
      'transfer-database': transferDatabaseCheck(database),
      ...walletChecks,
      ...accessChecks(access),
      ...temporalChecks(client, binding, monitor, shardCount),
    },
    logger,
  );
}

function listed(database: Database | undefined): Database[] {
  return database === undefined ? [] : [database];
}

function openEventStreams(settings: Settings, database: Database, logger: Logger, draining: AbortSignal): EventStreams {
  return createEventStreams({ database, streamsMax: settings.EVENT_STREAMS_MAX, logger, draining });
}

async function start(settings: Settings, logger: Logger, metrics?: MetricsServer): Promise<RunningService> {
  const guard = guardInstallation();
  const database = openTransferDatabase(settings, guard, API_POOL);
  const connection = connectClient(settings);
  const client = createClient(connection, settings);
  const starter = {
    client,
    binding: bindNamespace(client, () => installationOf(guard, database)),
    isStillOpen: (workflowId: string) => isStillOpen(database, workflowId),
    walletShardCount: walletShardCount(settings),
    dispatch: settings.DISPATCH,
  };
  const api = await startApi(settings, logger, { starter, database, guard, metrics: metrics?.metrics });
  // Only here: in one process with the workers, nobody asks by HTTP.
  const internal = await serveInternal(
    settings,
    {
      log: logger,
      hosts: settings.HOSTS ?? [],
      bounds: loadBounds(settings.REQUESTS_MAX),
      metrics: metrics?.metrics,
      installation: () => installationOf(guard, database),
    },
    [batchLegsRoute(database), groupLegsRoute(database)],
    logger,
  );
  return {
    async stop() {
      await Promise.all([api.stop(), internal?.stop()]);
      await connection.close();
      await closeDatabases([database]);
    },
  };
}

if (import.meta.main) await runService('api', start);
