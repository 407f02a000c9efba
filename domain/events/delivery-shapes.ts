/** The types of events that the delivery service writes. */
import { numeral, uuid, type EventShape } from './event-schema.ts';

const ofShipment = { source: 'urn:counterpoise:delivery', subject: 'The shipment.' };
const about = {
  shipment_id: uuid('The shipment.'),
  order_id: uuid('The order.'),
  consignment: numeral('The number of the consignment within the order.'),
};
const reported = {
  ...about,
  at: {
    type: 'string',
    format: 'date-time',
    pattern: 'Z$',
    description: 'When it happened, as the carrier says.',
    examples: ['2026-03-01T11:58:00.000Z'],
  },
};

export const DELIVERY_SHAPES: readonly EventShape[] = [
  {
    ...ofShipment,
    type: 'shipment.booked',
    title: 'A shipment is booked',
    description: 'There is a place for the goods of the consignment.',
    data: { ...about, units: numeral('How many units it holds.') },
  },
  {
    ...ofShipment,
    type: 'shipment.canceled',
    title: 'A shipment was canceled',
    description: 'Its goods were not handed over, and will not be.',
    data: about,
  },
  {
    ...ofShipment,
    type: 'shipment.handed-over',
    title: 'A shipment is with the carrier',
    description: 'The goods have left.',
    data: {
      ...about,
      carrier_reference: {
        type: 'string',
        description: "The carrier's own reference.",
        examples: ['1Z999AA10123456784'],
      },
    },
  },
  {
    ...ofShipment,
    type: 'shipment.in-transit',
    title: 'A shipment is on its way',
    description: 'The carrier has reported it. If it reported something later before, there is no such event.',
    data: reported,
  },
  {
    ...ofShipment,
    type: 'shipment.out-for-delivery',
    title: 'A shipment is about to arrive',
    description: 'The carrier has reported it. If it reported the delivery before, there is no such event.',
    data: reported,
  },
  {
    ...ofShipment,
    type: 'shipment.delivered',
    title: 'A shipment is delivered',
    description: 'The carrier has reported it. Nothing comes after it.',
    data: reported,
  },
];
