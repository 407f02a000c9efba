/**
 * The runs of recurring transfers in the transfer database: each is accepted as a transfer once, by its name; runs that nobody
 * will make up for are listed as skipped.
 */
import { and, desc, eq, sql, type SQL } from 'drizzle-orm';
import type { ByWhom } from '../../domain/audit-event.ts';
import { recurringRunId } from '../../domain/derived-id.ts';
import { movementEvent } from '../../domain/event.ts';
import type { RecurringTransferId, TransferId } from '../../domain/ids.ts';
import { transferBodyHash } from '../../domain/transfer/movement-body.ts';
import { scheduledRunName, triggeredRunName } from '../../domain/transfer/recurring.ts';
import { isRunTime, secondOf } from '../../domain/transfer/run-times.ts';
import type { TraceContext } from '../../domain/trace-context.ts';
import { rowOf, type Database } from '../database.ts';
import { START_DUE_SECONDS } from './acceptance.ts';
import { acceptOrAwait } from './approval-queries.ts';
import { insertEvent, insertMetadata } from './insert-clauses.ts';
import { findTransfer, type Transfer } from './queries.ts';
import { findRecurringTransfer, putBackChange, type RecurringTransfer } from './recurring-queries.ts';
import { recurringTransferSkips, transfers } from './schema.ts';

export type ScheduledRun =
  | { readonly outcome: 'accepted'; readonly transfer: Transfer; readonly isNew: boolean }
  /** The recurring transfer is paused or deleted, or was at the nominal time; or it has no run at that time. */
  | { readonly outcome: 'not_due' };

/**
 * Accepts the transfer of the run at a nominal time: once, however often it is called, and only if the recurring transfer is
 * active and was active at that time. If the local clock is put back and shows that time twice, and a former version of the
 * program has paid at the second of the two instants, the first is not paid as well. A concurrent pause waits for this call, or
 * this call waits for the pause, which then counts. `now` is the caller's clock.
 */
export async function acceptScheduledRun(
  database: Database,
  id: RecurringTransferId,
  nominalAt: Date,
  deadlineSeconds: number,
  now: Date = new Date(),
): Promise<ScheduledRun> {
  const recurring = await findRecurringTransfer(database, id);
  if (recurring === undefined || !isRunTime(recurring, nominalAt)) return { outcome: 'not_due' };
  const name = scheduledRunName(nominalAt);
  const at = sql`${nominalAt.toISOString()}::timestamptz`;
  const accept = (): Promise<Transfer | undefined> =>
    insertRun(database, recurring, name, {
      nominalAt,
      deadlineSeconds,
      trace: { requestId: recurring.requestId },
      // To have been active at that time, it must have been made by then.
      condition: sql`status = 'ACTIVE' AND ${at} BETWEEN coalesce(starts_at, '-infinity') AND coalesce(ends_at, 'infinity')
        AND ${wasActiveAt(id, at)} AND NOT ${hasRun(id, sql`${secondOf(recurring, nominalAt)?.toISOString() ?? null}::timestamptz`)}`,
    });
  const fresh = await accept();
  if (fresh !== undefined) return { outcome: 'accepted', transfer: fresh, isNew: true };
  const transfer = await findTransfer(database, recurringRunId(id, name));
  if (transfer !== undefined) return { outcome: 'accepted', transfer, isNew: false };
  const late = (await putBackChange(database, id, { nominalAt, now })) === undefined ? undefined : await accept();
  if (late !== undefined) return { outcome: 'accepted', transfer: late, isNew: true };
  // A Schedule that runs a paused or deleted order does not agree with it yet: have it looked after at once.
  await database.execute(sql`
    UPDATE recurring_transfers SET tend_due_at = now() WHERE recurring_transfer_id = ${id} AND status <> 'ACTIVE'`);
  return { outcome: 'not_due' };
}

/**
 * Accepts the transfer of a run that somebody asks for now, whatever the rhythm, even while the recurring transfer is paused.
 * Returns undefined if the key was used before, or if the recurring transfer is deleted.
 */
export function acceptTriggeredRun(
  database: Database,
  recurring: RecurringTransfer,
  idempotencyKey: string,
  deadlineSeconds: number,
  trace: TraceContext,
  by?: ByWhom,
): Promise<Transfer | undefined> {
  const condition = sql`status <> 'DELETED'`;
  const name = triggeredRunName(idempotencyKey);
  return insertRun(database, recurring, name, { nominalAt: undefined, deadlineSeconds, trace, condition, by });
}

/**
 * Writes the run's row as PENDING, or as AWAITING_APPROVAL if a policy demands that, its first step and its event, if `condition` holds of the recurring transfer. Returns
 * undefined if it does not hold, or if the run has its transfer already.
 */
