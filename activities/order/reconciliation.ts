/** The order service's judgment of what is reserved, by its rows. It changes nothing, so it may be repeated at any time. */
import type { Database } from '../../db/database.ts';
import { listOrdersOf, type Order } from '../../db/order/queries.ts';
import type { OrderId } from '../../domain/ids.ts';
import { hasOrderEnded } from '../../domain/order/order.ts';
import type { Leftover, OrderReview } from '../../domain/order/reconciliation.ts';

/** `isRunning` says whether a workflow of this order is open. */
export function createOrderReview(database: Database, isRunning: (orderId: OrderId) => Promise<boolean>): OrderReview {
  return {
    async judgeReserved({ orderIds }) {
      const rows = new Map((await listOrdersOf(database, orderIds)).map((row) => [row.orderId, row]));
      const leftovers: Leftover[] = [];
      for (const orderId of orderIds) {
        const row = rows.get(orderId);
        if (row !== undefined) leftovers.push(...leftoversOf(row));
        // Its row was lost. If a client repeats the order, it finds that its goods were given back, and is canceled.
        else if (!(await isRunning(orderId)))
          leftovers.push({ orderId, trace: { requestId: 'order-reconciliation' }, kind: 'whole' });
      }
      return leftovers;
    },
  };
}

/** What an order's row notes comes after the inventory's decision: if the inventory has it as undecided, it was restored. */
function leftoversOf({ orderId, status, consignments, ...row }: Order): Leftover[] {
  if (!hasOrderEnded({ status })) return [];
  const trace = { requestId: row.requestId, ...(row.traceparent === null ? {} : { traceparent: row.traceparent }) };
  if (consignments.length === 0) return [{ orderId, trace, kind: 'whole' }];
  return consignments.map(({ n, goods, carrierReference }) =>
    goods === 'RELEASED'
      ? { orderId, trace, kind: 'released', n }
      : { orderId, trace, kind: 'issued', n, carrierReference: carrierReference ?? '' },
  );
}
