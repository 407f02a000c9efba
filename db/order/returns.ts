/**
 * The order service's queries about returns. Goods come back by the consignment they left with, and never more than were delivered:
 * requests of one order take turns on its row.
 */
import { and, asc, eq, inArray, ne, sql } from 'drizzle-orm';
import type { AuditEntry, ByWhom } from '../../domain/audit-event.ts';
import type { OrderId, ReturnId } from '../../domain/ids.ts';
import { formatUnits, parseUnits } from '../../domain/money.ts';
import { returnEvent } from '../../domain/order/events.ts';
import type { ReturnAttention, ReturnStep } from '../../domain/order/operations.ts';
import type { Line, ReturnStatus } from '../../domain/order/order.ts';
import type { Place } from '../../domain/place.ts';
import { tenantOf, type OfTenant, type Tenant } from '../../domain/tenant.ts';
import type { TraceContext } from '../../domain/trace-context.ts';
import { MovementMissing } from '../../domain/transfer/movement-missing.ts';
import { insertAudit } from '../audit-events.ts';
import { isOfTenant, type Database } from '../database.ts';
import { claimDue, clearDue, type Claim, type DueRows } from '../due.ts';
import { listNewestFirst, ofTenantAndFilter, testOf, type Listed } from '../newest-first.ts';
import { consignments, orderLines, orders, outboxEvents, returnLines, returns } from './schema.ts';
import type { ByRun } from './state.ts';

export type ReturnRow = typeof returns.$inferSelect;

export interface Return extends ReturnRow {
  /** That of the order. */
  readonly currency: string;
  readonly lines: readonly (typeof returnLines.$inferSelect & { readonly sku: string; readonly unitPrice: string })[];
}

export interface AskedReturn {
  readonly returnId: ReturnId;
  readonly orderId: OrderId;
  /** Each SKU once. */
  readonly lines: readonly Line[];
  readonly idempotencyKey: string;
  readonly bodyHash: string;
}

export type ReturnRefusal =
  'sku_not_in_order' | 'not_delivered' | 'several_consignments' | 'exceeds_delivered' | 'not_paid';

/**
 * Stores the return as REQUESTED with its event; it is the tenant's whose the order is. Returns undefined, and changes nothing, if the
 * id is taken, and the refusal if the goods cannot come back. Without `by`, the audit log has no entry of it.
 */
export async function acceptReturn(
  database: Database,
  asked: AskedReturn,
  trace: TraceContext,
  by?: ByWhom,
): Promise<Return | { readonly refused: ReturnRefusal } | undefined> {
  const { returnId, orderId } = asked;
  const outcome = await database.transaction(async (tx) => {
    const [order] = await tx.select().from(orders).where(eq(orders.orderId, orderId)).for('update');
    const known = await tx.select().from(returns).where(eq(returns.returnId, returnId));
    if (known.length > 0) return undefined;
    const ordered = await tx.select().from(orderLines).where(eq(orderLines.orderId, orderId));
    const parts = await tx.select().from(consignments).where(eq(consignments.orderId, orderId));
    const before = await tx.select().from(returnLines).where(eq(returnLines.orderId, orderId));

    const lines = asked.lines.map(({ sku, quantity }) => ({
      quantity,
      ordered: ordered.find((line) => line.sku === sku),
    }));
    if (lines.some((line) => line.ordered === undefined)) return { refused: 'sku_not_in_order' } as const;
    const numbers = lines.map((line) => line.ordered!.line);
    const [part, ...others] = parts.filter((each) => each.lines.some((line) => numbers.includes(line)));
    if (others.length > 0) return { refused: 'several_consignments' } as const;
    if (part?.goods !== 'DELIVERED') return { refused: 'not_delivered' } as const;
    if (part.money !== 'CAPTURED' && part.money !== 'COLLECTED') return { refused: 'not_paid' } as const;
    const isTooMuch = lines.some(({ quantity, ordered: line }) => {
      const returned = before.filter((each) => each.line === line!.line).reduce((sum, each) => sum + each.quantity, 0);
      return returned + quantity > line!.quantity;
    });
    if (isTooMuch) return { refused: 'exceeds_delivered' } as const;

    const { tenant } = order!;
    const amount = lines.reduce(
      (sum, { quantity, ordered: line }) => sum + BigInt(quantity) * parseUnits(line!.unitPrice),
      0n,
    );
    await tx.insert(returns).values({
      ...{ returnId, orderId, tenant, idempotencyKey: asked.idempotencyKey, bodyHash: asked.bodyHash },
      amount: formatUnits(amount),
      requestId: trace.requestId,
      traceparent: trace.traceparent ?? null,
    });
    await tx
      .insert(returnLines)
      .values(lines.map(({ quantity, ordered: line }) => ({ returnId, orderId, line: line!.line, quantity })));
    await write(tx, returnEvent('return.requested', { ...asked, tenant }, trace));
    await audit(tx, { action: 'return-requested', object: returnId, details: { order_id: orderId } }, by);
    return 'stored' as const;
  });
  return outcome === 'stored' ? findReturn(database, returnId) : outcome;
}

