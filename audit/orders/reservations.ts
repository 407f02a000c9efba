/**
 * O3 and O8, from the other services' side: nothing is reserved for an order that has ended, as the order's snapshot, the oldest, shows
 * it; no shipment is booked for one, and none was handed over whose goods were not issued. And the inventory's reservations are what
 * its own fences have decided (O2), which are written together.
 */
import { sql } from 'drizzle-orm';
import { hasOrderEnded } from '../../domain/order/order.ts';
import { reportDifferences, VIOLATIONS_KEPT, type Findings } from '../findings.ts';
import { pagesOf, rowsOf } from '../reader.ts';
import { knownOrders, pivotsOf, type KnownOrder, type OrderReaders } from './known-orders.ts';

export async function checkReservations(readers: OrderReaders, findings: Findings): Promise<void> {
  reportDifferences('O2', await rowsOf(readers.inventory, unlikePivots), findings, 'the reservation of');
  for await (const page of pagesOf(readers.inventory, reservedAfter, ({ id }: { id: string }) => id)) {
    const ids = page.map(({ id }) => id);
    const orderOf = await knownOrders(readers, ids);
    for (const id of ids) {
      const why = whyOver(orderOf(id));
      if (why !== undefined) findings.report('O3', `order ${id}`, `goods are reserved for it, but it ${why}`);
    }
  }
}

interface Shipment {
  readonly id: string;
  readonly order_id: string;
  readonly n: number;
  readonly status: string;
}

export async function checkShipments(readers: OrderReaders, findings: Findings): Promise<void> {
  for await (const page of pagesOf(readers.delivery, shipmentsAfter, ({ id }: Shipment) => id)) {
    findings.count('shipments', page.length);
    const orderIds = [...new Set(page.map((each) => each.order_id))];
    const [orderOf, pivotOf] = [await knownOrders(readers, orderIds), await pivotsOf(readers.inventory, orderIds)];
    for (const { id, order_id: orderId, n, status } of page) {
      if (status === 'CANCELED') continue;
      const why = whyOver(orderOf(orderId));
      const detail =
        status === 'BOOKED'
          ? why && `it is still booked, but its order ${why}`
          : pivotOf(orderId, n) !== 'done' && `it is ${status}, but the goods of ${orderId}/${n} were not issued`;
      if (detail) findings.report('O8', `shipment ${id}`, detail);
    }
  }
}

/** Undefined of an order that may still need what it has. */
function whyOver(order: KnownOrder | 'since' | undefined): string | undefined {
  if (order === undefined) return 'does not exist';
  return order !== 'since' && hasOrderEnded(order) ? `is ${order.status}` : undefined;
}

const unlikePivots = sql`
  SELECT order_id || '/' || n AS movement, format('it is %s, but its fence says %s', state, coalesce(outcome, 'nothing')) AS detail,
    count(*) OVER ()::int AS total
  FROM (SELECT DISTINCT order_id, n, state FROM reservations) reserved
  LEFT JOIN step_fences ON saga_id = order_id AND step = 'goods:' || n
  WHERE state <> CASE outcome WHEN 'done' THEN 'ISSUED' WHEN 'undone' THEN 'RELEASED' ELSE 'RESERVED' END
  LIMIT ${VIOLATIONS_KEPT}`;

function reservedAfter(id: string, limit: number) {
  return sql`SELECT DISTINCT order_id AS id FROM reservations WHERE order_id > ${id} AND state = 'RESERVED' ORDER BY 1 LIMIT ${limit}`;
}

function shipmentsAfter(id: string, limit: number) {
  return sql`SELECT shipment_id AS id, order_id, consignment AS n, status FROM shipments WHERE shipment_id > ${id} ORDER BY 1 LIMIT ${limit}`;
}
