/** The order service's part of the overview, which api/console/ puts together. */
import type { Database } from '../../db/database.ts';
import {
  summarizeOpenOrders,
  waitingForOperators,
  type OpenOrders,
  type WaitingOrders,
} from '../../db/order/state-queries.ts';
import type { Tenant } from '../../domain/tenant.ts';
import { boundedQuery } from '../http/bounded-query.ts';

export interface OrderOverview {
  readonly open: readonly OpenOrders[];
  readonly attention: WaitingOrders;
}

/** `database` is the order service's. */
export async function readOrderOverview(database: Database, tenant: Tenant): Promise<OrderOverview> {
  const [open, attention] = await boundedQuery(database, () =>
    Promise.all([summarizeOpenOrders(database, tenant), waitingForOperators(database, tenant)]),
  );
  return { open, attention };
}
