/**
 * The delivery service's activities: each is one fenced operation on a consignment, so each may be repeated at any time. Refusals
 * are values; faults are thrown and retried by Temporal.
 */
import type { Database } from '../../db/database.ts';
import * as delivery from '../../db/delivery/queries.ts';
import type { DeliveryOperations } from '../../domain/delivery/operations.ts';
import { consignmentId, shipmentId } from '../../domain/derived-id.ts';
import type { OrderId, ShipmentId } from '../../domain/ids.ts';

export function createDeliveryActivities(database: Database): DeliveryOperations {
  return {
    book: (input) => delivery.book(database, named(input)),

    cancelBooking: (input) => delivery.cancelBooking(database, named(input)),

    handOver: async (input) => {
      const { lines, ...of } = named(input);
      // Its goods have left, so a booking that was lost with a restored database is made anew.
      if (lines !== undefined && (await delivery.findShipment(database, of.shipmentId)) === undefined)
        await delivery.book(database, { ...of, lines });
      return { shipmentId: of.shipmentId, status: await delivery.handOver(database, of) };
    },

    shipmentOf: async (input) => {
      const shipment = await delivery.findShipment(database, named(input).shipmentId);
      return shipment && { shipmentId: shipment.shipmentId, status: shipment.status };
    },
  };
}

function named<Input extends { orderId: OrderId; n: number }>(input: Input): Input & { shipmentId: ShipmentId } {
  return { ...input, shipmentId: shipmentId(consignmentId(input.orderId, input.n)) };
}
