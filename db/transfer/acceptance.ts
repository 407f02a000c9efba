/**
 * The acceptance of transfers and reversals: one statement writes the row, its first step and its first event, once for each id.
 * And the terms of acceptance that other movements share.
 */
import { sql, type SQL } from 'drizzle-orm';
import type { ByWhom } from '../../domain/audit-event.ts';
import { movementEvent, type CloudEvent } from '../../domain/event.ts';
import type { TransferId } from '../../domain/ids.ts';
import { tenantOf } from '../../domain/tenant.ts';
import type { TraceContext } from '../../domain/trace-context.ts';
import type { TransferTerms } from '../../domain/transfer/transfer.ts';
import { columnsOf, executePrepared, rowOf, violatedConstraint, type Database } from '../database.ts';
import { acceptOrAwait } from './approval-queries.ts';
import { insertEvent, insertMetadata } from './insert-clauses.ts';
import type { Transfer } from './queries.ts';
import { transfers } from './schema.ts';

export interface Acceptance {
  readonly reference: string | undefined;
  readonly metadata: Record<string, string> | undefined;
  readonly idempotencyKey: string;
  /** SHA-256 in hex. */
  readonly bodyHash: string;
  /** Who asks, who then has no vote if it needs approvals. */
  readonly by?: ByWhom | undefined;
  /** From acceptance, or from its scheduled time, until the movement is given up. */
  readonly deadlineSeconds: number;
}

export interface TransferAcceptance extends Acceptance {
  /** When the transfer is to begin; if it is given, the transfer is accepted as SCHEDULED. */
  readonly scheduledAt?: Date | undefined;
  /** Makes the transfer manual: the time from acceptance, or from its scheduled time, until its hold is refunded. */
  readonly expiresInSeconds?: number | undefined;
  /** Whether it is canceled before it was created: it is accepted as PENDING, and its workflow only makes sure that nothing moves. */
  readonly beginsCanceled?: boolean;
}

/** Longer than the API waits for a start, so that the sweep rarely repeats a start that is under way. */
export const START_DUE_SECONDS = 3;

/**
 * Accepts a transfer: writes its row as PENDING or SCHEDULED, or as AWAITING_APPROVAL if a policy demands that, its first step and
 * `transfer.initiated`. Returns undefined, and changes nothing, if the id is taken. A call that races another waits for the other's transaction, so it can then read the row.
 */
export async function acceptTransfer(
  database: Database,
  t: TransferTerms,
  a: TransferAcceptance,
  trace: TraceContext,
): Promise<Transfer | undefined> {
  return acceptOrAwait(database, a.by, transferIdOf, async (on, isAwaiting) => {
    const statement = sql`
    WITH ${accepted(t, a, null, trace, isAwaiting)}
    SELECT ${columnsOf(transfers)} FROM accepted`;
    const { rows } = isAwaiting ? await on.execute(statement) : await executePrepared(database, statement);
    return rows[0] && rowOf(transfers, rows[0]);
  });
}

/**
 * Accepts a reversal, which gives back all or a part of what another transfer moved, and reserves its amount in that transfer's
 * row: a CHECK keeps the sum of all reversals from exceeding what that transfer moved. Returns `exceeds` if this reversal would
 * exceed it, or if that transfer is not COMPLETED, and undefined if the id is taken. Neither changes anything.
 */
export async function acceptReversal(
  database: Database,
  t: TransferTerms,
  a: TransferAcceptance,
  reversesTransferId: TransferId,
  trace: TraceContext,
): Promise<Transfer | 'exceeds' | undefined> {
  try {
    return await acceptOrAwait(database, a.by, transferIdOf, async (on, isAwaiting) => {
      const { rows } = await on.execute(sql`
      WITH ${accepted(t, a, reversesTransferId, trace, isAwaiting)}, reserved AS (
        UPDATE transfers reversed SET reversed_amount = reversed.reversed_amount + accepted.amount, updated_at = clock_timestamp()
        FROM accepted WHERE reversed.transfer_id = accepted.reverses_transfer_id AND reversed.tenant = accepted.tenant
      )
      SELECT * FROM accepted`);
      return rows[0] && rowOf(transfers, rows[0]);
    });
  } catch (error) {
    if (violatedConstraint(error) === 'transfers_reversed_at_most_moved') return 'exceeds';
    throw error;
  }
}

const transferIdOf = ({ transferId }: Transfer): TransferId => transferId;

/** The event of an acceptance: what was asked for. */
export function initiatedEvent(t: TransferTerms, trace: TraceContext): CloudEvent {
  const data = {
    transfer_id: t.transferId,
    sender_wallet_id: t.senderWalletId,
    receiver_wallet_id: t.receiverWalletId,
    amount: t.amount,
    currency: t.currency,
  };
  return movementEvent('transfer.initiated', t.transferId, data, trace, new Date());
}

/** The clauses that write an accepted transfer's row, as `accepted`, with its first step and its first event. */
function accepted(
  t: TransferTerms,
  a: TransferAcceptance,
  reversesTransferId: TransferId | null,
  trace: TraceContext,
  isAwaiting: boolean,
): SQL {
  const { beginsCanceled = false } = a;
  const event = initiatedEvent(t, trace);
  const startDueAt = sql`now() + make_interval(secs => ${START_DUE_SECONDS})`;
  const scheduledAt =
    a.scheduledAt === undefined ? sql`NULL::timestamptz` : sql`${a.scheduledAt.toISOString()}::timestamptz`;
  const after = (seconds: number): SQL => sql`coalesce(${scheduledAt}, now()) + make_interval(secs => ${seconds})`;
  return sql`accepted AS (
      INSERT INTO transfers (transfer_id, tenant, sender_wallet_id, receiver_wallet_id, amount, currency, status, capture_method,
        scheduled_at, expires_at, reverses_transfer_id, reference, metadata, idempotency_key,
        body_hash, request_id, traceparent, deadline_at, start_due_at, begins_canceled, cancel_due_at)
      VALUES (${t.transferId}, ${tenantOf(t)}, ${t.senderWalletId}, ${t.receiverWalletId}, ${t.amount}, ${t.currency},
        ${isAwaiting ? 'AWAITING_APPROVAL' : a.scheduledAt === undefined || beginsCanceled ? 'PENDING' : 'SCHEDULED'}, ${a.expiresInSeconds === undefined ? 'automatic' : 'manual'},
        ${scheduledAt}, ${a.expiresInSeconds === undefined ? null : after(a.expiresInSeconds)}, ${reversesTransferId},
        ${a.reference ?? null},
        ${a.metadata === undefined ? null : JSON.stringify(a.metadata)}::jsonb, ${a.idempotencyKey}, decode(${a.bodyHash}, 'hex'),
        ${trace.requestId}, ${trace.traceparent ?? null}, ${after(a.deadlineSeconds)},
        ${beginsCanceled || isAwaiting ? null : startDueAt}, ${beginsCanceled}, ${beginsCanceled ? startDueAt : null})
      ON CONFLICT DO NOTHING
      RETURNING *
    ), step AS (
      INSERT INTO transfer_steps (transfer_id, step) SELECT transfer_id, status FROM accepted
    ), pair AS (
      ${insertMetadata('transfer')}
    ), event AS (
      ${insertEvent(event, sql`accepted`)}
    )`;
}
