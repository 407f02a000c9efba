/**
 * The order service's writes of an order's progress. Each locks the order's row first, so that the events of an order are in the
 * order of its changes, and a state is only written over an earlier one: a worker that thaws late changes nothing.
 */
import { asc, eq, sql } from 'drizzle-orm';
import type { CaseId, OrderId } from '../../domain/ids.ts';
import { orderEvent } from '../../domain/order/events.ts';
import type {
  ConfirmInput,
  ConsignmentStep,
  LoggedResolution,
  OrderAttention,
  OrderEnd,
  StoredOrder,
  UndoInput,
} from '../../domain/order/operations.ts';
import { mayEndAs, ORDER_STATUS_RANKS, type GoodsState, type MoneyState } from '../../domain/order/order.ts';
import { MovementMissing } from '../../domain/transfer/movement-missing.ts';
import type { CloudEvent } from '../../domain/event.ts';
import { insertAudit } from '../audit-events.ts';
import type { Database } from '../database.ts';
import { findOrder, storedOrderOf, type Order, type OrderRow } from './queries.ts';
import { consignments, orderActions, orderCases, orderLines, orders, orderSteps, outboxEvents } from './schema.ts';

type Transaction = Parameters<Parameters<Database['transaction']>[0]>[0];

/**
 * The hash (hex) of the body that a run was started for. If that row was lost, and its key has come back with another body, the run
 * writes nothing into the new row. Absent in runs that started before it was kept.
 */
export interface ByRun {
  readonly bodyHash?: string;
}

const GOODS_RANKS: Readonly<Record<GoodsState, number>> = { RESERVED: 0, ISSUED: 1, RELEASED: 1, DELIVERED: 2 };
const MONEY_RANKS: Readonly<Record<MoneyState, number>> = {
  ...{ HELD: 0, CAPTURED: 1, VOIDED: 1, DUE: 1 },
  ...{ COLLECTED: 2, WRITTEN_OFF: 2 },
};

/** Told of what a call has written, after its commit: the row as it is then, and its status before. A repeat writes nothing. */
type Written = (row: Order, before: Order['status']) => void;

/** Writes CONFIRMED with the consignments, unless the order is being undone or is further. Returns the row as it is then. */
export function confirmOrder(database: Database, input: ConfirmInput & ByRun, written?: Written): Promise<StoredOrder> {
  const { orderId, trace } = input;
  const make: Change = async (tx, row) => {
    if (row.status !== 'PENDING' || (row.compensating && !input.hasLeft)) return false;
    const lines = await tx
      .select()
      .from(orderLines)
      .where(eq(orderLines.orderId, orderId))
      .orderBy(asc(orderLines.line));
    const [confirmed] = await tx
      .update(orders)
      .set({ status: 'CONFIRMED', compensating: false, cancelReason: null, ...changedNow })
      .where(eq(orders.orderId, orderId))
      .returning();
    const parts = await tx
      .insert(consignments)
      .values(
        input.consignments.map(({ n, amount, transferId, shipmentId, holdExpiresAtMs, ...consignment }) => ({
          ...{ orderId, n, amount, transferId, shipmentId },
          lines: consignment.lines.map(({ sku }) => lines.find((line) => line.sku === sku)!.line),
          goods: 'RESERVED' as const,
          money: 'HELD' as const,
          holdExpiresAt: new Date(holdExpiresAtMs),
        })),
      )
      .returning();
    await writeStep(tx, orderId, 0, 'CONFIRMED');
    await writeEvent(tx, orderEvent('order.confirmed', row, {}, trace));
    return { ...confirmed!, lines, consignments: parts.toSorted((one, other) => one.n - other.n) };
  };
  return change(database, input, make, written);
}

