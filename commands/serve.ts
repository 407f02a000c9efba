/**
 * `node commands/serve.ts`: the API, every worker and the sweep in one process, as the embedded stack runs them by default.
 * DISPATCH=local needs this process: its workflow worker has every database and shares its connection with the client.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { NativeConnection } from '@temporalio/worker';
import { startApi } from '../api/server.ts';
import { createBatchLegsReader, createBatchTransferActivities } from '../activities/transfer/batch.ts';
import { createBatchWalletActivities } from '../activities/wallet/batch.ts';
import { createGroupLegsReader, createGroupTransferActivities } from '../activities/transfer/group.ts';
import { createGroupWalletActivities } from '../activities/wallet/group.ts';
import { createTransferGroupAtOnce, type TransferGroupAtOnceActivities } from '../activities/transfer-group-at-once.ts';
import { createReconciliationActivities } from '../activities/transfer/reconciliation.ts';
import { createRecurringActivities } from '../activities/transfer/recurring.ts';
import { createTransferActivities } from '../activities/transfer/transfer.ts';
import { createTransferAtOnce, type TransferAtOnceActivities } from '../activities/transfer-at-once.ts';
import { createShardTurns } from '../activities/wallet/turns.ts';
import { createWalletActivities, type WalletActivities } from '../activities/wallet/wallet.ts';
import { requireSettings, type Settings } from '../process/config.ts';
import { API_POOL } from '../api/databases.ts';
import { closeDatabases, watchPools, type Database } from '../db/database.ts';
import { guardInstallation, installationOf } from '../db/installation.ts';
import { InstallationError } from '../domain/installation.ts';
import { openTransferDatabase } from '../db/service-databases.ts';
import { isStillOpen } from '../db/transfer/open-movement.ts';
import type { Transfer } from '../db/transfer/queries.ts';
import type { Transaction } from '../db/transfer/transaction-queries.ts';
import { ledgerOf } from '../db/wallet/ledger.ts';
import { shardOf } from '../domain/routing.ts';
import type { MovementCounts } from '../domain/transfer/movement-counts.ts';
import { runService, type RunningService } from '../process/run-service.ts';
import { countsOf } from '../process/metrics.ts';
import type { MetricsServer } from '../process/metrics-server.ts';
import type { Logger } from '../process/telemetry.ts';
import { tasksWaiting } from '../temporal/backlog.ts';
import { connectClient, connectWorker, createClient } from '../temporal/connection.ts';
import { movementWorkflows } from '../temporal/transfer/movement-workflows.ts';
import { recurringSchedules } from '../temporal/transfer/tend-recurring.ts';
import { createMovementNotifier, type MovementNotifier } from '../temporal/movement-notifier.ts';
import { bindNamespace, type NamespaceBinding } from '../temporal/namespace-binding.ts';
import { startTransfer, type MovementStarter } from '../temporal/transfer/start-movement.ts';
import { transactionWorkflowId, transferWorkflowId } from '../workflows/transfer/messages.ts';
import { coreMetrics } from '../workers/core-metrics.ts';
import { startEventsWorker, type EventsWorker } from '../workers/events/main.ts';
import { startTransferCollector } from '../workers/transfer/collect.ts';
import { startSweep } from '../workers/transfer/sweep.ts';
import { startTransferWorker, TRANSFER_POOL } from '../workers/transfer/main.ts';
import { openWalletDatabase, startWalletWorker } from '../workers/wallet/main.ts';
import { watchShards } from '../workers/transfer/watch-shards.ts';
import { serveOrders } from './serve-orders.ts';
import { installTemporalRuntime } from '../workers/worker.ts';

const RECONNECT_MS = 1_000;

type Wrap = (activities: WalletActivities) => WalletActivities;

interface Notifiers {
  readonly transfers: MovementNotifier<Transfer>;
  readonly transactions: MovementNotifier<Transaction>;
}

/** Has the relay look into the outbox of these databases when a connection has been used: what was written there, is. */
function wakeWhenWritten({ wake }: EventsWorker, outbox: string, databases: readonly Database[]): void {
  for (const { $client } of databases) $client.on('release', () => wake(outbox));
}

