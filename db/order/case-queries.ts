/** The cases of orders: what waits, or has waited, for an operator. */
import { and, sql } from 'drizzle-orm';
import type { CaseId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { orderCases } from './schema.ts';

export type OrderCase = typeof orderCases.$inferSelect;

export interface OrderCaseFilter {
  readonly isOpen?: boolean | undefined;
  readonly after?: { readonly openedAt: Date; readonly caseId: CaseId } | undefined;
  readonly limit: number;
}

/** The cases that follow the cursor, newest first: of those that are open there is an index of their own. */
export function listOrderCases(database: Database, { isOpen, after, limit }: OrderCaseFilter): Promise<OrderCase[]> {
  return database
    .select()
    .from(orderCases)
    .where(
      and(
        // As the partial index says it, so that the planner sees that it fits.
        isOpen === undefined ? undefined : isOpen ? sql`closed_at IS NULL` : sql`closed_at IS NOT NULL`,
        after &&
          sql`(${orderCases.openedAt}, ${orderCases.caseId}) < (${after.openedAt.toISOString()}::timestamptz, ${after.caseId}::uuid)`,
      ),
    )
    .orderBy(sql`${orderCases.openedAt} DESC, ${orderCases.caseId} DESC`)
    .limit(limit);
}
