/**
 * The state of the transfer service in figures, for the metrics. They cost what is open and not what is stored: each reads a partial
 * index, and a bounded part of it.
 */
import { sql, type SQL } from 'drizzle-orm';
import type { MovementKind } from '../../domain/transfer/movement-counts.ts';
import type { Database } from '../database.ts';
import { notBefore } from './lasted.ts';

/** Of each status; the oldest are counted first, and of those that may wait for days, scheduled or debited, as many of the newest. */
const OPEN_MAX = 100_000;
/** So long after it should have ended, a movement is stuck. */
export const STUCK_AFTER = sql`interval '5 minutes'`;

/** Of a batch that was approved, and whose items are no transfers yet: nothing but its age tells of one that cannot be accepted. */
export const IS_DUE_TO_BE_ACCEPTED = sql`status = 'AWAITING_APPROVAL' AND start_due_at IS NOT NULL`;

export interface OpenMovements {
  readonly kind: MovementKind;
  readonly status: 'SCHEDULED' | 'PENDING' | 'DEBITED';
  readonly count: number;
  /** Since the oldest could begin: since it was accepted or approved, or since its scheduled time; 0 if that is to come. */
  readonly oldestSeconds: number;
  readonly stuck: number;
}

/** The movements that have not ended; kinds and statuses without any are left out. */
export async function listOpenMovements(database: Database, openMax = OPEN_MAX): Promise<OpenMovements[]> {
  const { rows } = await database.execute<{
    kind: MovementKind;
    status: OpenMovements['status'];
    count: string;
    oldest: number;
    stuck: string;
  }>(sql`
    SELECT kind, status, sum(movements) AS count, greatest(extract(epoch FROM now() - min(since)), 0)::float8 AS oldest,
      coalesce(sum(movements) FILTER (WHERE needs_attention OR coalesce(due, since) < now() - ${STUCK_AFTER}), 0) AS stuck
    FROM (
      ${oldestTransfers('SCHEDULED', openMax)} UNION ALL ${newestTransfers('SCHEDULED', openMax)}
      UNION ALL ${oldestTransfers('PENDING', openMax)}
      UNION ALL ${oldestTransfers('DEBITED', openMax)} UNION ALL ${newestTransfers('DEBITED', openMax)}
      UNION ALL (
        SELECT CASE type WHEN 'CREDIT' THEN 'deposit' ELSE 'withdrawal' END, status, 1,
          ${couldBegin(sql`transaction_id`, sql`created_at`)}, attention_since IS NOT NULL, NULL
        FROM transactions WHERE status = 'PENDING' ORDER BY created_at, transaction_id LIMIT ${openMax}
      ) UNION ALL (
        SELECT 'batch_item', 'PENDING', item_count - completed_count - failed_count, ${couldBegin(sql`batch_id`, sql`created_at`)},
          attention_since IS NOT NULL, NULL
        FROM transfer_batches WHERE status = 'PROCESSING' ORDER BY created_at, batch_id LIMIT ${openMax}
      ) UNION ALL (
        SELECT 'batch_item', 'PENDING', item_count, ${couldBegin(sql`batch_id`, sql`created_at`)}, false, NULL
        FROM transfer_batches WHERE ${IS_DUE_TO_BE_ACCEPTED} ORDER BY start_due_at LIMIT ${openMax}
      )
    ) open (kind, status, movements, since, needs_attention, due) GROUP BY kind, status`);
  return rows.map(({ kind, status, count, oldest, stuck }) => ({
    ...{ kind, status, oldestSeconds: oldest },
    count: Number(count),
    stuck: Number(stuck),
  }));
}

function oldestTransfers(status: OpenMovements['status'], openMax: number): SQL {
  return openTransfers(status, sql`true`, sql`created_at, transfer_id LIMIT ${openMax}`);
}

/**
 * Those behind the oldest: holds, which may wait for days, must not hide the transfers that are stuck behind them, nor what is
 * scheduled for next month what was due today.
 */
function newestTransfers(status: 'SCHEDULED' | 'DEBITED', openMax: number): SQL {
  const lastOfOldest = sql`(
          SELECT created_at FROM transfers WHERE listed_status = ${sql.raw(`'${status}'`)} ORDER BY created_at, transfer_id OFFSET ${openMax - 1} LIMIT 1)`;
  return openTransfers(
    status,
    sql`created_at > ${lastOfOldest}`,
    sql`created_at DESC, transfer_id DESC LIMIT ${openMax}`,
  );
}

