/** The order service's reads: an order with its lines and consignments, the list, the steps; and the claim of what is to be started. */
import { and, asc, eq, inArray, sql, type SQL } from 'drizzle-orm';
import type { OrderId, WalletId } from '../../domain/ids.ts';
import type { StoredOrder } from '../../domain/order/operations.ts';
import type { OrderStatus } from '../../domain/order/order.ts';
import { executePrepared, type Database } from '../database.ts';
import { claimDue, clearDue, type Claim, type DueRows } from '../due.ts';
import { consignments, orderLines, orders, orderSteps } from './schema.ts';

export type OrderRow = typeof orders.$inferSelect;
export type OrderLineRow = typeof orderLines.$inferSelect;
export type ConsignmentRow = typeof consignments.$inferSelect;
export type OrderStep = typeof orderSteps.$inferSelect;

export interface Order extends OrderRow {
  readonly lines: readonly OrderLineRow[];
  readonly consignments: readonly ConsignmentRow[];
}

export async function findOrder(database: Database, orderId: OrderId): Promise<Order | undefined> {
  const rows = await database.select().from(orders).where(eq(orders.orderId, orderId));
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

export interface OrderFilter {
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
 * The orders that follow the cursor, newest first: along the one index that fits the filters, which ends in (created_at, order_id). The
 * condition is a comparison of whole rows of its columns, so that no other index serves (docs/decisions/0016-lists-walk-an-index.md).
 */
export async function listOrders(database: Database, filter: OrderFilter): Promise<Order[]> {
  const { status, buyerWalletId, compensating, attention, after, limit } = filter;
  const tests = [
    // As the partial index says it, so that the planner sees that it fits.
    compensating && sql`compensating AND status IN ('PENDING', 'CONFIRMED')`,
    attention && sql`attention_since IS NOT NULL`,
  ];
  const leads = [
    buyerWalletId && { column: sql`${orders.buyerWalletId}`, value: sql`${buyerWalletId}::uuid` },
    status && { column: sql`${orders.status}`, value: sql`${status}::text` },
  ].filter((lead) => lead !== undefined);
  // Few are being undone or wait for somebody: their indexes know nothing else, and the other filters are tested.
  const isFlagged = compensating !== undefined || attention !== undefined;
  const led = isFlagged ? [] : leads;
  const tested = isFlagged ? leads : [];
  const columns = [...led.map(({ column }) => column), sql`${orders.createdAt}`];
  const values = led.map(({ value }) => value);
  const end = [
    sql`${after?.createdAt.toISOString() ?? 'infinity'}::timestamptz`,
    sql`${after?.orderId ?? HIGHEST_ID}::uuid`,
  ];
  const rows = await database
    .select()
    .from(orders)
    .where(
      and(
        ...tests,
        ...tested.map(({ column, value }) => sql`${column} = ${value}`),
        sql`(${list(columns)}) >= (${list([...values, sql`'-infinity'::timestamptz`])})`,
        sql`(${list([...columns, sql`${orders.orderId}`])}) < (${list([...values, ...end])})`,
      ),
    )
    .orderBy(...columns.map((column) => sql`${column} DESC`), sql`${orders.orderId} DESC`)
    .limit(limit);
  return withParts(database, rows);
}

const HIGHEST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

function list(items: readonly SQL[]): SQL {
  return sql.join([...items], sql`, `);
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
