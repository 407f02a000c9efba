/** The order service's reads: an order with its lines and consignments, the list, the steps; and the claim of what is to be started. */
import { and, asc, eq, inArray, sql, type SQL } from 'drizzle-orm';
import type { OrderId, WalletId } from '../../domain/ids.ts';
import type { StoredOrder } from '../../domain/order/operations.ts';
import type { OrderStatus } from '../../domain/order/order.ts';
import { DEFAULT_TENANT, tenantOf, type OfTenant, type Tenant } from '../../domain/tenant.ts';
import { executePrepared, isOfTenant, ofOtherTenants, type Database } from '../database.ts';
import { claimDue, clearDue, type Claim, type DueRows } from '../due.ts';
import { listNewestFirst, ofTenantAndFilter, testOf, type Listed } from '../newest-first.ts';
import { consignments, orderLines, orders, orderSteps } from './schema.ts';

export type OrderRow = typeof orders.$inferSelect;
export type OrderLineRow = typeof orderLines.$inferSelect;
export type ConsignmentRow = typeof consignments.$inferSelect;
export type OrderStep = typeof orderSteps.$inferSelect;

export interface Order extends OrderRow {
  readonly lines: readonly OrderLineRow[];
  readonly consignments: readonly ConsignmentRow[];
}

/** With `tenant`, only if it is that tenant's. */
export async function findOrder(database: Database, orderId: OrderId, tenant?: Tenant): Promise<Order | undefined> {
  const rows = await database
    .select()
    .from(orders)
    .where(and(eq(orders.orderId, orderId), tenant && eq(orders.tenant, tenant)));
  return (await withParts(database, rows))[0];
}

/** Whether the order is PENDING still: a look that costs little, for one that is waited for. */
export async function isPending(database: Database, orderId: OrderId): Promise<boolean> {
  const { rows } = await executePrepared<{ status: OrderStatus }>(
    database,
    sql`SELECT status FROM orders WHERE order_id = ${orderId}`,
  );
  return rows[0]?.status === 'PENDING';
}

/** How far an order is, as its workflow knows it. */
export function storedOrderOf({ status, cancelReason, compensating, ...order }: Order): StoredOrder {
  return {
    ...{ status, cancelReason, compensating },
    consignments: order.consignments.map(
      ({ n, lines, goods, money, amount, transferId, holdExpiresAt, releaseReason, carrierReference }) => ({
        ...{ n, goods, money, amount, transferId, releaseReason, carrierReference },
        lines: order.lines.filter(({ line }) => lines.includes(line)).map(({ sku, quantity }) => ({ sku, quantity })),
        holdExpiresAtMs: holdExpiresAt?.getTime() ?? null,
      }),
    ),
  };
}

export interface OrderFilter extends OfTenant {
  readonly status?: OrderStatus | undefined;
  readonly buyerWalletId?: WalletId | undefined;
  /** Those that are being undone now. */
  readonly compensating?: true | undefined;
  /** Those that wait for an operator. */
  readonly attention?: true | undefined;
  readonly after?: { readonly createdAt: Date; readonly orderId: OrderId } | undefined;
  readonly limit: number;
}

/**
 * A tenant's orders that follow the cursor, newest first: along the one index that fits the filters, which ends in (created_at, order_id).
 * What that index does not know is tested of a bounded number of rows, and then the page may be short (db/newest-first.ts).
 */
export async function listOrders(database: Database, filter: OrderFilter): Promise<Listed<Order>> {
  const { status, buyerWalletId, after, limit } = filter;
  const tenant = tenantOf(filter);
  const byStatus = status && ({ column: 'status', type: 'text', value: status } as const);
  const filters = [
    buyerWalletId && ({ column: 'buyer_wallet_id', type: 'uuid', value: buyerWalletId } as const),
    byStatus,
  ].filter((lead) => lead !== undefined);
  const tests = filters.map(testOf);
  const predicate = flagsOf(filter);
  // Few are being undone or wait for somebody, and a wallet's orders are one tenant's: there, the tenant is tested.
  const isOwnLed = predicate === undefined && buyerWalletId === undefined;
  const how = isOwnLed
    ? { ...ofTenantAndFilter(tenant, byStatus), rest: [] }
    : predicate === undefined
      ? { lead: filters[0], second: filters[1], rest: [], likely: isOfTenant(tenant) }
      : { predicate, rest: tests, likely: isOfTenant(tenant) };
  const place = after && { createdAt: after.createdAt, id: after.orderId };
  const listed = await listNewestFirst(database, { table: orders, id: 'order_id', ...how, after: place, limit });
  return { ...listed, rows: await withParts(database, listed.rows) };
}

