/**
 * What the transfer service asks of its database about transfers: acceptance, status writes, attention, and reads.
 * Every write is one statement together with its step and its event. Imported by the transfer activities, the transfer
 * API and the sweep. One-sided transactions are in transaction-queries.ts.
 */
import { and, asc, eq, inArray, lt, sql, type SQL } from 'drizzle-orm';
import { movementEvent, type CloudEvent } from '../../domain/event.ts';
import type { TransferId } from '../../domain/ids.ts';
import type { TraceContext } from '../../domain/trace-context.ts';
import { statusesBelow, type TransferEnd, type TransferStatus, type TransferTerms } from '../../domain/transfer.ts';
import { rowOf, type Database } from '../database.ts';
import { transfers, transferSteps } from './schema.ts';

export type Transfer = typeof transfers.$inferSelect;
export type TransferStep = typeof transferSteps.$inferSelect;

export interface Acceptance {
  readonly reference: string | undefined;
  readonly metadata: Record<string, string> | undefined;
  readonly idempotencyKey: string;
  /** SHA-256 in hex. */
  readonly bodyHash: string;
  /** From acceptance until it is given up. */
  readonly deadlineSeconds: number;
}

/** Longer than the API waits for a start, so that the sweep rarely repeats one that is under way. */
export const START_DUE_SECONDS = 3;

/**
 * Accepts a transfer: its row as PENDING, its first step and `transfer.initiated`. Undefined if the id is taken, in which
 * case nothing is changed; one that races another waits for the other's transaction, so the row can then be read.
 */
export async function acceptTransfer(
  database: Database,
  t: TransferTerms,
  a: Acceptance,
  trace: TraceContext,
): Promise<Transfer | undefined> {
  const event = movementEvent(
    'transfer.initiated',
    t.transferId,
    {
      transfer_id: t.transferId,
      sender_wallet_id: t.senderWalletId,
      receiver_wallet_id: t.receiverWalletId,
      amount: t.amount,
      currency: t.currency,
    },
    trace,
    new Date(),
  );
  const { rows } = await database.execute(sql`
    WITH accepted AS (
      INSERT INTO transfers (transfer_id, sender_wallet_id, receiver_wallet_id, amount, currency, reference, metadata,
        idempotency_key, body_hash, request_id, traceparent, deadline_at, start_due_at)
      VALUES (${t.transferId}, ${t.senderWalletId}, ${t.receiverWalletId}, ${t.amount}, ${t.currency}, ${a.reference ?? null},
        ${a.metadata === undefined ? null : JSON.stringify(a.metadata)}::jsonb, ${a.idempotencyKey}, decode(${a.bodyHash}, 'hex'),
        ${trace.requestId}, ${trace.traceparent ?? null}, now() + make_interval(secs => ${a.deadlineSeconds}),
        now() + make_interval(secs => ${START_DUE_SECONDS}))
      ON CONFLICT DO NOTHING
      RETURNING *
    ), step AS (
      INSERT INTO transfer_steps (transfer_id, step) SELECT transfer_id, 'PENDING' FROM accepted
    ), event AS (
      ${insertEvent(event, sql`accepted`)}
    )
    SELECT * FROM accepted`);
  return rows[0] && rowOf(transfers, rows[0]);
}

/**
 * Writes that a transfer has reached a status, with its step and, at its end, its event; only if that is of a higher rank
 * than what is stored. Answers what is stored then, which the caller adopts.
 */
export async function recordTransferStatus(
  database: Database,
  transferId: TransferId,
  next: { readonly status: 'DEBITED' } | TransferEnd,
  trace: TraceContext,
): Promise<{ status: 'DEBITED' } | TransferEnd> {
  const reason = next.status === 'FAILED' ? next.failureReason : null;
  const event = endEvent(transferId, next, trace);
  const { rowCount } = await database.execute(sql`
    WITH changed AS (
      UPDATE transfers SET status = ${next.status}, failure_reason = ${reason}, updated_at = clock_timestamp()
        ${event === undefined ? sql`` : sql`, attention_reason = NULL, attention_since = NULL, attention_error = NULL`}
      WHERE transfer_id = ${transferId} AND ${isBelow(next.status)}
      RETURNING transfer_id
    ), step AS (
      INSERT INTO transfer_steps (transfer_id, step, reason) SELECT transfer_id, ${next.status}, ${reason} FROM changed
    )${event === undefined ? sql`` : sql`, event AS (${insertEvent(event, sql`changed`)})`}
    SELECT FROM changed`);
  if (rowCount === 1) return next;

  // A statement of its own: the one above may have waited for another's write, which its snapshot does not show.
  const stored = await findTransfer(database, transferId);
  if (stored === undefined) throw new Error(`there is no transfer ${transferId}`);
  return statusOf(stored);
}