/** Notes that the order is being undone, and why, unless it is further. Returns the row as it is then. */
export function undoOrder(database: Database, input: UndoInput & ByRun): Promise<StoredOrder> {
  const { orderId, reason } = input;
  return change(database, input, async (tx, row) => {
    if (row.status !== 'PENDING' || row.compensating) return false;
    await tx
      .update(orders)
      .set({ compensating: true, cancelReason: reason, ...changedNow })
      .where(eq(orders.orderId, orderId));
    await writeStep(tx, orderId, 0, 'UNDOING', reason);
    return true;
  });
}

/** Writes what is new of a consignment, with a step for each state. */
export async function recordConsignment(database: Database, input: ConsignmentStep & ByRun): Promise<void> {
  const { orderId, n, goods, money, transferId, carrierReference, releaseReason, invoiceNumber } = input;
  await change(database, input, async (tx) => {
    const [row] = await tx
      .select()
      .from(consignments)
      .where(sql`order_id = ${orderId} AND n = ${n}`);
    // The row was restored from before its confirmation: another run takes it from there.
    if (row === undefined) throw new MovementMissing(`consignment ${n} of order ${orderId}`);
    const isNewGoods = goods !== undefined && GOODS_RANKS[goods] > GOODS_RANKS[row.goods];
    const isNewMoney = money !== undefined && MONEY_RANKS[money] > MONEY_RANKS[row.money];
    await tx
      .update(consignments)
      .set({
        ...(isNewGoods ? { goods } : {}),
        ...(isNewMoney ? { money } : {}),
        ...(transferId === undefined ? {} : { transferId }),
        ...(carrierReference === undefined ? {} : { carrierReference }),
        ...(releaseReason === undefined ? {} : { releaseReason }),
        ...(invoiceNumber === undefined ? {} : { invoiceNumber }),
        ...changedNow,
      })
      .where(sql`order_id = ${orderId} AND n = ${n}`);
    await tx.update(orders).set(changedNow).where(eq(orders.orderId, orderId));
    if (isNewGoods) await writeStep(tx, orderId, n, goods, goods === 'RELEASED' ? releaseReason : carrierReference);
    if (isNewMoney) await writeStep(tx, orderId, n, money);
    if (invoiceNumber !== undefined) await writeStep(tx, orderId, n, 'INVOICED', String(invoiceNumber));
    return true;
  });
}

/**
 * Writes the end with its event, and closes the order's cases, unless it has ended. Returns the row as it is then. Throws
 * MovementMissing if its consignments have not ended: the row was restored since, and another run takes it from there.
 */
export function recordOrderEnd(database: Database, input: OrderEnd & ByRun, written?: Written): Promise<StoredOrder> {
  const { orderId, status, cancelReason, trace } = input;
  const make: Change = async (tx, row) => {
    if (ORDER_STATUS_RANKS[status] <= ORDER_STATUS_RANKS[row.status]) return false;
    const parts = await tx.select().from(consignments).where(eq(consignments.orderId, orderId));
    const haveEnded = parts.every(({ goods, money }) => mayEndAs(goods, money));
    if (!haveEnded || (status !== 'CANCELED' && parts.length === 0))
      throw new MovementMissing(`the end of order ${orderId}`);
    const reason = status === 'CANCELED' ? (cancelReason ?? row.cancelReason ?? 'canceled') : null;
    await tx
      .update(orders)
      .set({ status, cancelReason: reason, startDueAt: null, ...NO_ATTENTION, ...changedNow })
      .where(eq(orders.orderId, orderId));
    await closeCases(tx, orderId);
    await writeStep(tx, orderId, 0, status, reason ?? undefined);
    const type = `order.${status.toLowerCase().replace('_', '-')}` as Parameters<typeof orderEvent>[0];
    await writeEvent(tx, orderEvent(type, row, reason === null ? {} : { reason }, trace));
    return true;
  };
  return change(database, input, make, written);
}

