/**
 * The transfer service's queries about transfers: status writes, attention, and reads. Every write is one statement together with
 * its step and its event. Acceptance is in acceptance.ts, one-sided transactions are in transaction-queries.ts.
 */
import { and, asc, eq, inArray, sql, type SQL } from 'drizzle-orm';
import { SYSTEM_ACTOR } from '../../domain/transfer/case.ts';
import { movementEvent } from '../../domain/event.ts';
import type { TransferId } from '../../domain/ids.ts';
import { MovementMissing } from '../../domain/transfer/movement-missing.ts';
import type { Tenant } from '../../domain/tenant.ts';
import type { TraceContext } from '../../domain/trace-context.ts';
import {
  isTerminal,
  statusesBelow,
  type AdvanceState,
  type ReachedStatus,
  type StoredStatus,
  type TransferEnd,
  type TransferStatus,
} from '../../domain/transfer/transfer.ts';
import { columnsOf, executePrepared, rowOf, type Database } from '../database.ts';
import { andBody, isBody } from './body.ts';
import { openCase } from './case-clauses.ts';
import { closeCase } from './case-log.ts';
import { insertEvent } from './insert-clauses.ts';
import { lastedSeconds } from './lasted.ts';
import { transfers, transferSteps } from './schema.ts';

export type Transfer = typeof transfers.$inferSelect;
export type TransferStep = typeof transferSteps.$inferSelect;

/**
 * Writes the status that a transfer has reached, with its step and, at its end, its event, but only over a status of a lower
 * rank. Returns the row as it is then, which the caller adopts. `debitedAt` is for the DEBITED step of a transfer that ends
 * without having been written DEBITED. At an end, the transfer's case is closed, and a reversal that moved nothing frees its
 * amount to be reversed again.
 *
 * If the transfer has ever needed attention, COMPLETED with `advance` open is not written, and the returned row has not ended: an
 * operator may have had the sender paid in advance by a call that is still under way, and once the end is known such a payment
 * would be a gift. The advance's fence has to be asked first. If the external wallet has paid (`advance` applied), that is logged
 * with the end.
 *
 * Throws MovementMissing if there is no such transfer, or if it has another body than `bodyHash` (hex), the body of the transfer
 * that the caller is about.
 */
export async function recordTransferStatus(
  database: Database,
  transferId: TransferId,
  next: ReachedStatus,
  trace: TraceContext,
  {
    debitedAt,
    advance,
    bodyHash,
    ended,
  }: {
    debitedAt?: Date | undefined;
    advance?: AdvanceState | undefined;
    bodyHash?: string | undefined;
    /** Called with the row if this call has written its end, and with how long it took (lasted.ts). */
    ended?: (transfer: Transfer, lastedSeconds: number) => void;
  } = {},
): Promise<Transfer> {
  const reason = next.status === 'FAILED' ? next.failureReason : null;
  const lasted = isEnd(next)
    ? sql`, ${lastedSeconds(sql`transfer_id`, sql`coalesce(scheduled_at, created_at)`)}`
    : sql``;
  const { rows } = await executePrepared(
    database,
    sql`
    WITH changed AS (
      UPDATE transfers SET status = ${next.status}, failure_reason = ${reason}, updated_at = clock_timestamp()
        ${capturedOf(next)}${isEnd(next) ? sql`, failure_detail = ${detailOf(next)}::jsonb, attention_reason = NULL, attention_since = NULL, attention_error = NULL` : sql``}
      WHERE transfer_id = ${transferId} AND ${isBelow(next.status)} ${andBody(bodyHash)}
        ${next.status === 'COMPLETED' && advance === 'open' ? sql`AND attention_case_id IS NULL` : sql``}
      RETURNING *
    ), step AS (
      INSERT INTO transfer_steps (transfer_id, step, reason, created_at) ${stepsTo(next.status, reason, debitedAt)}
    )${isEnd(next) ? sql`, ${atTheEnd(transferId, next, trace)}` : sql``}${advance === 'applied' ? sql`, ${logAdvance}` : sql``}
    SELECT ${columnsOf(transfers)}${lasted} FROM changed`,
  );
  const changed = rows[0] && rowOf(transfers, rows[0]);
  if (isEnd(next) && changed !== undefined) ended?.(changed, Number(rows[0]!['lasted_seconds']));
  if (isEnd(next) && changed !== undefined && changed.attentionCaseId !== null)
    await closeCase(database, `transfer/${transferId}`, `the transfer is ${next.status}`);
  if (changed !== undefined) return changed;

  // A statement of its own: the one above may have waited for another's write, which its snapshot does not show.
  const stored = await findTransfer(database, transferId);
  if (stored === undefined || !isBody(stored, bodyHash)) throw new MovementMissing(`transfer ${transferId}`);
  // The process that wrote the end may have died before it closed the case.
  if (isTerminal(stored.status) && stored.attentionCaseId !== null)
    await closeCase(database, `transfer/${transferId}`, `the transfer is ${stored.status}`);
  return stored;
}

