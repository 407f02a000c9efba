/**
 * The reconciliation's questions about what is reserved for orders: the inventory lists it, the order service judges it by its rows.
 * Neither changes anything; what is left over is then settled by the inventory's fences, as the order's row says.
 */
import type { OrderId } from '../ids.ts';
import type { TraceContext } from '../trace-context.ts';

export interface ReservedQuestion {
  /** The orders that follow this one, in the order of their ids; the first ones without it. */
  readonly after?: OrderId | undefined;
  /** Reserved for at least so long. */
  readonly olderThanSeconds: number;
  readonly limit: number;
}

/** What the inventory should have decided long ago. `whole`: the order was canceled, or does not exist, so all of it is given back. */
export type Leftover = { readonly orderId: OrderId; readonly trace: TraceContext } & (
  | { readonly kind: 'whole' }
  | { readonly kind: 'released'; readonly n: number }
  | { readonly kind: 'issued'; readonly n: number; readonly carrierReference: string }
);

export interface ReservationReview {
  /** The inventory's: the orders for which goods are RESERVED. */
  readonly listReserved: (question: ReservedQuestion) => Promise<OrderId[]>;
}

export interface OrderReview {
  /** The order service's: what of these is for an order that has ended, or that does not exist and of which nothing runs. */
  readonly judgeReserved: (input: { readonly orderIds: readonly OrderId[] }) => Promise<Leftover[]>;
}