/** Shows an operator that the order needs somebody, and opens a case; or, without a reason, takes that back and closes it. */
export async function recordOrderAttention(database: Database, input: OrderAttention & ByRun): Promise<void> {
  const { orderId, reason, error = '' } = input;
  await change(database, input, async (tx, row) => {
    if (reason === null) {
      await tx
        .update(orders)
        .set({ ...NO_ATTENTION, ...changedNow })
        .where(eq(orders.orderId, orderId));
      await closeCases(tx, orderId);
      return true;
    }
    if (ORDER_STATUS_RANKS[row.status] === ORDER_STATUS_RANKS.COMPLETED) return false;
    const what = { reason, lastError: error };
    const isOpen = row.attentionSince !== null && row.attentionCaseId !== null;
    const caseId = isOpen ? row.attentionCaseId : await openCase(tx, row, what);
    if (isOpen) await tx.update(orderCases).set(what).where(eq(orderCases.caseId, caseId!));
    await tx
      .update(orders)
      .set({
        ...{ attentionCaseId: caseId, attentionReason: reason, attentionError: error },
        attentionSince: sql`coalesce(attention_since, clock_timestamp())`,
        ...changedNow,
      })
      .where(eq(orders.orderId, orderId));
    return true;
  });
}

/** Logs an operator's action. A repeat changes nothing. */
export async function recordOrderAction(database: Database, action: LoggedResolution): Promise<void> {
  const { orderId, action: decision, comment, actor, onBehalfOf, principalId, apiKeyId, tenant } = action;
  const entry = { action: 'order-decided', object: orderId, details: { decision, comment } } as const;
  await database.transaction(async (transaction) => {
    const { rowCount } = await transaction.insert(orderActions).values(action).onConflictDoNothing();
    if (rowCount === 1)
      await transaction.execute(insertAudit(entry, { acting: { actor, onBehalfOf, principalId, apiKeyId, tenant } }));
  });
}

const changedNow = { updatedAt: sql`clock_timestamp()` };
const NO_ATTENTION = { attentionReason: null, attentionSince: null, attentionError: null };

/** Returns whether it has written anything, or the whole order as it is then. */
type Change = (tx: Transaction, row: OrderRow) => Promise<boolean | Order>;

/**
 * Makes a change under the lock of the order's row, and returns the order as it is then. Throws MovementMissing if there is none, or
 * if it is of another body than the run that asks.
 */
async function change(
  database: Database,
  { orderId, bodyHash }: ByRun & { readonly orderId: OrderId },
  make: Change,
  written?: Written,
): Promise<StoredOrder> {
  const { isWritten, before, after } = await database.transaction(async (tx) => {
    const [row] = await tx.select().from(orders).where(eq(orders.orderId, orderId)).for('update');
    if (row === undefined || (bodyHash !== undefined && row.bodyHash !== bodyHash))
      throw new MovementMissing(`order ${orderId}`);
    const made = await make(tx, row);
    const latest = typeof made === 'object' ? made : (await findOrder(tx as unknown as Database, orderId))!;
    return { isWritten: made !== false, before: row.status, after: latest };
  });
  if (isWritten) written?.(after, before);
  return storedOrderOf(after);
}

async function openCase(
  tx: Transaction,
  { orderId, tenant }: OrderRow,
  what: { readonly reason: string; readonly lastError: string },
): Promise<CaseId> {
  const [opened] = await tx
    .insert(orderCases)
    .values({ orderId, tenant, ...what })
    .returning({ caseId: orderCases.caseId });
  return opened!.caseId;
}

async function closeCases(tx: Transaction, orderId: OrderId): Promise<void> {
  await tx
    .update(orderCases)
    .set({ closedAt: sql`clock_timestamp()` })
    .where(sql`order_id = ${orderId} AND closed_at IS NULL`);
}

async function writeStep(tx: Transaction, orderId: OrderId, n: number, step: string, reason?: string): Promise<void> {
  await tx
    .insert(orderSteps)
    .values({ orderId, n, step, reason: reason ?? null })
    .onConflictDoNothing();
}

async function writeEvent(tx: Transaction, event: CloudEvent): Promise<void> {
  await tx.insert(outboxEvents).values({ eventId: event.id, type: event.type, subject: event.subject, payload: event });
}