/**
 * The steps to write. A completed transfer, or one that ends with a known debit time, may lack its DEBITED step: both are
 * written.
 */
function stepsTo(status: ReachedStatus['status'], reason: string | null, debitedAt: Date | undefined): SQL {
  if (status !== 'COMPLETED' && (debitedAt === undefined || status === 'DEBITED'))
    return sql`SELECT transfer_id, ${status}, ${reason}, clock_timestamp() FROM changed`;
  // `debitedAt` is by another machine's clock, which may be ahead or behind.
  const at = sql`greatest(least(${debitedAt?.toISOString() ?? null}::timestamptz, clock_timestamp()), created_at)`;
  return sql`SELECT transfer_id, reached.step, reached.reason, at FROM changed
      CROSS JOIN LATERAL (VALUES (1, 'DEBITED', NULL, ${at}), (2, ${status}, ${reason}, clock_timestamp())) reached (nth, step, reason, at)
      ORDER BY nth ON CONFLICT DO NOTHING`;
}

const logAdvance = sql`advanced AS (
      INSERT INTO case_actions (case_id, action, actor, comment)
      SELECT attention_case_id, 'advanced', ${SYSTEM_ACTOR}, 'The credit had landed: the external wallet has paid the forced refund.'
      FROM changed WHERE attention_case_id IS NOT NULL
    )`;

function atTheEnd(transferId: TransferId, end: TransferEnd, trace: TraceContext): SQL {
  const data =
    end.status === 'FAILED' ? { transfer_id: transferId, reason: end.failureReason } : { transfer_id: transferId };
  const event = movementEvent(`transfer.${end.status.toLowerCase()}`, transferId, data, trace, new Date());
  return sql`event AS (${insertEvent(event, sql`changed`)})
    ${
      end.status === 'COMPLETED'
        ? sql``
        : sql`, unreserved AS (
          UPDATE transfers reversed SET reversed_amount = reversed.reversed_amount - changed.amount, updated_at = clock_timestamp()
          FROM changed WHERE reversed.transfer_id = changed.reverses_transfer_id
        )`
    }`;
}

/**
 * Decides how much of a hold is captured, zero for nothing, unless that is decided already. Returns the amount that is then
 * decided for ever: if the workflow's run is terminated in between, the run that follows adopts it. A transfer that is not
 * DEBITED has no hold, and the amount is zero; but if the database was restored, the row may be from before the debit, of which
 * the caller knows (`isDebited`). Zero, too, if there is no such row, or if it has another body.
 */
export async function decideCapture(
  database: Database,
  transferId: TransferId,
  amount: string,
  { isDebited = false, bodyHash }: { isDebited?: boolean | undefined; bodyHash?: string | undefined } = {},
): Promise<string> {
  const held = isDebited ? isBelow('COMPLETED') : sql`status = 'DEBITED'`;
  await database.execute(sql`
    UPDATE transfers SET captured_amount = ${amount}, updated_at = clock_timestamp()
    WHERE transfer_id = ${transferId} AND capture_method = 'manual' AND ${held} AND captured_amount IS NULL ${andBody(bodyHash)}`);
  const stored = await findTransfer(database, transferId);
  return (stored !== undefined && isBody(stored, bodyHash) ? stored.capturedAmount : null) ?? '0.0000';
}