/** `due`: when it should end, where that is another time than when it could begin. */
function openTransfers(status: OpenMovements['status'], isMeant: SQL, ordered: SQL): SQL {
  const since = sql`coalesce(scheduled_at, created_at)`;
  const isHold = sql`capture_method = 'manual' AND listed_status = 'DEBITED'`;
  return sql`(
        SELECT CASE capture_method WHEN 'manual' THEN 'hold' ELSE 'transfer' END, listed_status, 1,
          CASE WHEN ${isHold} THEN ${since} ELSE ${couldBegin(sql`transfer_id`, since)} END, attention_since IS NOT NULL,
          CASE WHEN ${isHold} AND captured_amount IS NULL THEN expires_at WHEN ${isHold} THEN updated_at END
        FROM transfers WHERE listed_status = ${sql.raw(`'${status}'`)} AND ${isMeant} ORDER BY ${ordered}
      )`;
}

/** Asks for an approval only of what would be stuck without: of what is accepted, hardly anything waits for one. */
export function couldBegin(id: SQL, since: SQL): SQL {
  return sql`CASE WHEN ${since} > now() - ${STUCK_AFTER} THEN ${since} ELSE ${notBefore(id, since)} END`;
}

/** The open cases by their reasons, and for how long the oldest has been open; 0 without any. */
export async function summarizeCases(
  database: Database,
): Promise<{ byReason: Map<string, number>; oldestSeconds: number }> {
  const { rows } = await database.execute<{ reason: string; count: number; oldest: number }>(sql`
    SELECT reason, count(*)::int AS count, extract(epoch FROM now() - min(opened_at))::float8 AS oldest
    FROM cases WHERE status = 'OPEN' GROUP BY reason`);
  return {
    byReason: new Map(rows.map(({ reason, count }) => [reason, count])),
    oldestSeconds: Math.max(0, ...rows.map(({ oldest }) => oldest)),
  };
}

/** How many transfers wait for approvals, and how many were let go without them within the last hour. */
export async function summarizeApprovals(database: Database): Promise<{ awaiting: number; overridden: number }> {
  const { rows } = await database.execute<{ awaiting: number; overridden: number }>(sql`
    SELECT (SELECT count(*)::int FROM (SELECT FROM approvals WHERE status = 'AWAITING' LIMIT ${OPEN_MAX}) open) AS awaiting,
      (SELECT count(*)::int FROM approval_votes WHERE vote = 'override' AND created_at > now() - interval '1 hour') AS overridden`);
  return rows[0]!;
}

/** When a run of the reconciliation last came to its end, in seconds since 1970; 0 if none has. */
export async function lastReconciliationEnd(database: Database): Promise<number> {
  const { rows } = await database.execute<{ at: number }>(sql`
    SELECT extract(epoch FROM finished_at)::float8 AS at FROM reconciliation_runs
    WHERE status IN ('CLEAN', 'REPAIRED', 'FOUND') ORDER BY run_number DESC LIMIT 1`);
  return rows[0]?.at ?? 0;
}

/** The time of the database's clock, for `moneyUnderWay`: a little earlier, for rows keep milliseconds. */
export async function presentInstant(database: Database): Promise<string> {
  const { rows } = await database.execute<{ now: string }>(
    sql`SELECT (clock_timestamp() - interval '2 ms')::text AS now`,
  );
  return rows[0]!.now;
}

/** Decimal strings. */
export interface UnderWay {
  readonly currency: string;
  /** Debited since before `since`, and neither credited nor given back until now. */
  readonly surely: string;
  /** What may have been debited and not credited or given back at some time since `since`. */
  readonly perhaps: string;
}

/**
 * The money that was under way at any time since an instant of the database's clock: the balances of all wallets, read in between,
 * sum to minus what is surely under way, give or take what perhaps is.
 */
export async function moneyUnderWay(database: Database, since: string): Promise<UnderWay[]> {
  // Nothing of a hold moves until it is decided how much of it is captured.
  const isHeld = sql`listed_status = 'DEBITED' AND capture_method = 'manual' AND captured_amount IS NULL AND changed_at < ${since}::timestamptz`;
  const { rows } = await database.execute<{ currency: string; surely: string; perhaps: string }>(sql`
    SELECT currency, coalesce(sum(amount) FILTER (WHERE is_held), 0)::text AS surely, coalesce(sum(amount) FILTER (WHERE NOT is_held), 0)::text AS perhaps
    FROM (
      SELECT currency, amount, ${isHeld} AS is_held FROM transfers WHERE listed_status IN ('PENDING', 'DEBITED')
      UNION ALL
      SELECT currency, amount, false FROM transfers
      WHERE changed_at >= ${since}::timestamptz AND (listed_status IS NULL OR listed_status NOT IN ('PENDING', 'DEBITED'))
      UNION ALL
      SELECT currency, amount, false FROM (
        SELECT batch_id FROM transfer_batches WHERE status = 'PROCESSING'
        UNION SELECT batch_id FROM transfer_batches WHERE updated_at >= ${since}::timestamptz
      ) concerned JOIN transfers USING (batch_id)
    ) under_way GROUP BY currency`);
  return rows.map(({ currency, surely, perhaps }) => ({ currency, surely, perhaps }));
}
