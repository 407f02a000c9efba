/**
 * The transfer service's queries about one-sided transactions: acceptance, status writes, attention, and reads; queries.ts has
 * the same for transfers.
 */
import { and, eq, sql, type SQL } from 'drizzle-orm';
import { movementEvent } from '../../domain/event.ts';
import type { TransactionId } from '../../domain/ids.ts';
import { MovementMissing } from '../../domain/transfer/movement-missing.ts';
import { tenantOf, type Tenant } from '../../domain/tenant.ts';
import type { TraceContext } from '../../domain/trace-context.ts';
import type { TransactionEnd, TransactionTerms } from '../../domain/transfer/transaction.ts';
import { columnsOf, executePrepared, rowOf, type Database } from '../database.ts';
import { claimDue, clearDue, type Claim, type DueRows } from '../due.ts';
import { andBody, isBody } from './body.ts';
import { acceptOrAwait } from './approval-queries.ts';
import { openCase } from './case-clauses.ts';
import { closeCase } from './case-log.ts';
import { START_DUE_SECONDS, type Acceptance } from './acceptance.ts';
import { insertEvent, insertMetadata } from './insert-clauses.ts';
import { lastedSeconds } from './lasted.ts';
import { transactions } from './schema.ts';

export type Transaction = typeof transactions.$inferSelect;

/**
 * Accepts a transaction: writes its row as PENDING, or as AWAITING_APPROVAL if a policy demands that, and `transaction.initiated`. Returns
 * undefined, and changes nothing, if the id is taken.
 */
export async function acceptTransaction(
  database: Database,
  t: TransactionTerms,
  a: Acceptance,
  trace: TraceContext,
): Promise<Transaction | undefined> {
  const data = {
    transaction_id: t.transactionId,
    wallet_id: t.walletId,
    type: t.type,
    amount: t.amount,
    currency: t.currency,
  };
  const event = movementEvent('transaction.initiated', t.transactionId, data, trace, new Date());
  const accept = (isAwaiting: boolean): SQL => sql`
    WITH accepted AS (
      INSERT INTO transactions (transaction_id, tenant, wallet_id, type, amount, currency, status, reference, metadata,
        idempotency_key, body_hash, request_id, traceparent, deadline_at, start_due_at)
      VALUES (${t.transactionId}, ${tenantOf(t)}, ${t.walletId}, ${t.type}, ${t.amount}, ${t.currency}, ${isAwaiting ? 'AWAITING_APPROVAL' : 'PENDING'},
        ${a.reference ?? null}, ${a.metadata === undefined ? null : JSON.stringify(a.metadata)}::jsonb, ${a.idempotencyKey}, decode(${a.bodyHash}, 'hex'),
        ${trace.requestId}, ${trace.traceparent ?? null}, now() + make_interval(secs => ${a.deadlineSeconds}),
        ${isAwaiting ? null : sql`now() + make_interval(secs => ${START_DUE_SECONDS})`})
      ON CONFLICT DO NOTHING
      RETURNING *
    ), pair AS (
      ${insertMetadata('transaction')}
    ), event AS (
      ${insertEvent(event, sql`accepted`)}
    )
    SELECT ${columnsOf(transactions)} FROM accepted`;
  return acceptOrAwait(database, a.by, transactionIdOf, async (on, isAwaiting) => {
    const { rows } = isAwaiting ? await on.execute(accept(true)) : await executePrepared(database, accept(false));
    return rows[0] && rowOf(transactions, rows[0]);
  });
}

const transactionIdOf = ({ transactionId }: Transaction): TransactionId => transactionId;

/**
 * Writes the end of a transaction, with its event, unless it has ended already. Returns the row as it is then. Throws
 * MovementMissing if there is no such transaction, or if it has another body than `bodyHash` (hex). `ended` is called with the row if
 * this call has written its end, and with how long it took (lasted.ts).
 */