/** With `tenant`, only if it is that tenant's. */
export async function findReturn(database: Database, returnId: ReturnId, tenant?: Tenant): Promise<Return | undefined> {
  const rows = await database
    .select()
    .from(returns)
    .where(and(eq(returns.returnId, returnId), tenant && eq(returns.tenant, tenant)));
  return (await withLines(database, rows))[0];
}

/** All returns of an order, the oldest first. */
export async function listReturnsOfOrder(database: Database, orderId: OrderId): Promise<Return[]> {
  const rows = await database
    .select()
    .from(returns)
    .where(eq(returns.orderId, orderId))
    .orderBy(asc(returns.createdAt), asc(returns.returnId));
  return withLines(database, rows);
}

export interface ReturnFilter extends OfTenant {
  readonly status?: ReturnStatus | undefined;
  /** Those that wait for an operator. */
  readonly attention?: true | undefined;
  readonly after?: Place | undefined;
  readonly limit: number;
}

/** A tenant's returns that follow the cursor, newest first: along the one index that fits, as the orders are listed. */
export async function listReturns(database: Database, filter: ReturnFilter): Promise<Listed<Return>> {
  const { status, attention, after, limit } = filter;
  const tenant = tenantOf(filter);
  const byStatus = status && ({ column: 'status', type: 'text', value: status } as const);
  const how = attention
    ? {
        ...{ predicate: sql`attention_since IS NOT NULL`, likely: isOfTenant(tenant) },
        rest: byStatus === undefined ? [] : [testOf(byStatus)],
      }
    : { ...ofTenantAndFilter(tenant, byStatus), rest: [] };
  const listed = await listNewestFirst(database, { table: returns, id: 'return_id', ...how, after, limit });
  return { ...listed, rows: await withLines(database, listed.rows) };
}

/**
 * Notes that the goods are back, and what is done with each: `scrapped` are the SKUs that are not put on the shelf again. Returns the
 * return as it is then; a repeat changes nothing, but of a return that is REFUND_DUE it has the refund tried again. Throws if there is
 * none. Without `by`, the audit log has no entry of it.
 */
export async function receiveReturn(
  database: Database,
  returnId: ReturnId,
  scrapped: ReadonlySet<string>,
  startDueSeconds: number,
  trace: TraceContext,
  by?: ByWhom,
): Promise<Return> {
  await database.transaction(async (tx) => {
    const [row] = await tx.select().from(returns).where(eq(returns.returnId, returnId)).for('update');
    if (row === undefined) throw new MovementMissing(`return ${returnId}`);
    const again = row.status === 'REFUND_DUE';
    if (row.status !== 'REQUESTED' && !again) return;
    await tx
      .update(returns)
      .set({
        status: 'RECEIVED',
        ...(again ? {} : { receivedAt: sql`clock_timestamp()` }),
        startDueAt: sql`now() + make_interval(secs => ${startDueSeconds})`,
        updatedAt: sql`clock_timestamp()`,
      })
      .where(eq(returns.returnId, returnId));
    const of = { object: returnId, details: { order_id: row.orderId } };
    if (again) return audit(tx, { action: 'return-refund-asked', ...of }, by);
    const lines = (await withLines(tx as unknown as Database, [row]))[0]!.lines;
    for (const { line, sku } of lines)
      await tx
        .update(returnLines)
        .set({ disposition: scrapped.has(sku) ? 'scrap' : 'restock' })
        .where(and(eq(returnLines.returnId, returnId), eq(returnLines.line, line)));
    await write(tx, returnEvent('return.received', row, trace));
    const left = lines.filter(({ sku }) => scrapped.has(sku)).map(({ sku }) => sku);
    const details = { ...of.details, scrapped: left.length === 0 ? undefined : left.join(' ') };
    await audit(tx, { action: 'return-received', object: returnId, details }, by);
  });
  return (await findReturn(database, returnId))!;
}

