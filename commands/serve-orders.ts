/** The workers of the services of orders, as one process with every part runs them. */
import { createAccountingActivities } from '../activities/accounting/accounting.ts';
import { createDeliveryActivities } from '../activities/delivery/delivery.ts';
import { createInventoryActivities } from '../activities/inventory/inventory.ts';
import { createOrderActivities } from '../activities/order/order.ts';
import { createOrderReview } from '../activities/order/reconciliation.ts';
import type { Settings } from '../process/config.ts';
import { closeDatabases, watchPools, type Database } from '../db/database.ts';
import type { InstallationGuard } from '../db/installation.ts';
import type { Order } from '../db/order/queries.ts';
import { hasOrders } from '../db/service-databases.ts';
import { orderCountsOf, type Metrics } from '../process/metrics.ts';
import type { RunningService } from '../process/run-service.ts';
import { tasksWaiting } from '../temporal/backlog.ts';
import { createClient } from '../temporal/connection.ts';
import { isWorkflowRunning } from '../temporal/order/order-workflows.ts';
import { createOrderStarter, type OrderStarter } from '../temporal/order/start-order.ts';
import { createMovementNotifier, type MovementNotifier } from '../temporal/movement-notifier.ts';
import { openAccountingDatabase, startAccountingWorker } from '../workers/accounting/main.ts';
import { openDeliveryDatabase, startDeliveryWorker } from '../workers/delivery/main.ts';
import { openInventoryDatabase, startInventoryWorker } from '../workers/inventory/main.ts';
import { openOrderDatabase, startOrderWorker } from '../workers/order/main.ts';
import { startOrderCollector } from '../workers/order/collect.ts';
import { createHolds } from '../workers/order/holds.ts';
import { createPayments } from '../workers/order/payments.ts';
import { startOrderReconciliations } from '../workers/order/reconcile.ts';
import { startOrderSweep } from '../workers/order/sweep.ts';
import type { WorkerContext } from '../workers/worker.ts';
import { orderWorkflowId } from '../workflows/order/messages.ts';

export interface ServedOrders {
  /** Starts orders: at once where the worker runs, once it does. */
  readonly starter: OrderStarter;
  /** The news of orders that the worker here has confirmed or ended. */
  readonly notifier: MovementNotifier<Order>;
  /** By the names of their outboxes. */
  readonly databases: Readonly<Record<string, Database>>;
  /** Starts the workers and the sweep. `apiUrl` is where the API listens, over which an order's money moves. */
  readonly start: (context: WorkerContext, apiUrl: string) => Promise<RunningService>;
  readonly close: () => Promise<void>;
}

/** Undefined if the settings name no databases of orders. */
export function serveOrders(
  settings: Settings,
  guard: InstallationGuard,
  { client, binding }: Pick<OrderStarter, 'client' | 'binding'>,
  metrics: Metrics | undefined,
): ServedOrders | undefined {
  if (!hasOrders(settings)) return undefined;
  const order = openOrderDatabase(settings, guard);
  const inventory = openInventoryDatabase(settings, guard);
  const delivery = openDeliveryDatabase(settings, guard);
  const accounting = openAccountingDatabase(settings, guard);
  const databases = { order, inventory, delivery, accounting };
  watchPools(metrics, Object.values(databases));
  const notifier = createMovementNotifier<Order>();
  const tell = (row: Order): void => notifier.tell(orderWorkflowId(row.orderId), row);
  const marginSeconds = settings.HAND_OVER_MARGIN_SECONDS;
  const starter: { -readonly [Name in keyof OrderStarter]: OrderStarter[Name] } = createOrderStarter(order, {
    ...{ client, binding, marginSeconds },
    dispatch: 'ordinary',
  });

  return {
    starter,
    notifier,
    databases,
    async start(context, apiUrl) {
      const client = createClient(context.connection, settings);
      const payments = createPayments(apiUrl, settings.ORDER_API_KEY);
      const holds = createHolds(apiUrl, settings.ORDER_API_KEY);
      const own = {
        ...createOrderActivities(order, payments, { counts: orderCountsOf(metrics), tell }),
        ...createOrderReview(order, (id) => isWorkflowRunning(client, orderWorkflowId(id))),
      };
      const others = {
        ...createInventoryActivities(inventory),
        ...createDeliveryActivities(delivery),
        ...createAccountingActivities(accounting),
      };
      const running = await Promise.all([
        startOrderWorker(context, settings.DISPATCH === 'local' ? { ...own, ...others } : own),
        startInventoryWorker(context, inventory),
        startDeliveryWorker(context, delivery),
        startAccountingWorker(context, accounting),
      ]);
      // An eager start needs the worker's connection.
      Object.assign(starter, {
        client,
        isEager: true,
        dispatch: settings.DISPATCH,
      });
      const { logger } = context;
      const upkeep = [
        startOrderSweep({ database: order, starter, logger }),
        startOrderReconciliations({ database: order, starter, holds, payments, logger }),
        ...(metrics === undefined
          ? []
          : [startOrderCollector(metrics, { settings, guard, waiting: tasksWaiting(client), logger })]),
      ];
      return {
        failed: Promise.race(running.map(({ failed }) => failed!)),
        stop: async () => void (await Promise.all([...upkeep, ...running].map((each) => each.stop()))),
      };
    },
    close: () => closeDatabases(Object.values(databases)),
  };
}