export async function recordTransactionEnd(
  database: Database,
  transactionId: TransactionId,
  end: TransactionEnd,
  trace: TraceContext,
  bodyHash?: string,
  ended: (transaction: Transaction, lastedSeconds: number) => void = () => {},
): Promise<Transaction> {
  const reason = end.status === 'FAILED' ? end.failureReason : null;
  const detail = end.status === 'FAILED' && end.detail !== undefined ? JSON.stringify(end.detail) : null;
  const data = { transaction_id: transactionId, ...(reason === null ? {} : { reason }) };
  const event = movementEvent(`transaction.${end.status.toLowerCase()}`, transactionId, data, trace, new Date());
  const { rows } = await executePrepared(
    database,
    sql`
    WITH changed AS (
      UPDATE transactions SET status = ${end.status}, failure_reason = ${reason}, failure_detail = ${detail}::jsonb,
        updated_at = clock_timestamp(), attention_reason = NULL, attention_since = NULL, attention_error = NULL
      WHERE transaction_id = ${transactionId} AND status = 'PENDING' ${andBody(bodyHash)}
      RETURNING *
    ), event AS (
      ${insertEvent(event, sql`changed`)}
    )
    SELECT ${columnsOf(transactions)}, ${lastedSeconds(sql`transaction_id`, sql`created_at`)} FROM changed`,
  );
  const changed = rows[0] && rowOf(transactions, rows[0]);
  if (changed !== undefined) ended(changed, Number(rows[0]!['lasted_seconds']));
  const subject = `transaction/${transactionId}`;
  if (changed !== undefined && changed.attentionCaseId !== null)
    await closeCase(database, subject, `the transaction is ${end.status}`);
  if (changed !== undefined) return changed;

  // A statement of its own: the one above may have waited for another's write, which its snapshot does not show.
  const stored = await findTransaction(database, transactionId);
  if (stored === undefined || !isBody(stored, bodyHash)) throw new MovementMissing(`transaction ${transactionId}`);
  if (stored.status === 'PENDING' || stored.status === 'AWAITING_APPROVAL')
    throw new Error(`the end of transaction ${transactionId} could not be written`);
  if (stored.attentionCaseId !== null) await closeCase(database, subject, `the transaction is ${stored.status}`);
  return stored;
}

/** The end of a transaction that has ended; throws if it has not. */
export function endOf({ transactionId, status, failureReason, failureDetail }: Transaction): TransactionEnd {
  if (status === 'PENDING' || status === 'AWAITING_APPROVAL')
    throw new Error(`transaction ${transactionId} has not ended`);
  if (status === 'PROCESSED') return { status };
  return {
    status,
    failureReason: failureReason!,
    ...(failureDetail === null ? {} : { detail: failureDetail }),
  };
}

/** Shows an operator that a transaction that was given up cannot be canceled, and opens a case for it. */
export async function recordTransactionAttention(
  database: Database,
  transactionId: TransactionId,
  reason: string,
  error: string,
  bodyHash?: string,
): Promise<void> {
  await database.execute(sql`
    WITH concerned AS (
      SELECT tenant, NULL::uuid AS transfer_id, transaction_id, 'transaction/' || transaction_id AS subject FROM transactions
      WHERE transaction_id = ${transactionId} AND status = 'PENDING' ${andBody(bodyHash)} FOR NO KEY UPDATE
    ), ${openCase(reason, error)}
    UPDATE transactions SET attention_case_id = opened.case_id, attention_reason = ${reason}, attention_error = ${error},
      attention_since = coalesce(attention_since, clock_timestamp()), updated_at = clock_timestamp()
    FROM opened WHERE transactions.transaction_id = opened.transaction_id`);
}

/** Whichever tenant's it is, as findTransfer. */
export async function findTransaction(
  database: Database,
  transactionId: TransactionId,
): Promise<Transaction | undefined> {
  const rows = await database.select().from(transactions).where(eq(transactions.transactionId, transactionId));
  return rows[0];
}

/** A tenant's transaction. */
export async function findTransactionOf(
  database: Database,
  tenant: Tenant,
  transactionId: TransactionId,
): Promise<Transaction | undefined> {
  const rows = await database
    .select()
    .from(transactions)
    .where(and(eq(transactions.transactionId, transactionId), eq(transactions.tenant, tenant)));
  return rows[0];
}

const UNSTARTED: DueRows<typeof transactions> = {
  table: transactions,
  id: transactions.transactionId,
  dueAt: transactions.startDueAt,
  isOpen: sql`status = 'PENDING'`,
};

/** Claims the transactions that are due to be started, by db/due.ts. */
export function claimDueTransactions(database: Database, claim: Claim): Promise<Transaction[]> {
  return claimDue(database, UNSTARTED, claim);
}

/** Notes that these transactions are known to be started. */
export function noteTransactionsStarted(database: Database, transactionIds: readonly TransactionId[]): Promise<void> {
  return clearDue(database, UNSTARTED, transactionIds);
}