/** `wrap` lets the demo and the tests put faults around the wallet activities. */
export async function startEverything(
  settings: Settings,
  logger: Logger,
  wrap: Wrap = (activities) => activities,
  served?: MetricsServer,
): Promise<RunningService> {
  const metrics = served?.metrics;
  const counts = countsOf(metrics);
  const walletShardCount = requireSettings(settings, 'WALLET_DATABASE_URLS').WALLET_DATABASE_URLS.length;
  const guard = guardInstallation();
  const shards: Database[] = Array.from({ length: walletShardCount }, (_, shard) =>
    openWalletDatabase(settings, shard, guard),
  );
  const database = openTransferDatabase(settings, guard, TRANSFER_POOL);
  const apiDatabase = openTransferDatabase(settings, guard, API_POOL);
  let wakeStreams = (): void => {};
  const events = startEventsWorker(settings, logger, guard, { appended: () => wakeStreams(), metrics });
  watchPools(metrics, [database, ...shards]);
  installTemporalRuntime(logger, await coreMetrics(served));

  // The API has a connection of its own, which can be made while no server is up, and on which a call can be given up.
  const connection = connectClient(settings);
  const client = createClient(connection, settings);
  const binding = bindNamespace(client, () => installationOf(guard, database));
  const starter: { -readonly [Name in keyof MovementStarter]: MovementStarter[Name] } = {
    client,
    binding,
    isStillOpen: (workflowId) => isStillOpen(database, workflowId),
    walletShardCount,
    dispatch: 'ordinary',
  };
  const orders = serveOrders(settings, guard, starter, metrics);
  wakeWhenWritten(events, 'transfer', [database, apiDatabase]);
  for (const [shard, each] of shards.entries()) wakeWhenWritten(events, `wallet-${shard}`, [each]);
  for (const [outbox, each] of Object.entries(orders?.databases ?? {})) wakeWhenWritten(events, outbox, [each]);
  const notifiers: Notifiers = {
    transfers: createMovementNotifier<Transfer>(),
    transactions: createMovementNotifier<Transaction>(),
  };
  const api = await startApi(settings, logger, {
    ...{ starter, guard, notifiers, metrics, servedOrders: orders },
    database: apiDatabase,
  });
  ({ wakeStreams } = api);
  const stopping = new AbortController();
  const workers = startWorkers();

  return {
    failed: workers.then(({ failed }) => failed!),
    async stop() {
      stopping.abort();
      // The API stops first: requests that wait for a movement are answered while the workers still finish it.
      await api.stop();
      await workers.then((running) => running.stop());
      await events.stop();
      await connection.close();
      await Promise.all([closeDatabases([database, apiDatabase, ...shards]), orders?.close()]);
    },
  };

  /** Starts the workers after the API, once Temporal is there. */
  async function startWorkers(): Promise<RunningService> {
    const workerConnection = await connectWhenThere(settings, binding, stopping.signal, logger);
    if (workerConnection === undefined) return { failed: new Promise<never>(() => {}), stop: async () => {} };
    const wallet = walletActivities(shards, database, wrap);
    const deadlineSeconds = settings.TRANSFER_DEADLINE_SECONDS;
    const transfer = transferActivities({ database, starter, notifiers, deadlineSeconds, counts });
    const ledger = ledgerOf(shards);
    const reconciliation = createReconciliationActivities({
      database,
      ledger,
      workflows: { ...movementWorkflows(starter), ...recurringSchedules(starter, database) },
    });
    const context = { connection: workerConnection, binding, settings, logger, metrics };
    const running = await Promise.all([
      startTransferWorker(context, {
        ...transfer,
        ...reconciliation,
        ...(settings.DISPATCH === 'local' ? { ...wallet, ...activitiesAtOnce({ ...wallet, ...transfer }) } : {}),
      }),
      ...shards.map((_, shard) => startWalletWorker(context, shard, wallet)),
      ...(orders === undefined ? [] : [orders.start(context, api.url)]),
    ]);
    // An eager start needs the worker's connection.
    starter.client = createClient(workerConnection, settings);
    starter.isEager = true;
    starter.dispatch = settings.DISPATCH;
    const sweep = startSweep({ database, starter, counts, logger });
    const watch = watchShards({ database, ledger, starter, logger });
    const collector =
      metrics && startTransferCollector({ metrics, settings, guard, ledger, waiting: tasksWaiting(client), logger });
    return {
      failed: Promise.race(running.map(({ failed }) => failed!)),
      async stop() {
        await Promise.all([sweep.stop(), watch.stop(), collector?.stop(), ...running.map((worker) => worker.stop())]);
        await workerConnection.close();
      },
    };
  }
}

/** The workers' connection, once Temporal's namespace is the installation's own; undefined if the process is stopped before. */
async function connectWhenThere(
  settings: Settings,
  binding: NamespaceBinding,
  stopping: AbortSignal,
  logger: Logger,
): Promise<NativeConnection | undefined> {
  while (!stopping.aborted) {
    try {
      const connection = await connectWorker(settings);
      await binding.verify();
      return connection;
    } catch (error) {
      if (error instanceof InstallationError) throw error;
      logger.warn({ err: error }, 'Temporal is not there: the workers wait for it');
      await sleep(RECONNECT_MS, undefined, { signal: stopping }).catch(() => {});
    }
  }
  return undefined;
}

function walletActivities(shards: readonly Database[], database: Database, wrap: Wrap) {
  const turnsOf = createShardTurns();
  const databaseOf = (shard: number): Database => shards[shard]!;
  return {
    ...wrap(createWalletActivities((walletId) => databaseOf(shardOf(walletId, shards.length)), turnsOf)),
    ...createBatchWalletActivities(databaseOf, createBatchLegsReader(database), turnsOf),
    ...createGroupWalletActivities(databaseOf, createGroupLegsReader(database), turnsOf),
  };
}

function transferActivities({
  database,
  starter,
  notifiers,
  deadlineSeconds,
  counts,
}: {
  database: Database;
  starter: MovementStarter;
  notifiers: Notifiers;
  deadlineSeconds: number;
  counts: MovementCounts;
}) {
  const start = (transfer: Transfer): Promise<void> => startTransfer(starter, transfer);
  const tell = (transfer: Transfer): void =>
    notifiers.transfers.tell(transferWorkflowId(transfer.transferId), transfer);
  return {
    ...createTransferActivities(
      database,
      (movement) =>
        'transferId' in movement
          ? tell(movement)
          : notifiers.transactions.tell(transactionWorkflowId(movement.transactionId), movement),
      counts,
    ),
    ...createBatchTransferActivities(database, counts),
    ...createGroupTransferActivities({ database, start, tell, counts }),
    ...createRecurringActivities({
      ...{ database, start, deadlineSeconds, counts },
      walletShardCount: starter.walletShardCount,
    }),
  };
}

function activitiesAtOnce(
  activities: ReturnType<typeof walletActivities> & ReturnType<typeof transferActivities>,
): TransferAtOnceActivities & TransferGroupAtOnceActivities {
  return { ...createTransferAtOnce(activities), ...createTransferGroupAtOnce(activities) };
}

if (import.meta.main)
  await runService('app', (settings, logger, metrics) => startEverything(settings, logger, undefined, metrics));
