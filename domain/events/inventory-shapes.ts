/** The types of events that the inventory service writes. */
import { oneOfTexts, text, uuid, type EventShape } from './event-schema.ts';

const order_id = uuid('The order.');
const consignment = text('The number of the consignment, from 1.', '1');
const sku = text('The SKU.', 'TEAPOT-1L');
const more = text('How many more; negative for fewer.', '-2');
const source = 'urn:counterpoise:inventory';
const ofOrder = { source, subject: 'The order.' };

export const INVENTORY_SHAPES: readonly EventShape[] = [
  {
    ...ofOrder,
    type: 'stock.reserved',
    title: 'Goods are reserved for an order',
    description: 'All of its lines are. They are still on hand.',
    data: { order_id },
  },
  {
    ...ofOrder,
    type: 'stock.reservation-failed',
    title: 'Goods could not be reserved for an order',
    description: 'None of its lines is reserved, and none will be.',
    data: { order_id, reason: oneOfTexts('Why.', ['out_of_stock']) },
  },
  {
    ...ofOrder,
    type: 'stock.issued',
    title: 'The goods of a consignment have left',
    description: 'They will not be released any more.',
    data: { order_id, consignment },
  },
  {
    ...ofOrder,
    type: 'stock.released',
    title: 'The goods of a consignment were given back',
    description: 'They are on the shelf again, and will not leave for this consignment.',
    data: { order_id, consignment },
  },
  {
    source,
    subject: 'The return.',
    type: 'stock.returned',
    title: 'Goods were taken back',
    description: 'They are on the shelf again, or scrapped.',
    data: { return_id: uuid('The return.'), order_id },
  },
  {
    source,
    subject: 'The receipt.',
    type: 'stock.received',
    title: 'Goods were received into stock',
    description: 'There is more on hand.',
    data: { sku, quantity: text('How many.', '100') },
  },
  {
    source,
    subject: 'The adjustment.',
    type: 'stock.adjusted',
    title: 'Stock was adjusted',
    description: 'There is more or less on hand than was thought.',
    data: { sku, quantity: more },
  },
  {
    source,
    subject: 'The count.',
    type: 'stock.counted',
    title: 'Stock was counted',
    description: 'Another number is on hand than was thought.',
    data: { sku, on_hand: text('How many are on hand.', '100'), quantity: more },
  },
];
