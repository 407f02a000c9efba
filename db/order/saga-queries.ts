/** An order with its steps and the transfers of its returns, as one snapshot shows them. */
import { and, eq, isNotNull } from 'drizzle-orm';
import type { OrderId, TransferId } from '../../domain/ids.ts';
import type { Tenant } from '../../domain/tenant.ts';
import type { Database } from '../database.ts';
import { findOrder, listOrderSteps, type Order, type OrderStep } from './queries.ts';
import { returns } from './schema.ts';

export interface OrderWithSteps {
  readonly order: Order;
  /** The oldest first. */
  readonly steps: readonly OrderStep[];
  /** Those that pay returns back, at most REFUNDS_MAX. */
  readonly refunds: readonly TransferId[];
}

const REFUNDS_MAX = 20;

/** Undefined if it is not the tenant's. */
export function findOrderWithSteps(
  database: Database,
  tenant: Tenant,
  orderId: OrderId,
): Promise<OrderWithSteps | undefined> {
  return database.transaction(
    async (transaction) => {
      const snapshot = transaction as unknown as Database;
      const order = await findOrder(snapshot, orderId, tenant);
      if (order === undefined) return undefined;
      const steps = await listOrderSteps(snapshot, orderId);
      const refunds = await transaction
        .select({ transferId: returns.refundTransferId })
        .from(returns)
        .where(and(eq(returns.orderId, orderId), isNotNull(returns.refundTransferId)))
        .limit(REFUNDS_MAX);
      return { order, steps, refunds: refunds.map(({ transferId }) => transferId!) };
    },
    { isolationLevel: 'repeatable read', accessMode: 'read only' },
  );
}
