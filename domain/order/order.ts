/** Orders: their states and refusals, and how their money is split over the consignments. */
import type { Currency } from '../currency.ts';
import type { OrderId, TransferId, WalletId } from '../ids.ts';
import type { OfTenant } from '../tenant.ts';

export const ORDER_STATUSES = ['PENDING', 'CONFIRMED', 'COMPLETED', 'PARTLY_COMPLETED', 'CANCELED'] as const;
export type OrderStatus = (typeof ORDER_STATUSES)[number];

/** A status is written only over one of a lower rank. */
export const ORDER_STATUS_RANKS: Readonly<Record<OrderStatus, number>> = {
  PENDING: 0,
  CONFIRMED: 1,
  COMPLETED: 2,
  PARTLY_COMPLETED: 2,
  CANCELED: 2,
};

export function hasOrderEnded({ status }: { readonly status: OrderStatus }): boolean {
  return ORDER_STATUS_RANKS[status] === ORDER_STATUS_RANKS.CANCELED;
}

export const CANCEL_REASONS = [
  'out_of_stock',
  'payment_refused',
  'delivery_refused',
  'not_handed_over',
  'timed_out',
  'canceled',
] as const;
export type CancelReason = (typeof CANCEL_REASONS)[number];

/** Of a consignment. ISSUED and RELEASED exclude each other for ever: one row in the inventory decides. */
export const GOODS_STATES = ['RESERVED', 'ISSUED', 'DELIVERED', 'RELEASED'] as const;
export type GoodsState = (typeof GOODS_STATES)[number];

/**
 * Of a consignment. DUE: the goods have left, and the hold can no longer be captured. COLLECTED: what was due was paid after all.
 */
export const MONEY_STATES = ['HELD', 'CAPTURED', 'VOIDED', 'DUE', 'COLLECTED', 'WRITTEN_OFF'] as const;
export type MoneyState = (typeof MONEY_STATES)[number];

/** The pairs in which a consignment may end. */
const ENDED_PAIRS: readonly (readonly [GoodsState, MoneyState])[] = [
  ['RELEASED', 'VOIDED'],
  ['DELIVERED', 'CAPTURED'],
  ['DELIVERED', 'COLLECTED'],
  ['DELIVERED', 'WRITTEN_OFF'],
];

/** Whether a consignment may end with its goods and its money in these states. */
export function mayEndAs(goods: GoodsState, money: MoneyState): boolean {
  return ENDED_PAIRS.some((end) => end[0] === goods && end[1] === money);
}

export const ORDER_LINES_MAX = 50;
export const CONSIGNMENTS_MAX = 10;
export const QUANTITY_MAX = 1_000_000;

export interface Line {
  readonly sku: string;
  readonly quantity: number;
}

/** A line with the price for which it was ordered. */
export interface OrderLine extends Line {
  /** A decimal string with four decimals, as each amount. */
  readonly unitPrice: string;
}

export interface OrderTerms extends OfTenant {
  readonly orderId: OrderId;
  readonly buyerWalletId: WalletId;
  readonly sellerWalletId: WalletId;
  readonly currency: Currency;
  /** Each SKU once. */
  readonly lines: readonly OrderLine[];
  readonly shippingAmount: string;
  readonly allowSplit: boolean;
}

/** A part of an order that is delivered and paid by itself. */
export interface Consignment {
  /** From 1. */
  readonly n: number;
  readonly lines: readonly Line[];
}

/** What is known of a consignment's course: all of it can be asked of the fences again. */
export interface ConsignmentState {
  readonly goods: GoodsState;
  readonly money: MoneyState;
  readonly transferId: TransferId;
}

/** REFUNDED: the credit note is written and the money is back. REFUND_DUE: the seller has not had the money for too long. */
export const RETURN_STATUSES = ['REQUESTED', 'RECEIVED', 'REFUNDED', 'REFUND_DUE'] as const;
export type ReturnStatus = (typeof RETURN_STATUSES)[number];