/** Shows an operator that a transfer's compensation cannot finish: opens its case, and writes a step the first time. */
export async function recordTransferAttention(
  database: Database,
  transferId: TransferId,
  reason: string,
  error: string,
  bodyHash?: string,
): Promise<void> {
  await database.execute(sql`
    WITH concerned AS (
      SELECT tenant, transfer_id, NULL::uuid AS transaction_id, 'transfer/' || transfer_id AS subject FROM transfers
      WHERE transfer_id = ${transferId} AND ${isBelow('FAILED')} ${andBody(bodyHash)} FOR NO KEY UPDATE
    ), ${openCase(reason, error)}, changed AS (
      UPDATE transfers SET attention_case_id = opened.case_id, attention_reason = ${reason}, attention_error = ${error},
        attention_since = coalesce(attention_since, clock_timestamp()), updated_at = clock_timestamp()
      FROM opened WHERE transfers.transfer_id = opened.transfer_id
      RETURNING transfers.transfer_id
    )
    INSERT INTO transfer_steps (transfer_id, step, reason) SELECT transfer_id, 'ATTENTION', ${reason} FROM changed
    ON CONFLICT DO NOTHING`);
}

/** Whichever tenant's it is: for workers, and where the caller has derived the id or has found the row before. */
export async function findTransfer(database: Database, transferId: TransferId): Promise<Transfer | undefined> {
  const rows = await database.select().from(transfers).where(eq(transfers.transferId, transferId));
  return rows[0];
}

/** A tenant's transfer. */
export async function findTransferOf(
  database: Database,
  tenant: Tenant,
  transferId: TransferId,
): Promise<Transfer | undefined> {
  const rows = await database
    .select()
    .from(transfers)
    .where(and(eq(transfers.transferId, transferId), eq(transfers.tenant, tenant)));
  return rows[0];
}

/** The transfer's steps, in the order in which it reached them. */
export function listSteps(database: Database, transferId: TransferId): Promise<TransferStep[]> {
  return database
    .select()
    .from(transferSteps)
    .where(eq(transferSteps.transferId, transferId))
    .orderBy(asc(transferSteps.stepId));
}

/** Makes the captured amount of a hold's row agree with its credit: a row that was restored may have decided another amount. */
function capturedOf(next: ReachedStatus): SQL {
  if (next.status !== 'COMPLETED' || next.capturedAmount === undefined) return sql``;
  return sql`, captured_amount = CASE capture_method WHEN 'manual' THEN ${next.capturedAmount}::numeric ELSE captured_amount END`;
}

/** The condition that a row's status is of a lower rank. */
function isBelow(next: TransferStatus): SQL {
  return inArray(transfers.status, statusesBelow(next));
}

function isEnd(reached: ReachedStatus): reached is TransferEnd {
  return isTerminal(reached.status);
}

function detailOf(end: TransferEnd): string | null {
  return end.status === 'FAILED' && end.detail !== undefined ? JSON.stringify(end.detail) : null;
}

/** The result of a status write, from the row that is stored. */
export function statusOf({ transferId, status, failureReason, failureDetail, capturedAmount }: Transfer): StoredStatus {
  const captured = capturedAmount === null ? {} : { capturedAmount };
  if (status === 'SCHEDULED' || status === 'AWAITING_APPROVAL')
    throw new Error(`a status write found transfer ${transferId} ${status}, below every status`);
  if (status !== 'FAILED') return { status, ...captured };
  const detail = failureDetail === null ? {} : { detail: failureDetail };
  return { status, failureReason: failureReason!, ...detail, ...captured };
}