/** Shows an operator that a transfer's compensation cannot finish, and keeps the first time as a step. */
export async function recordTransferAttention(
  database: Database,
  transferId: TransferId,
  reason: string,
  error: string,
): Promise<void> {
  await database.execute(sql`
    WITH changed AS (
      UPDATE transfers SET attention_reason = ${reason}, attention_error = ${error}, attention_since = coalesce(attention_since, clock_timestamp())
      WHERE transfer_id = ${transferId} AND ${isBelow('FAILED')}
      RETURNING transfer_id
    )
    INSERT INTO transfer_steps (transfer_id, step, reason) SELECT transfer_id, 'ATTENTION', ${reason} FROM changed
    ON CONFLICT DO NOTHING`);
}

export async function findTransfer(database: Database, transferId: TransferId): Promise<Transfer | undefined> {
  const rows = await database.select().from(transfers).where(eq(transfers.transferId, transferId));
  return rows[0];
}

/** In the order in which it reached them. */
export function listSteps(database: Database, transferId: TransferId): Promise<TransferStep[]> {
  return database
    .select()
    .from(transferSteps)
    .where(eq(transferSteps.transferId, transferId))
    .orderBy(asc(transferSteps.stepId));
}

/**
 * Transfers that were accepted and are not known to be started, and that nobody is starting, the longest due first. They
 * are due again after `leaseSeconds`. Rows that another sweep is claiming are passed over.
 */
export function claimDueTransfers(
  database: Database,
  { limit, leaseSeconds }: { limit: number; leaseSeconds: number },
): Promise<Transfer[]> {
  const due = database
    .select({ id: transfers.transferId })
    .from(transfers)
    .where(and(eq(transfers.status, 'PENDING'), lt(transfers.startDueAt, sql`now()`)))
    .orderBy(asc(transfers.startDueAt))
    .limit(limit)
    .for('update', { skipLocked: true });
  return database
    .update(transfers)
    .set({ startDueAt: sql`now() + make_interval(secs => ${leaseSeconds})` })
    .where(sql`${transfers.transferId} = ANY(ARRAY(${due}))`)
    .returning();
}

/** Notes that these transfers are known to be started. */
export async function noteTransfersStarted(database: Database, transferIds: readonly TransferId[]): Promise<void> {
  if (transferIds.length > 0)
    await database
      .update(transfers)
      .set({ startDueAt: null })
      .where(inArray(transfers.transferId, [...transferIds]));
}

/** The condition that a row's status is of a lower rank. */
function isBelow(next: TransferStatus): SQL {
  return inArray(transfers.status, statusesBelow(next));
}

function statusOf({ status, failureReason }: Transfer): { status: 'DEBITED' } | TransferEnd {
  if (status === 'FAILED') return { status, failureReason: failureReason! };
  if (status === 'SCHEDULED' || status === 'PENDING')
    throw new Error(`a status write found ${status}, which is below every status that is written`);
  return { status };
}

function endEvent(
  transferId: TransferId,
  next: { readonly status: 'DEBITED' } | TransferEnd,
  trace: TraceContext,
): CloudEvent | undefined {
  if (next.status === 'DEBITED') return undefined;
  const data =
    next.status === 'FAILED' ? { transfer_id: transferId, reason: next.failureReason } : { transfer_id: transferId };
  return movementEvent(`transfer.${next.status.toLowerCase()}`, transferId, data, trace, new Date());
}

/** The clause that writes an event to the outbox for each row of `when`, which has at most one. */
export function insertEvent(event: CloudEvent, when: SQL): SQL {
  return sql`INSERT INTO outbox_events (event_id, type, subject, payload)
    SELECT ${event.id}, ${event.type}, ${event.subject}, ${JSON.stringify(event)}::jsonb FROM ${when}`;
}
