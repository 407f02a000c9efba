/** The cases of orders: what waits, or has waited, for an operator. */
import { and, asc, eq, gte, inArray, lte, sql } from 'drizzle-orm';
import type { CaseId } from '../../domain/ids.ts';
import { ORDER_ACTIONS } from '../../domain/order/operations.ts';
import { tenantOf, type OfTenant, type Tenant } from '../../domain/tenant.ts';
import { isOfTenant, type Database } from '../database.ts';
import { listNewestFirst, ofTenantOrFilter, type Listed } from '../newest-first.ts';
import type { Place } from '../../domain/place.ts';
import { orderActions, orderCases } from './schema.ts';

export type OrderCase = typeof orderCases.$inferSelect;
export type OrderAction = typeof orderActions.$inferSelect;

export interface OrderCaseFilter extends OfTenant {
  readonly isOpen?: boolean | undefined;
  readonly after?: Place | undefined;
  readonly limit: number;
}

/** With `tenant`, only if it is that tenant's. */
export async function findOrderCase(
  database: Database,
  caseId: CaseId,
  tenant?: Tenant,
): Promise<OrderCase | undefined> {
  const rows = await database
    .select()
    .from(orderCases)
    .where(and(eq(orderCases.caseId, caseId), tenant && eq(orderCases.tenant, tenant)));
  return rows[0];
}

/**
 * What operators did about the order while the case was open, the oldest first, and only the first 1,000: more is more than anybody
 * reads. An action belongs to an order, which has one open case at a time.
 */
export function listOrderCaseActions(
  database: Database,
  { orderId, openedAt, closedAt }: OrderCase,
): Promise<OrderAction[]> {
  return database
    .select()
    .from(orderActions)
    .where(
      and(
        eq(orderActions.orderId, orderId),
        // The log has requests to the order, too, which are about no case.
        inArray(orderActions.action, ORDER_ACTIONS),
        gte(orderActions.createdAt, openedAt),
        closedAt === null ? undefined : lte(orderActions.createdAt, closedAt),
      ),
    )
    .orderBy(asc(orderActions.createdAt), asc(orderActions.requestKey))
    .limit(1_000);
}

/** A tenant's cases that follow the cursor, newest first: of those that are open there is an index of their own. */
export function listOrderCases(
  database: Database,
  { isOpen, after, limit, ...of }: OrderCaseFilter,
): Promise<Listed<OrderCase>> {
  const tenant = tenantOf(of);
  const { rest, ...walk } = ofTenantOrFilter(tenant, undefined);
  const walked = { table: orderCases, id: 'case_id', at: 'opened_at', after, limit };
  // As the partial index says it, so that the planner sees that it fits. Few are open, of all tenants together.
  if (isOpen)
    return listNewestFirst(database, {
      ...walked,
      predicate: sql`closed_at IS NULL`,
      rest: [],
      likely: isOfTenant(tenant),
    });
  return listNewestFirst(database, {
    ...walked,
    ...walk,
    rest: isOpen === undefined ? rest : [...rest, sql`closed_at IS NOT NULL`],
  });
}
