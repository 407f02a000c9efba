/** The orders of an API that runs: the databases of their services, what their routes need, and the checks that they would go through. */
import type { Settings } from '../process/config.ts';
import type { Database } from '../db/database.ts';
import type { InstallationGuard } from '../db/installation.ts';
import { hasOrders } from '../db/service-databases.ts';
import { ORDER_SERVICES } from '../domain/order-services.ts';
import { orderCountsOf, type Metrics } from '../process/metrics.ts';
import type { Logger } from '../process/telemetry.ts';
import type { TemporalMonitor } from '../temporal/health.ts';
import { createOrderStarter, type OrderStarter } from '../temporal/order/start-order.ts';
import { tellShipmentMoved } from '../temporal/order/tell-order.ts';
import type { MovementStarter } from '../temporal/transfer/start-movement.ts';
import { openOrderDatabases } from './databases.ts';
import { boundStarts } from './http/bound-starts.ts';
import type { OrderServicesDeps } from './order-routes.ts';
import { orderReadiness, type Readiness } from './readiness.ts';

export interface OpenOrders {
  readonly routes: OrderServicesDeps;
  readonly readiness: Readiness;
  readonly databases: readonly Database[];
}

/** What the API has of orders whose worker runs in its process. */
export interface ServedOrders {
  /** Starts orders in place of the API's own starter; the caller may give it another client for later starts. */
  readonly starter: OrderStarter;
  readonly notifier: NonNullable<OrderServicesDeps['notifier']>;
}

interface Surroundings {
  readonly starter: Pick<MovementStarter, 'client' | 'binding' | 'dispatch'>;
  readonly servedOrders: ServedOrders | undefined;
  readonly monitor: TemporalMonitor;
  readonly draining: AbortSignal;
  readonly logger: Logger;
  readonly metrics: Metrics | undefined;
}

/** Undefined if the settings name no databases of orders. */
export function openOrders(
  settings: Settings,
  guard: InstallationGuard,
  { starter: { client, binding, dispatch }, servedOrders, monitor, draining, logger, metrics }: Surroundings,
): OpenOrders | undefined {
  if (!hasOrders(settings)) return undefined;
  const databases = openOrderDatabases(settings, guard);
  const marginSeconds = settings.HAND_OVER_MARGIN_SECONDS;
  const starter =
    servedOrders?.starter ?? createOrderStarter(databases.order, { client, binding, dispatch, marginSeconds });
  return {
    routes: {
      ...{ databases, client, starter, monitor, draining, notifier: servedOrders?.notifier },
      starts: boundStarts(client, monitor),
      deadlineSeconds: settings.ORDER_DEADLINE_SECONDS,
      holdSeconds: settings.ORDER_HOLD_SECONDS,
      amountPrecision: settings.AMOUNT_PRECISION,
      counts: orderCountsOf(metrics),
      told: (orderId, n) => tellShipmentMoved(client, orderId, n),
    },
    readiness: orderReadiness(databases, client, logger),
    databases: ORDER_SERVICES.map((service) => databases[service]),
  };
}
