/**
 * The counts of orders, as a port: each acceptance, confirmation and end is told once, where it is decided and after its commit,
 * whatever is repeated. Pure, with the vocabulary that the counts are kept in.
 */
import { CANCEL_REASONS, type OrderStatus } from './order.ts';

export interface OrderEnded {
  readonly status: OrderStatus;
  /** Of an order that is CANCELED; otherwise `none`. */
  readonly reason: string;
}

/** Every end that an order can have. */
export const ORDER_ENDS: readonly OrderEnded[] = [
  { status: 'COMPLETED', reason: 'none' },
  { status: 'PARTLY_COMPLETED', reason: 'none' },
  ...CANCEL_REASONS.map((reason) => ({ status: 'CANCELED' as const, reason })),
];

/** What an order that is PENDING becomes. */
export const TIMED_OUTCOMES = ['confirmed', 'canceled'] as const;
export type TimedOutcome = (typeof TIMED_OUTCOMES)[number];

export interface OrderCounts {
  readonly placed: () => void;
  readonly confirmed: () => void;
  readonly ended: (end: OrderEnded) => void;
  /** From acceptance until the order was PENDING no longer. */
  readonly lasted: (outcome: TimedOutcome, seconds: number) => void;
}

/** For the processes that count nothing. */
export const UNCOUNTED_ORDERS: OrderCounts = {
  placed: () => {},
  confirmed: () => {},
  ended: () => {},
  lasted: () => {},
};