/** The conditions of the partial indexes that fit, as those say them, so that the planner sees that they fit. */
function flagsOf({ compensating, attention }: OrderFilter): SQL | undefined {
  return and(
    compensating && sql`compensating AND status IN ('PENDING', 'CONFIRMED')`,
    attention && sql`attention_since IS NOT NULL`,
  );
}

/** The oldest first. */
export function listOrderSteps(database: Database, orderId: OrderId): Promise<OrderStep[]> {
  return database
    .select()
    .from(orderSteps)
    .where(eq(orderSteps.orderId, orderId))
    .orderBy(asc(orderSteps.createdAt), asc(orderSteps.n));
}

const UNSTARTED: DueRows<typeof orders> = {
  table: orders,
  id: orders.orderId,
  dueAt: orders.startDueAt,
  isOpen: sql`status IN ('PENDING', 'CONFIRMED')`,
};

/** Claims the orders that are due to be started, by db/due.ts. */
export async function claimDueOrders(database: Database, claim: Claim): Promise<Order[]> {
  return withParts(database, await claimDue(database, UNSTARTED, claim));
}

/** Notes that these orders are known to be started. */
export function noteOrdersStarted(database: Database, orderIds: readonly OrderId[]): Promise<void> {
  return clearDue(database, UNSTARTED, orderIds);
}

/** A page of the orders that have not ended and were last changed before so many seconds, in the order of their ids. */
export async function listOpenOrders(
  database: Database,
  { after, unchangedSeconds, limit }: { after: string; unchangedSeconds: number; limit: number },
): Promise<Order[]> {
  const rows = await database
    .select()
    .from(orders)
    .where(
      and(
        // As the partial index says it, so that the planner sees that it fits.
        sql`status IN ('PENDING', 'CONFIRMED')`,
        sql`${orders.orderId} > ${after}::uuid`,
        sql`${orders.updatedAt} < now() - make_interval(secs => ${unchangedSeconds})`,
      ),
    )
    .orderBy(asc(orders.orderId))
    .limit(limit);
  return withParts(database, rows);
}

/** The tenant that has orders and follows this one by its name; behind the last, the default one again. */
export async function tenantAfter(database: Database, tenant: Tenant): Promise<Tenant> {
  const { rows } = await database.execute<{ tenant: Tenant }>(sql`
    SELECT tenant FROM orders WHERE ${ofOtherTenants} AND tenant > ${tenant === DEFAULT_TENANT ? '' : tenant}
    ORDER BY tenant LIMIT 1`);
  return rows[0]?.tenant ?? DEFAULT_TENANT;
}

/** Those of these orders that exist. */
export async function listOrdersOf(database: Database, orderIds: readonly OrderId[]): Promise<Order[]> {
  if (orderIds.length === 0) return [];
  return withParts(
    database,
    await database
      .select()
      .from(orders)
      .where(inArray(orders.orderId, [...orderIds])),
  );
}

async function withParts(database: Database, rows: readonly OrderRow[]): Promise<Order[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ orderId }) => orderId);
  const [lines, parts] = await Promise.all([
    database.select().from(orderLines).where(inArray(orderLines.orderId, ids)).orderBy(asc(orderLines.line)),
    database.select().from(consignments).where(inArray(consignments.orderId, ids)).orderBy(asc(consignments.n)),
  ]);
  return rows.map((row) => ({
    ...row,
    lines: lines.filter(({ orderId }) => orderId === row.orderId),
    consignments: parts.filter(({ orderId }) => orderId === row.orderId),
  }));
}
