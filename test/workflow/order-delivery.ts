/** The delivery of one order for workflow tests: the rules of its fences over a map. */
import type { DeliveryOperations, ShipmentStatus } from '../../domain/delivery/operations.ts';
import type { ShipmentId } from '../../domain/ids.ts';
import type { Issued } from '../../domain/inventory/operations.ts';
import type { OrderFaults } from './order-faults.ts';

export interface DeliverySurroundings {
  /** What the inventory has decided of each consignment. */
  readonly goods: ReadonlyMap<number, Issued>;
  readonly refuse: NonNullable<OrderFaults['refuse']>;
  readonly arrival: NonNullable<OrderFaults['arrival']>;
  /** Notes a breach of the saga's rules. */
  readonly check: (isRight: boolean, what: string) => void;
}

export function createOrderDelivery({ goods, refuse, arrival, check }: DeliverySurroundings) {
  const shipments = new Map<number, ShipmentStatus | 'refused' | 'undone'>();
  const shipmentId = (n: number) => `shipment-${n}` as ShipmentId;
  const delivery: DeliveryOperations = {
    book: async ({ n }) => {
      if (!shipments.has(n)) shipments.set(n, refuse.booking === n ? 'refused' : 'BOOKED');
      const status = shipments.get(n)!;
      if (status === 'refused') return { outcome: 'refused', reason: 'too_many_units' };
      return status === 'undone' ? { outcome: 'undone' } : { outcome: 'booked', shipmentId: shipmentId(n) };
    },
    cancelBooking: async ({ n }) => {
      const status = shipments.get(n) ?? 'undone';
      if (status === 'undone' || status === 'refused') {
        shipments.set(n, status);
        return { outcome: 'never_booked' };
      }
      if (status !== 'BOOKED' && status !== 'CANCELED') return { outcome: 'handed_over' };
      shipments.set(n, 'CANCELED');
      return { outcome: 'canceled' };
    },
    handOver: async ({ n, carrierReference, lines }) => {
      if (lines !== undefined && !shipments.has(n)) shipments.set(n, 'BOOKED');
      const decided = goods.get(n);
      check(
        decided?.outcome === 'issued' && decided.carrierReference === carrierReference,
        `${n} is handed over to the carrier as ${carrierReference}`,
      );
      if (shipments.get(n) === 'BOOKED') shipments.set(n, arrival === 'at_once' ? 'DELIVERED' : 'HANDED_OVER');
      const status = shipments.get(n);
      if (status === undefined || status === 'refused' || status === 'undone' || status === 'CANCELED')
        throw new Error(`nothing is booked for consignment ${n}`);
      return { shipmentId: shipmentId(n), status };
    },
    shipmentOf: async ({ n }) => {
      if (arrival === 'seen') shipments.set(n, 'DELIVERED');
      const status = shipments.get(n) as ShipmentStatus | undefined;
      return status && { shipmentId: shipmentId(n), status };
    },
  };
  return {
    shipments,
    delivery,
    /** Its database is restored from when the shipment was booked, or from before. */
    restoreShipment: (n: number, isBooked: boolean) =>
      void (isBooked ? shipments.set(n, 'BOOKED') : shipments.delete(n)),
  };
}
