/** The counting of orders that were confirmed or have ended: from the row that was written. */
import type { Order } from '../../db/order/queries.ts';
import type { OrderCounts } from '../../domain/order/order-counts.ts';

export function countConfirmed(counts: OrderCounts, order: Order): void {
  counts.confirmed();
  counts.lasted('confirmed', secondsOf(order));
}

/** `before` is its status until then. */
export function countEnd(counts: OrderCounts, order: Order, before: Order['status']): void {
  counts.ended({ status: order.status, reason: order.cancelReason ?? 'none' });
  if (before === 'PENDING') counts.lasted('canceled', secondsOf(order));
}

/** From its acceptance to its last change, by the clock of the order database. */
function secondsOf({ createdAt, updatedAt }: Order): number {
  return Math.max(0, updatedAt.getTime() - createdAt.getTime()) / 1_000;
}
