/** The metrics of orders, with their definitions: see metrics.ts. */
import type { Registry } from 'prom-client';
import { ORDER_ENDS, TIMED_OUTCOMES, type OrderCounts } from '../domain/order/order-counts.ts';
import { countingOf, showingOf, timingOf, TOLD_LATER } from './metric.ts';

/** Up to the usual deadline. */
const ORDER_SECONDS = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600];

export function orderCounts(registry: Registry): OrderCounts {
  const placed = countingOf(
    registry,
    {
      name: 'counterpoise_orders_placed_total',
      help: 'Orders that were stored for the first time. A repeat of a request is none.',
    },
    {},
  );
  const confirmed = countingOf(
    registry,
    {
      name: 'counterpoise_orders_confirmed_total',
      help: 'Orders whose confirmation was written: their goods are reserved, their money is held, their delivery is booked.',
    },
    {},
  );
  const ended = countingOf(
    registry,
    {
      name: 'counterpoise_orders_ended_total',
      help: 'Orders whose end was written, by status and, of those that were canceled, the reason; otherwise none.',
    },
    { status: TOLD_LATER, reason: TOLD_LATER },
  );
  for (const { status, reason } of ORDER_ENDS) ended.begin({ status, reason });
  const durations = timingOf(
    registry,
    {
      name: 'counterpoise_order_duration_seconds',
      help: 'Seconds from the acceptance of an order until it was confirmed, or until it was canceled without having been, by the clock of the order database. What comes after the confirmation is left out, for it lasts until somebody hands the goods over.',
      buckets: ORDER_SECONDS,
    },
    { outcome: TIMED_OUTCOMES },
  );
  return {
    placed: () => placed.add({}),
    confirmed: () => confirmed.add({}),
    ended: ({ status, reason }) => ended.add({ status, reason }),
    lasted: (outcome, seconds) => durations.observe({ outcome }, seconds),
  };
}

/** What the collector of the order worker sets. */
export function orderState(registry: Registry) {
  const show = <Name extends string = never>(name: string, help: string, labels: readonly Name[] = []) =>
    showingOf(registry, { name: `counterpoise_${name}`, help }, labels);
  return {
    ordersInFlight: show(
      'orders_in_flight',
      'Orders that have not ended, by status, at most 100,000 of each: PENDING ones are being confirmed or undone, CONFIRMED ones wait for their goods to leave or to arrive.',
      ['status'],
    ),
    oldestOrder: show(
      'order_oldest_age_seconds',
      'Seconds since the oldest order that has not ended was accepted, by status. 0 if there is none.',
      ['status'],
    ),
    ordersStuck: show(
      'orders_stuck',
      'Orders that are PENDING five minutes after their deadline, or have reserved goods five minutes after the end of the hold that pays for them, and those that need an operator; by status.',
      ['status'],
    ),
    openOrderCases: show('order_cases_open', 'Cases of orders that wait for an operator, by reason.', ['reason']),
    oldestOrderCase: show(
      'order_case_oldest_age_seconds',
      'Seconds since the oldest open case of an order was opened. 0 if there is none.',
    ),
    waitingReturns: show(
      'returns_waiting',
      'Returns that wait for an operator, by reason: refund_refused while the seller cannot pay the buyer back.',
      ['reason'],
    ),
    oldestWaitingReturn: show(
      'return_oldest_wait_seconds',
      'Seconds since the oldest return that waits for an operator has waited. 0 if there is none.',
    ),
  };
}
