/** The inventory service's activities: the fenced operations on stock. A repeat, or a call that comes late, changes nothing. */
import type { Database } from '../../db/database.ts';
import {
  adoptIssued,
  goodsOf,
  issue,
  listReserved,
  release,
  releaseOrder,
  reserve,
  takeBack,
} from '../../db/inventory/operations.ts';
import type { InventoryOperations } from '../../domain/inventory/operations.ts';
import type { ReservationReview } from '../../domain/order/reconciliation.ts';

export function createInventoryActivities(database: Database): InventoryOperations & ReservationReview {
  return {
    reserve: (input) => reserve(database, input),
    issue: (input) => issue(database, input),
    adoptIssued: (input) => adoptIssued(database, input),
    release: (input) => release(database, input),
    releaseOrder: (input) => releaseOrder(database, input),
    goodsOf: ({ orderId }) => goodsOf(database, orderId),
    takeBack: (input) => takeBack(database, input),
    listReserved: (question) => listReserved(database, question),
  };
}
