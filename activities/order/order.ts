/** The order service's activities: writes of its rows, and the money of orders, which others move. */
import type { Database } from '../../db/database.ts';
import { recordReturn, recordReturnAttention } from '../../db/order/returns.ts';
import {
  confirmOrder,
  recordConsignment,
  recordOrderAction,
  recordOrderAttention,
  recordOrderEnd,
  undoOrder,
} from '../../db/order/state.ts';
import type { OrderPayments, OrderRecords, ReturnOperations } from '../../domain/order/operations.ts';

export type OrderActivities = OrderRecords & OrderPayments & ReturnOperations;

export function createOrderActivities(
  database: Database,
  payments: OrderPayments & Pick<ReturnOperations, 'refundReturn'>,
): OrderActivities {
  return {
    ...payments,
    confirmOrder: (input) => confirmOrder(database, input),
    undoOrder: (input) => undoOrder(database, input),
    recordConsignment: (input) => recordConsignment(database, input),
    recordOrderEnd: (input) => recordOrderEnd(database, input),
    recordOrderAttention: (input) => recordOrderAttention(database, input),
    recordOrderAction: (input) => recordOrderAction(database, input),
    recordReturn: (input) => recordReturn(database, input),
    recordReturnAttention: (input) => recordReturnAttention(database, input),
  };
}
