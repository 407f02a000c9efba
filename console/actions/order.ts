/** What can be done about an order besides deciding its case. */
import type { Client, Order } from '../../client/client.ts';
import type { Seen } from '../format/difference.ts';
import { actionOf, type Action } from './action.ts';

export function seenOfOrder({ status, attention, consignments }: Order): Seen {
  return {
    status,
    attention: attention?.reason ?? 'none',
    ...Object.fromEntries(consignments.map(({ n, goods, money }) => [`consignment ${n}`, `${goods}, ${money}`])),
  };
}

export function lookAtOrder(orderId: string): (client: Client) => Promise<Seen> {
  return async (client) => seenOfOrder(await client.orders.get(orderId));
}

export function actionsOfOrder({
  order_id,
  status,
  consignments,
}: Pick<Order, 'order_id' | 'status' | 'consignments'>): Action[] {
  // There are no consignments before the confirmation. Once all have left or are back, the API refuses.
  const canBeReleased = consignments.length === 0 || consignments.some(({ goods }) => goods === 'RESERVED');
  if (!canBeReleased || (status !== 'PENDING' && status !== 'CONFIRMED')) return [];
  return [
    actionOf('cancelOrder', () => ({ path: { order_id }, body: {} }), {
      title: 'Cancel the order',
      effect:
        'Goods that have not left go back on the shelf, and the money that is held for them back to the buyer. What has left stays sold.',
    }),
  ];
}
