/** The state of orders among the metrics: what is open and stuck, what waits for an operator, and the tasks that wait for a worker. */
import { closeDatabases, type Database } from '../../db/database.ts';
import type { InstallationGuard } from '../../db/installation.ts';
import { summarizeOpenOrders, summarizeOrderCases, summarizeWaitingReturns } from '../../db/order/state-queries.ts';
import { openOrderServiceDatabase } from '../../db/service-databases.ts';
import type { Settings } from '../../process/config.ts';
import type { Metrics } from '../../process/metrics.ts';
import type { RunningService } from '../../process/run-service.ts';
import type { Logger } from '../../process/telemetry.ts';
import { ACCOUNTING_TASK_QUEUE } from '../../workflows/accounting/messages.ts';
import { DELIVERY_TASK_QUEUE } from '../../workflows/delivery/messages.ts';
import { INVENTORY_TASK_QUEUE } from '../../workflows/inventory/messages.ts';
import { ORDER_TASK_QUEUE } from '../../workflows/order/messages.ts';
import { backlogPart, type Queue, type Waiting } from '../backlog.ts';
import { startCollector, type Part } from '../collector.ts';
import { ACTIVITY_QUERY_TIMEOUT_MS } from '../worker.ts';

export interface OrderCollectorDeps {
  readonly settings: Settings;
  readonly guard: InstallationGuard;
  readonly waiting: Waiting;
  readonly logger: Logger;
}

/** With a connection of its own, so that it sees the state most of all when there is none left for others. */
export function startOrderCollector(
  metrics: Metrics,
  { settings, guard, waiting, logger }: OrderCollectorDeps,
): RunningService {
  const database = openOrderServiceDatabase('order', settings, guard, {
    applicationName: 'counterpoise-order-collector',
    connectionsMax: 1,
    queryTimeoutMs: ACTIVITY_QUERY_TIMEOUT_MS,
  });
  const parts = orderParts(metrics, database, waiting);
  return startCollector(metrics, logger, parts, { close: () => closeDatabases([database]) });
}

export function orderParts(metrics: Metrics, database: Database, waiting: Waiting): Part[] {
  return [
    orders(metrics, database),
    orderCases(metrics, database),
    backlogPart('order-backlog', metrics, waiting, QUEUES),
  ];
}

const QUEUES: readonly Queue[] = [
  [ORDER_TASK_QUEUE, 'workflow'],
  ...[ORDER_TASK_QUEUE, INVENTORY_TASK_QUEUE, DELIVERY_TASK_QUEUE, ACCOUNTING_TASK_QUEUE].map((queue): Queue => [
    queue,
    'activity',
  ]),
];

function orders({ ordersInFlight, oldestOrder, ordersStuck }: Metrics, database: Database): Part {
  return {
    name: 'orders',
    // Seldom, because those that wait for their goods to leave are many in a shop of any size.
    everyMs: 15_000,
    gauges: [ordersInFlight, oldestOrder, ordersStuck],
    async look() {
      const open = await summarizeOpenOrders(database);
      return () => {
        for (const status of ['PENDING', 'CONFIRMED'] as const) {
          const own = open.find((each) => each.status === status);
          ordersInFlight.set({ status }, own?.count ?? 0);
          oldestOrder.set({ status }, own?.oldestSeconds ?? 0);
          ordersStuck.set({ status }, own?.stuck ?? 0);
        }
      };
    },
  };
}

/** The steps that an order insists on (workflows/order/). */
const INSISTED = [
  ...['undo_order', 'release_order', 'void_hold', 'cancel_booking', 'record_order_end', 'goods_of', 'issue', 'release'],
  ...['record_consignment', 'capture_hold', 'post_invoice', 'collect', 'close_collection', 'settle_due', 'hand_over'],
  ...['shipment_of', 'adopt_issued', 'authorize', 'book', 'confirm_order'],
];
/** The reasons of cases of orders; any other one is shown as `other`. */
const CASE_REASONS: readonly string[] = [
  'payment_due',
  'goods_left_unexplained',
  ...INSISTED.map((step) => `${step}_failing`),
];

/** As the cases, of what a return insists on. */
const RETURN_REASONS: readonly string[] = [
  'refund_refused',
  ...['take_back', 'post_credit_note', 'record_return', 'refund_return', 'post_refund'].map(
    (step) => `${step}_failing`,
  ),
];

function orderCases(
  { openOrderCases, oldestOrderCase, waitingReturns, oldestWaitingReturn }: Metrics,
  database: Database,
): Part {
  return {
    name: 'order-cases',
    everyMs: 10_000,
    gauges: [openOrderCases, oldestOrderCase, waitingReturns, oldestWaitingReturn],
    async look() {
      const cases = await summarizeOrderCases(database);
      const returns = await summarizeWaitingReturns(database);
      return () => {
        setByReason(openOrderCases, CASE_REASONS, cases.byReason);
        oldestOrderCase.set({}, cases.oldestSeconds);
        setByReason(waitingReturns, RETURN_REASONS, returns.byReason);
        oldestWaitingReturn.set({}, returns.oldestSeconds);
      };
    },
  };
}

function setByReason(
  gauge: Metrics['openOrderCases'],
  known: readonly string[],
  byReason: ReadonlyMap<string, number>,
): void {
  let others = 0;
  for (const [reason, count] of byReason) if (!known.includes(reason)) others += count;
  for (const reason of known) gauge.set({ reason }, byReason.get(reason) ?? 0);
  gauge.set({ reason: 'other' }, others);
}
