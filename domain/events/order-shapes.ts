/** The types of events that the order service writes. */
import { CANCEL_REASONS } from '../order/order.ts';
import { amount, currency, oneOfTexts, uuid, type EventShape } from './event-schema.ts';

const order_id = uuid('The order.');
const return_id = uuid('The return.');
const ofOrder = { source: 'urn:counterpoise:order', subject: 'The order.' };
const ofReturn = { source: 'urn:counterpoise:order', subject: 'The return.', data: { return_id, order_id } };

export const ORDER_SHAPES: readonly EventShape[] = [
  {
    ...ofOrder,
    type: 'order.placed',
    title: 'An order was accepted',
    description: 'It is stored and will run to its end. Nothing is reserved, and no money is held.',
    data: {
      order_id,
      buyer_wallet_id: uuid('The wallet that pays.'),
      seller_wallet_id: uuid('The wallet that is paid.'),
      amount,
      currency,
    },
  },
  {
    ...ofOrder,
    type: 'order.confirmed',
    title: 'An order is confirmed',
    description: 'Its goods are reserved, its money is held, its deliveries are booked.',
    data: { order_id },
  },
  {
    ...ofOrder,
    type: 'order.completed',
    title: 'An order is completed',
    description: 'All of its goods are delivered, and their money is captured, collected or written off.',
    data: { order_id },
  },
  {
    ...ofOrder,
    type: 'order.partly-completed',
    title: 'An order is completed in part',
    description: 'Some of its consignments are delivered; the others were released, and their holds voided.',
    data: { order_id },
  },
  {
    ...ofOrder,
    type: 'order.canceled',
    title: 'An order was canceled',
    description: 'None of its goods has left, and none of its money was taken.',
    data: { order_id, reason: oneOfTexts('Why.', CANCEL_REASONS) },
  },
  {
    ...ofReturn,
    type: 'return.requested',
    title: 'A return was announced',
    description: 'Goods of an order are to come back.',
  },
  {
    ...ofReturn,
    type: 'return.received',
    title: 'The goods of a return have come back',
    description: 'They go back on the shelf or are scrapped, and their money goes back to the buyer.',
  },
  {
    ...ofReturn,
    type: 'return.refunded',
    title: 'A return is refunded',
    description: 'The credit note is written, and its money is back with the buyer.',
  },
];
