/**
 * The transfer worker: the workflows and the transfer service's activities, the sweep, and the watch over the shards.
 * `node workers/transfer/main.ts` runs it as a process of its own.
 */
import { createBatchTransferActivities, type BatchTransferActivities } from '../../activities/transfer/batch.ts';
import { createGroupTransferActivities, type GroupTransferActivities } from '../../activities/transfer/group.ts';
import type { BatchWalletActivities } from '../../activities/wallet/batch.ts';
import type { GroupWalletActivities } from '../../activities/wallet/group.ts';
import type { TransferGroupAtOnceActivities } from '../../activities/transfer-group-at-once.ts';
import {
  createReconciliationActivities,
  type ReconciliationActivities,
} from '../../activities/transfer/reconciliation.ts';
import { createRecurringActivities, type RecurringActivities } from '../../activities/transfer/recurring.ts';
import { createTransferActivities, type TransferActivities } from '../../activities/transfer/transfer.ts';
import type { TransferAtOnceActivities } from '../../activities/transfer-at-once.ts';
import type { WalletActivities } from '../../activities/wallet/wallet.ts';
import { SettingsError, walletShardCount, type Settings } from '../../process/config.ts';
import { closeDatabases, watchPools } from '../../db/database.ts';
import { guardInstallation, installationOf } from '../../db/installation.ts';
import { openTransferDatabase, type PoolLimits } from '../../db/service-databases.ts';
import { isStillOpen } from '../../db/transfer/open-movement.ts';
import { runService, type RunningService } from '../../process/run-service.ts';
import { connectWorker, createClient } from '../../temporal/connection.ts';
import { dataConverterOf } from '../../temporal/data-converter.ts';
import { tasksWaiting } from '../../temporal/backlog.ts';
import { movementWorkflows } from '../../temporal/transfer/movement-workflows.ts';
import { bindNamespace } from '../../temporal/namespace-binding.ts';
import { ensureReconciliationSchedule } from '../../temporal/transfer/start-reconciliation.ts';
import { countsOf } from '../../process/metrics.ts';
import type { MetricsServer } from '../../process/metrics-server.ts';
import type { Logger } from '../../process/telemetry.ts';
import { TRANSFER_TASK_QUEUE } from '../../workflows/transfer/messages.ts';
import { coreMetrics } from '../core-metrics.ts';
import { startTransferCollector } from './collect.ts';
import { askInternal } from '../ask-internal.ts';
import { ledgerAt } from './ledger-client.ts';
import { startTransfer } from '../../temporal/transfer/start-movement.ts';
import { recurringSchedules } from '../../temporal/transfer/tend-recurring.ts';
import { startSweep } from './sweep.ts';
import { watchShards } from './watch-shards.ts';
import { ACTIVITY_QUERY_TIMEOUT_MS, installTemporalRuntime, startWorker, type WorkerContext } from '../worker.ts';
import { workflowBundle } from '../workflow-bundle.ts';

/**
 * Starts the worker. `activities` are the transfer service's; in local dispatch the wallet service's too, over every shard. Makes
 * the reconciliation's schedule if the migration has not; if that fails, the worker does its work all the same.
 */
export async function startTransferWorker(
  context: WorkerContext,
  activities: TransferActivities &
    BatchTransferActivities &
    GroupTransferActivities &
    ReconciliationActivities &
    RecurringActivities &
    Partial<
      WalletActivities &
        BatchWalletActivities &
        GroupWalletActivities &
        TransferAtOnceActivities &
        TransferGroupAtOnceActivities
    >,
): Promise<RunningService> {
  const client = createClient(context.connection, context.settings);
  await client
    .withDeadline(Date.now() + 5_000, () => ensureReconciliationSchedule(client))
    .catch((error: unknown) =>
      context.logger.warn({ err: error }, 'the schedule of the reconciliation could not be made'),
    );
  return startWorker(context, {
    taskQueue: TRANSFER_TASK_QUEUE,
    workflowBundle: await workflowBundle(dataConverterOf(context.settings).failureConverterPath),
    activities,
  });
}

/** The pool limits of the transfer service's database for activities and sweep. */
export const TRANSFER_POOL: PoolLimits = {
  applicationName: 'counterpoise-transfer',
  queryTimeoutMs: ACTIVITY_QUERY_TIMEOUT_MS,
};

async function start(settings: Settings, logger: Logger, served?: MetricsServer): Promise<RunningService> {
  if (settings.DISPATCH === 'local')
    throw new SettingsError('DISPATCH is local, which needs API and workers in one process: node commands/serve.ts');
  const guard = guardInstallation();
  const database = openTransferDatabase(settings, guard, TRANSFER_POOL);
  installTemporalRuntime(logger, await coreMetrics(served));
  const connection = await connectWorker(settings);
  const client = createClient(connection, settings);
  const installation = () => installationOf(guard, database);
  const binding = bindNamespace(client, installation);
  const starter = {
    client,
    binding,
    isStillOpen: (workflowId: string) => isStillOpen(database, workflowId),
    walletShardCount: walletShardCount(settings),
    dispatch: settings.DISPATCH,
  };
  const ledger = ledgerAt(askInternal('WALLET', settings, installation), starter.walletShardCount);
  const metrics = served?.metrics;
  const counts = countsOf(metrics);
  watchPools(metrics, [database]);
  const worker = await startTransferWorker(
    { connection, binding, settings, logger, metrics },
    {
      ...createTransferActivities(database, () => {}, counts),
      ...createBatchTransferActivities(database, counts),
      ...createGroupTransferActivities({ database, start: (transfer) => startTransfer(starter, transfer), counts }),
      ...createReconciliationActivities({
        database,
        ledger,
        workflows: { ...movementWorkflows(starter), ...recurringSchedules(starter, database) },
      }),
      ...createRecurringActivities({
        database,
        start: (transfer) => startTransfer(starter, transfer),
        walletShardCount: starter.walletShardCount,
        deadlineSeconds: settings.TRANSFER_DEADLINE_SECONDS,
        counts,
      }),
    },
  );
  const sweep = startSweep({ database, starter, counts, logger });
  const shards = watchShards({ database, ledger, starter, logger });
  const collector =
    metrics && startTransferCollector({ metrics, settings, guard, ledger, waiting: tasksWaiting(client), logger });
  return {
    ...worker,
    stop: async () => {
      await Promise.all([sweep.stop(), shards.stop(), collector?.stop(), worker.stop()]);
      await connection.close();
      await closeDatabases([database]);
    },
  };
}

if (import.meta.main) await runService('worker-transfer', start);
