/**
 * The order worker: the workflows of orders and returns, the order service's activities, and its sweep.
 * `node workers/order/main.ts` runs it as a process of its own.
 */
import { createOrderActivities, type OrderActivities } from '../../activities/order/order.ts';
import { createOrderReview } from '../../activities/order/reconciliation.ts';
import { requireSettings, type Settings } from '../../process/config.ts';
import { closeDatabases, watchPools, type Database } from '../../db/database.ts';
import { guardInstallation, installationOf, type InstallationGuard } from '../../db/installation.ts';
import { openOrderServiceDatabase } from '../../db/service-databases.ts';
import type { AccountingOperations } from '../../domain/accounting/operations.ts';
import type { DeliveryOperations } from '../../domain/delivery/operations.ts';
import type { InventoryOperations } from '../../domain/inventory/operations.ts';
import type { OrderReview } from '../../domain/order/reconciliation.ts';
import { runService, type RunningService } from '../../process/run-service.ts';
import { orderCountsOf } from '../../process/metrics.ts';
import type { MetricsServer } from '../../process/metrics-server.ts';
import type { Logger } from '../../process/telemetry.ts';
import { tasksWaiting } from '../../temporal/backlog.ts';
import { connectWorker, createClient } from '../../temporal/connection.ts';
import { dataConverterOf } from '../../temporal/data-converter.ts';
import { bindNamespace } from '../../temporal/namespace-binding.ts';
import { isWorkflowRunning } from '../../temporal/order/order-workflows.ts';
import { createOrderStarter } from '../../temporal/order/start-order.ts';
import { ORDER_TASK_QUEUE, orderWorkflowId } from '../../workflows/order/messages.ts';
import { coreMetrics } from '../core-metrics.ts';
import { ACTIVITY_QUERY_TIMEOUT_MS, installTemporalRuntime, startWorker, type WorkerContext } from '../worker.ts';
import { workflowBundle } from '../workflow-bundle.ts';
import { startOrderCollector } from './collect.ts';
import { createHolds } from './holds.ts';
import { createPayments } from './payments.ts';
import { startOrderReconciliations } from './reconcile.ts';
import { startOrderSweep } from './sweep.ts';

/** `activities` are the order service's; in local dispatch the other services' of orders too. */
export async function startOrderWorker(
  context: WorkerContext,
  activities: OrderActivities & OrderReview & Partial<InventoryOperations & DeliveryOperations & AccountingOperations>,
): Promise<RunningService> {
  return startWorker(context, {
    taskQueue: ORDER_TASK_QUEUE,
    workflowBundle: await workflowBundle(dataConverterOf(context.settings).failureConverterPath),
    activities: { ...activities },
  });
}

/** The order service's database as its activities and its sweep use it. */
export function openOrderDatabase(settings: Settings, guard: InstallationGuard): Database {
  return openOrderServiceDatabase('order', settings, guard, {
    applicationName: 'counterpoise-order',
    queryTimeoutMs: ACTIVITY_QUERY_TIMEOUT_MS,
  });
}

async function start(settings: Settings, logger: Logger, served?: MetricsServer): Promise<RunningService> {
  const { TRANSFER_API_URL } = requireSettings(settings, 'TRANSFER_API_URL');
  const guard = guardInstallation();
  const database = openOrderDatabase(settings, guard);
  installTemporalRuntime(logger, await coreMetrics(served));
  const connection = await connectWorker(settings);
  const client = createClient(connection, settings);
  const binding = bindNamespace(client, () => installationOf(guard, database));
  const metrics = served?.metrics;
  watchPools(metrics, [database]);
  const payments = createPayments(TRANSFER_API_URL, settings.ORDER_API_KEY);
  const worker = await startOrderWorker(
    { connection, binding, settings, logger, metrics },
    {
      ...createOrderActivities(database, payments, { counts: orderCountsOf(metrics) }),
      ...createOrderReview(database, (id) => isWorkflowRunning(client, orderWorkflowId(id))),
    },
  );
  const marginSeconds = settings.HAND_OVER_MARGIN_SECONDS;
  const starter = createOrderStarter(database, { client, binding, dispatch: settings.DISPATCH, marginSeconds });
  const sweep = startOrderSweep({ database, starter, logger });
  const holds = createHolds(TRANSFER_API_URL, settings.ORDER_API_KEY);
  const reconciliations = startOrderReconciliations({ database, starter, holds, payments, logger });
  const collector = metrics && startOrderCollector(metrics, { settings, guard, waiting: tasksWaiting(client), logger });
  return {
    ...worker,
    stop: async () => {
      await Promise.all([collector?.stop(), reconciliations.stop(), sweep.stop(), worker.stop()]);
      await connection.close();
      await closeDatabases([database]);
    },
  };
}

if (import.meta.main) await runService('worker-order', start);
