/**
 * The delivery's operations on an order's consignments, which its workflow calls as activities on the task queue `delivery`. Each is
 * decided once, by a fence; a repeat returns what was decided, and changes nothing.
 */
import type { OrderId, ShipmentId } from '../ids.ts';
import type { Line } from '../order/order.ts';
import type { OfTenant } from '../tenant.ts';
import type { TraceContext } from '../trace-context.ts';

/** In the order of their ranks: a status is written only over one of a lower rank. CANCELED is only written over BOOKED. */
export const SHIPMENT_STATUSES = [
  'BOOKED',
  'CANCELED',
  'HANDED_OVER',
  'IN_TRANSIT',
  'OUT_FOR_DELIVERY',
  'DELIVERED',
] as const;
export type ShipmentStatus = (typeof SHIPMENT_STATUSES)[number];

/** The statuses that a carrier may report. */
export const CARRIER_STATUSES = ['IN_TRANSIT', 'OUT_FOR_DELIVERY', 'DELIVERED'] as const;
export type CarrierStatus = (typeof CARRIER_STATUSES)[number];

/** More units than this are no parcel: the booking is refused as `too_many_units`. */
export const SHIPMENT_UNITS_MAX = 1_000;

interface OfConsignment {
  readonly orderId: OrderId;
  readonly n: number;
  readonly trace: TraceContext;
}

export interface BookInput extends OfConsignment, OfTenant {
  readonly lines: readonly Line[];
}

/** `undone`: the cancellation came first, and nothing will ever be booked. */
export type Booked =
  | { readonly outcome: 'booked'; readonly shipmentId: ShipmentId }
  | { readonly outcome: 'refused'; readonly reason: 'too_many_units' }
  | { readonly outcome: 'undone' };

/** `handed_over`: too late, the goods have left. */
export type BookingCanceled = { readonly outcome: 'canceled' | 'never_booked' | 'handed_over' };

/** The tenant is for a shipment that is booked so. */
export interface HandOverInput extends OfConsignment, OfTenant {
  readonly carrierReference: string;
  /** If nothing is booked, because the delivery was restored, a shipment of these is. Absent in calls from before they were told. */
  readonly lines?: readonly Line[];
}

export interface ShipmentState {
  readonly shipmentId: ShipmentId;
  readonly status: ShipmentStatus;
}

export interface DeliveryOperations {
  readonly book: (input: BookInput) => Promise<Booked>;
  readonly cancelBooking: (input: OfConsignment) => Promise<BookingCanceled>;
  /** The goods are with the carrier. Raises if nothing is booked, and no lines are told, or if the booking was canceled. */
  readonly handOver: (input: HandOverInput) => Promise<ShipmentState>;
  /** The shipment as it is now; undefined if none was booked. */
  readonly shipmentOf: (input: OfConsignment) => Promise<ShipmentState | undefined>;
}