/** Writes what is new of a return, and with REFUNDED its event: then it needs nobody's attention any more. */
export async function recordReturn(
  database: Database,
  { returnId, bodyHash, creditNoteNumber, refundTransferId, status, trace }: ReturnStep & ByRun,
): Promise<void> {
  await database.transaction(async (tx) => {
    const [row] = await tx.select().from(returns).where(eq(returns.returnId, returnId)).for('update');
    if (row === undefined || (bodyHash !== undefined && row.bodyHash !== bodyHash))
      throw new MovementMissing(`return ${returnId}`);
    const isNew = status !== undefined && row.status !== 'REFUNDED' && row.status !== status;
    await tx
      .update(returns)
      .set({
        ...(creditNoteNumber === undefined ? {} : { creditNoteNumber }),
        ...(refundTransferId === undefined ? {} : { refundTransferId }),
        ...(isNew ? { status, startDueAt: null } : {}),
        ...(status === 'REFUNDED' ? NO_ATTENTION : {}),
        updatedAt: sql`clock_timestamp()`,
      })
      .where(eq(returns.returnId, returnId));
    if (isNew && status === 'REFUNDED') await write(tx, returnEvent('return.refunded', row, trace));
  });
}

/** Shows an operator that the return needs somebody, unless it is REFUNDED; or, without a reason, takes that back. */
export async function recordReturnAttention(
  database: Database,
  { returnId, bodyHash, reason, error = '' }: ReturnAttention & ByRun,
): Promise<void> {
  await database
    .update(returns)
    .set(
      reason === null
        ? NO_ATTENTION
        : {
            attentionReason: reason,
            attentionSince: sql`coalesce(attention_since, clock_timestamp())`,
            attentionError: error,
          },
    )
    .where(
      and(
        eq(returns.returnId, returnId),
        ne(returns.status, 'REFUNDED'),
        bodyHash === undefined ? undefined : eq(returns.bodyHash, bodyHash),
      ),
    );
}

const NO_ATTENTION = { attentionReason: null, attentionSince: null, attentionError: null };

/** A page of the returns whose goods are back and that were last changed before so many seconds, in the order of their ids. */
export async function listOpenReturns(
  database: Database,
  { after, unchangedSeconds, limit }: { after: string; unchangedSeconds: number; limit: number },
): Promise<Return[]> {
  const rows = await database
    .select()
    .from(returns)
    .where(
      sql`status = 'RECEIVED' AND return_id > ${after}::uuid AND updated_at < now() - make_interval(secs => ${unchangedSeconds})`,
    )
    .orderBy(asc(returns.returnId))
    .limit(limit);
  return withLines(database, rows);
}

const UNSTARTED: DueRows<typeof returns> = {
  table: returns,
  id: returns.returnId,
  dueAt: returns.startDueAt,
  isOpen: sql`status = 'RECEIVED'`,
};

/** Claims the returns that are due to be started, by db/due.ts. */
export async function claimDueReturns(database: Database, claim: Claim): Promise<Return[]> {
  return withLines(database, await claimDue(database, UNSTARTED, claim));
}

export function noteReturnsStarted(database: Database, returnIds: readonly ReturnId[]): Promise<void> {
  return clearDue(database, UNSTARTED, returnIds);
}

async function withLines(database: Database, rows: readonly ReturnRow[]): Promise<Return[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ returnId }) => returnId);
  const { sku, unitPrice } = orderLines;
  const lines = await database
    .select({ line: returnLines, sku, unitPrice, currency: orders.currency })
    .from(returnLines)
    .innerJoin(orderLines, and(eq(orderLines.orderId, returnLines.orderId), eq(orderLines.line, returnLines.line)))
    .innerJoin(orders, eq(orders.orderId, returnLines.orderId))
    .where(inArray(returnLines.returnId, ids))
    .orderBy(asc(returnLines.line));
  return rows.map((row) => {
    const own = lines.filter(({ line }) => line.returnId === row.returnId);
    return {
      ...row,
      currency: own[0]!.currency,
      lines: own.map(({ line, ...more }) => ({ ...line, sku: more.sku, unitPrice: more.unitPrice })),
    };
  });
}

async function write(tx: Pick<Database, 'insert'>, event: ReturnType<typeof returnEvent>): Promise<void> {
  await tx.insert(outboxEvents).values({ eventId: event.id, type: event.type, subject: event.subject, payload: event });
}

async function audit(tx: Pick<Database, 'execute'>, entry: AuditEntry, by: ByWhom | undefined): Promise<void> {
  if (by !== undefined) await tx.execute(insertAudit(entry, by));
}