async function insertRun(
  database: Database,
  recurring: RecurringTransfer,
  name: string,
  run: {
    readonly nominalAt: Date | undefined;
    readonly deadlineSeconds: number;
    readonly trace: TraceContext;
    readonly condition: SQL;
    readonly by?: ByWhom | undefined;
  },
): Promise<Transfer | undefined> {
  const { recurringTransferId, senderWalletId, receiverWalletId, amount, currency, reference, metadata } = recurring;
  const transferId = recurringRunId(recurringTransferId, name);
  const event = movementEvent(
    'transfer.initiated',
    transferId,
    {
      transfer_id: transferId,
      sender_wallet_id: senderWalletId,
      receiver_wallet_id: receiverWalletId,
      amount,
      currency,
    },
    run.trace,
    new Date(),
  );
  return acceptOrAwait(
    database,
    run.by,
    ({ transferId }) => transferId,
    async (on, isAwaiting) => {
      const { rows } = await on.execute(sql`
    WITH due AS (
      SELECT FROM recurring_transfers WHERE recurring_transfer_id = ${recurringTransferId} AND ${run.condition} FOR SHARE
    ), accepted AS (
      INSERT INTO transfers (transfer_id, tenant, sender_wallet_id, receiver_wallet_id, amount, currency, reference, metadata,
        recurring_transfer_id, nominal_at, idempotency_key, body_hash, request_id, traceparent, deadline_at, start_due_at, status)
      SELECT ${transferId}::uuid, ${recurring.tenant}, ${senderWalletId}::uuid, ${receiverWalletId}::uuid, ${amount}::numeric, ${currency}, ${reference},
        ${JSON.stringify(metadata)}::jsonb, ${recurringTransferId}::uuid, ${run.nominalAt?.toISOString() ?? null}::timestamptz,
        ${name}, decode(${transferBodyHash(recurring)}, 'hex'), ${run.trace.requestId}, ${run.trace.traceparent ?? null},
        now() + make_interval(secs => ${run.deadlineSeconds}), ${isAwaiting ? sql`NULL` : sql`now() + make_interval(secs => ${START_DUE_SECONDS})`},
        ${isAwaiting ? 'AWAITING_APPROVAL' : 'PENDING'}
      FROM due
      ON CONFLICT DO NOTHING
      RETURNING *
    ), step AS (
      INSERT INTO transfer_steps (transfer_id, step) SELECT transfer_id, status FROM accepted
    ), event AS (
      ${insertEvent(event, sql`accepted`)}
    ), metadata AS (
      ${insertMetadata('transfer')}
    )
    SELECT * FROM accepted`);
      return rows[0] && rowOf(transfers, rows[0]);
    },
  );
}

/** The nominal times, of those that its Schedule knows, at which a run was due that has no transfer, in order. */
export async function findMissedRuns(
  database: Database,
  recurring: RecurringTransfer,
  nominalTimes: readonly Date[],
): Promise<Date[]> {
  const id = recurring.recurringTransferId;
  const runTimes = nominalTimes.filter((at) => isRunTime(recurring, at));
  if (runTimes.length === 0) return [];
  const instants = (times: readonly (Date | undefined)[]) =>
    sql`${sql.param(times.map((at) => at?.toISOString() ?? null))}::timestamptz[]`;
  const { rows } = await database.execute<{ at: string }>(sql`
    SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS at
    FROM unnest(${instants(runTimes)}, ${instants(runTimes.map((at) => secondOf(recurring, at)))}) AS nominal (at, second_at)
    WHERE ${wasActiveAt(id, sql`at`)} AND NOT ${hasRun(id, sql`at`)} AND NOT ${hasRun(id, sql`second_at`)}
    ORDER BY nominal.at`);
  return rows.map(({ at }) => new Date(at));
}

/** Lists the runs at these nominal times as skipped. A repeat changes nothing. */
export async function recordSkips(
  database: Database,
  id: RecurringTransferId,
  nominalTimes: readonly Date[],
): Promise<void> {
  if (nominalTimes.length === 0) return;
  await database
    .insert(recurringTransferSkips)
    .values(nominalTimes.map((nominalAt) => ({ recurringTransferId: id, nominalAt })))
    .onConflictDoNothing();
}

/** The transfers of a recurring transfer that follow the cursor, newest first. */
export function listRuns(
  database: Database,
  id: RecurringTransferId,
  { after, limit }: { after?: { createdAt: Date; transferId: TransferId } | undefined; limit: number },
): Promise<Transfer[]> {
  return database
    .select()
    .from(transfers)
    .where(
      and(
        eq(transfers.recurringTransferId, id),
        after &&
          sql`(${transfers.createdAt}, ${transfers.transferId}) < (${after.createdAt.toISOString()}::timestamptz, ${after.transferId}::uuid)`,
      ),
    )
    .orderBy(desc(transfers.createdAt), desc(transfers.transferId))
    .limit(limit);
}

/** The nominal times of its skipped runs that lie before the cursor, the latest first. */
export async function listSkips(
  database: Database,
  id: RecurringTransferId,
  { before, limit }: { before?: Date | undefined; limit: number },
): Promise<Date[]> {
  const { recurringTransferId, nominalAt } = recurringTransferSkips;
  const rows = await database
    .select({ nominalAt })
    .from(recurringTransferSkips)
    .where(
      and(
        eq(recurringTransferId, id),
        before && sql`${nominalAt} < ${before.toISOString()}::timestamptz`,
        // Without a run that an operator had Temporal make up for after all.
        sql`NOT EXISTS (SELECT FROM transfers t WHERE t.recurring_transfer_id = ${id} AND t.nominal_at = ${nominalAt})`,
      ),
    )
    .orderBy(desc(nominalAt))
    .limit(limit);
  return rows.map((row) => row.nominalAt);
}

/**
 * The condition that its status was ACTIVE at an instant; before it was made, and while it was paused, it was not. Only their
 * sequence orders the changes: if the clock was behind, a pause may bear an earlier time than the status that it ended.
 */
function wasActiveAt(id: RecurringTransferId, at: SQL): SQL {
  return sql`'ACTIVE' = (
    SELECT change.status FROM recurring_transfer_changes change
    WHERE change.recurring_transfer_id = ${id} AND change.created_at <= ${at}
    ORDER BY change.change_id DESC LIMIT 1)`;
}

/** The condition that a transfer was accepted for the run at an instant; false if the instant is null. */
function hasRun(id: RecurringTransferId, at: SQL): SQL {
  return sql`EXISTS (SELECT FROM transfers ran WHERE ran.recurring_transfer_id = ${id} AND ran.nominal_at = ${at})`;
}
