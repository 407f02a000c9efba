/** The order service's part of the overview, which api/console/ puts together. */
import type { Database } from '../../db/database.ts';
import {
  summarizeOpenOrders,
  waitingForOperators,
  type OpenOrders,
  type WaitingOrders,
} from '../../db/order/state-queries.ts';
import { boundedQuery } from '../http/bounded-query.ts';

export interface OrderOverview {
  readonly open: readonly OpenOrders[];
  readonly attention: WaitingOrders;
}

/** `database` is the order service's. */
export async function readOrderOverview(database: Database): Promise<OrderOverview> {
  const [open, attention] = await boundedQuery(database, () =>
    Promise.all([summarizeOpenOrders(database), waitingForOperators(database)]),
  );
  return { open, attention };
}
