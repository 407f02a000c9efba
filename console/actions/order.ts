/** What can be done about an order besides deciding its case. */
import type { Client, Order } from '../../client/client.ts';
import { isCancelable } from '../format/cancelable.ts';
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

export function actionsOfOrder(order: Order): Action[] {
  const { order_id } = order;
  if (!isCancelable(order)) return [];
  return [
    actionOf('cancelOrder', () => ({ path: { order_id }, body: {} }), {
      title: 'Cancel the order',
      effect:
        'Goods that have not left go back on the shelf, and the money that is held for them back to the buyer. What has left stays sold.',
    }),
  ];
}
