/**
 * What the transfer service asks of its database about one-sided transactions: acceptance, status writes, attention, and
 * reads; queries.ts has the same for transfers. Imported by the transfer activities, the transfer API and the sweep.
 */
import { and, asc, desc, eq, gte, inArray, lt, or, sql, type SQL } from 'drizzle-orm';
import { movementEvent } from '../../domain/event.ts';
import type { TransactionId, WalletId } from '../../domain/ids.ts';
import type { TraceContext } from '../../domain/trace-context.ts';
import type { TransactionEnd, TransactionStatus, TransactionTerms, TransactionType } from '../../domain/transaction.ts';
import type { Database } from '../database.ts';
import { insertEvent, type Acceptance } from './queries.ts';
import { transactions } from './schema.ts';

export type Transaction = typeof transactions.$inferSelect;

/** Accepts a transaction: its row as PENDING and `transaction.initiated`. False if the id is taken, and nothing is changed. */
export async function acceptTransaction(database: Database, t: TransactionTerms, a: Acceptance, trace: TraceContext): Promise<boolean> {
  const data = { transaction_id: t.transactionId, wallet_id: t.walletId, type: t.type, amount: t.amount, currency: t.currency };
  const event = movementEvent('transaction.initiated', t.transactionId, data, trace, new Date());
  const { rowCount } = await database.execute(sql`
    WITH accepted AS (
      INSERT INTO transactions (transaction_id, wallet_id, type, amount, currency, reference, metadata,
        idempotency_key, body_hash, request_id, traceparent, deadline_at)
      VALUES (${t.transactionId}, ${t.walletId}, ${t.type}, ${t.amount}, ${t.currency}, ${a.reference ?? null},
        ${a.metadata === undefined ? null : JSON.stringify(a.metadata)}::jsonb, ${a.idempotencyKey}, decode(${a.bodyHash}, 'hex'),
        ${trace.requestId}, ${trace.traceparent ?? null}, now() + make_interval(secs => ${a.deadlineSeconds}))
      ON CONFLICT DO NOTHING
      RETURNING transaction_id
    ), event AS (
      ${insertEvent(event, sql`accepted`)}
    )
    SELECT FROM accepted`);
  return rowCount === 1;
}

/** Writes how a transaction ended, with its event, unless it has ended already. Answers what is stored then. */
export async function recordTransactionEnd(database: Database, transactionId: TransactionId, end: TransactionEnd, trace: TraceContext): Promise<TransactionEnd> {
  const reason = end.status === 'FAILED' ? end.failureReason : null;
  const data = { transaction_id: transactionId, ...(reason === null ? {} : { reason }) };
  const event = movementEvent(`transaction.${end.status.toLowerCase()}`, transactionId, data, trace, new Date());
  const { rowCount } = await database.execute(sql`
    WITH changed AS (
      UPDATE transactions SET status = ${end.status}, failure_reason = ${reason}, updated_at = clock_timestamp(),
        attention_reason = NULL, attention_since = NULL, attention_error = NULL
      WHERE transaction_id = ${transactionId} AND status = 'PENDING'
      RETURNING transaction_id
    ), event AS (
      ${insertEvent(event, sql`changed`)}
    )
    SELECT FROM changed`);
  if (rowCount === 1) return end;

  // A statement of its own: the one above may have waited for another's write, which its snapshot does not show.
  const stored = await findTransaction(database, transactionId);
  if (stored === undefined || stored.status === 'PENDING') throw new Error(`the end of transaction ${transactionId} could not be written`);
  return stored.status === 'FAILED' ? { status: 'FAILED', failureReason: stored.failureReason! } : { status: 'PROCESSED' };
}

/** Shows an operator that a transaction given up cannot be canceled. */
export async function recordTransactionAttention(database: Database, transactionId: TransactionId, reason: string, error: string): Promise<void> {
  await database
    .update(transactions)
    .set({ attentionReason: reason, attentionError: error, attentionSince: sql`coalesce(${transactions.attentionSince}, clock_timestamp())` })
    .where(and(eq(transactions.transactionId, transactionId), eq(transactions.status, 'PENDING')));
}

export async function findTransaction(database: Database, transactionId: TransactionId): Promise<Transaction | undefined> {
  const rows = await database.select().from(transactions).where(eq(transactions.transactionId, transactionId));
  return rows[0];
}

export interface TransactionFilter {
  readonly status?: TransactionStatus | undefined;
  readonly type?: TransactionType | undefined;
  readonly walletId?: WalletId | undefined;
  /** Included. */
  readonly createdAfter?: Date | undefined;
  /** Excluded. */
  readonly createdBefore?: Date | undefined;
  readonly after?: { readonly createdAt: Date; readonly transactionId: TransactionId } | undefined;
  readonly limit: number;
}

/** Newest first, those after the cursor. */
export function listTransactions(database: Database, filter: TransactionFilter): Promise<Transaction[]> {
  const conditions: (SQL | undefined)[] = [];
  if (filter.status !== undefined) conditions.push(eq(transactions.status, filter.status));
  if (filter.type !== undefined) conditions.push(eq(transactions.type, filter.type));
  if (filter.walletId !== undefined) conditions.push(eq(transactions.walletId, filter.walletId));
  if (filter.createdAfter !== undefined) conditions.push(gte(transactions.createdAt, filter.createdAfter));
  if (filter.createdBefore !== undefined) conditions.push(lt(transactions.createdAt, filter.createdBefore));
  if (filter.after !== undefined) {
    const { createdAt, transactionId } = filter.after;
    conditions.push(or(lt(transactions.createdAt, createdAt), and(eq(transactions.createdAt, createdAt), lt(transactions.transactionId, transactionId))));
  }
  return database
    .select()
    .from(transactions)
    .where(and(...conditions))
    .orderBy(desc(transactions.createdAt), desc(transactions.transactionId))
    .limit(filter.limit);
}

/** As sweepTransfers in queries.ts, for transactions. */
export async function sweepTransactions(
  database: Database,
  { olderThanSeconds, limit }: { olderThanSeconds: number; limit: number },
  start: (transaction: Transaction) => Promise<boolean>,
): Promise<number> {
  return database.transaction(async (tx) => {
    const due = await tx
      .select()
      .from(transactions)
      .where(sql`${transactions.status} = 'PENDING' AND ${transactions.startedAt} IS NULL AND ${transactions.createdAt} < now() - make_interval(secs => ${olderThanSeconds})`)
      .orderBy(asc(transactions.createdAt))
      .limit(limit)
      .for('no key update', { skipLocked: true });
    const started = await Promise.all(due.map(start));
    const ids = due.filter((_, index) => started[index]).map(({ transactionId }) => transactionId);
    if (ids.length > 0) await tx.update(transactions).set({ startedAt: sql`clock_timestamp()` }).where(inArray(transactions.transactionId, ids));
    return due.length;
  });
}
