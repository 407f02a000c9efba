/** The order service's activities: writes of its rows, and the money of orders, which others move. */
import type { Database } from '../../db/database.ts';
import type { Order } from '../../db/order/queries.ts';
import { recordReturn, recordReturnAttention } from '../../db/order/returns.ts';
import {
  confirmOrder,
  recordConsignment,
  recordOrderAction,
  recordOrderAttention,
  recordOrderEnd,
  undoOrder,
} from '../../db/order/state.ts';
import { UNCOUNTED_ORDERS, type OrderCounts } from '../../domain/order/order-counts.ts';
import type { OrderPayments, OrderRecords, ReturnOperations } from '../../domain/order/operations.ts';
import { countConfirmed, countEnd } from './count-orders.ts';

export type OrderActivities = OrderRecords & OrderPayments & ReturnOperations;

export interface Told {
  readonly counts?: OrderCounts;
  /** Told of each order that is confirmed or has ended. */
  readonly tell?: (order: Order) => void;
}

export function createOrderActivities(
  database: Database,
  payments: OrderPayments & Pick<ReturnOperations, 'refundReturn'>,
  { counts = UNCOUNTED_ORDERS, tell = () => {} }: Told = {},
): OrderActivities {
  return {
    ...payments,
    confirmOrder: (input) =>
      confirmOrder(database, input, (row) => {
        countConfirmed(counts, row);
        tell(row);
      }),
    undoOrder: (input) => undoOrder(database, input),
    recordConsignment: (input) => recordConsignment(database, input),
    recordOrderEnd: (input) =>
      recordOrderEnd(database, input, (row, before) => {
        countEnd(counts, row, before);
        tell(row);
      }),
    recordOrderAttention: (input) => recordOrderAttention(database, input),
    recordOrderAction: (input) => recordOrderAction(database, input),
    recordReturn: (input) => recordReturn(database, input),
    recordReturnAttention: (input) => recordReturnAttention(database, input),
  };
}
