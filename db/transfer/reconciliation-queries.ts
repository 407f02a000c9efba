/**
 * The reconciliation's queries of the transfer database: what changed since a mark, and the rows that it judges. By the indexes
 * on `updated_at`, the rows read are those that changed, or their number is bounded.
 */
import { sql, type SQL } from 'drizzle-orm';
import type { BatchId, TransactionId, TransferId, WalletId } from '../../domain/ids.ts';
import { GRACE_SECONDS, type Cursor, type Window } from '../../domain/transfer/reconciliation.ts';
import type { TransactionRow, TransferRow } from '../../domain/transfer/settlement.ts';
import type { Database } from '../database.ts';

const PAGE_ROWS = 500;

export type Kind = 'transfer' | 'transaction';

const table = { transfer: sql`transfers`, transaction: sql`transactions` };
const key = { transfer: sql`transfer_id`, transaction: sql`transaction_id` };
const openStatuses = { transfer: ['SCHEDULED', 'PENDING', 'DEBITED'], transaction: ['PENDING'] };

/** A page of the movements whose rows changed within the window. */
export async function changedMovements(
  database: Database,
  kind: Kind,
  window: Window,
  after: Cursor | null,
): Promise<{ ids: string[]; next: Cursor | null }> {
  return pageOf(
    await rowsOf(
      database,
      sql`
      SELECT ${key[kind]} AS id, ${milliseconds(sql`updated_at`)} AS at_ms FROM ${table[kind]}
      WHERE updated_at >= ${at(after?.atMs ?? window.fromMs)} AND updated_at < ${at(window.untilMs)} AND ${follows(sql`updated_at, ${key[kind]}`, after)}
      ORDER BY updated_at, ${key[kind]} LIMIT ${PAGE_ROWS}`,
    ),
  );
}

/**
 * A page of the movements that have not ended, the oldest first, among those old enough to have a workflow. A transfer that is
 * scheduled or held may rest for months, so an ordinary run looks at some, and goes on where the run before it stopped.
 */
export async function openMovements(
  database: Database,
  kind: Kind,
  after: Cursor | null,
): Promise<{ ids: string[]; next: Cursor | null }> {
  // A scan for each status, which ends at the limit.
  const scans = openStatuses[kind].map(
    (status) => sql`(
      SELECT ${key[kind]} AS id, created_at FROM ${table[kind]}
      WHERE status = ${status} AND ${isPastGrace} AND ${follows(sql`created_at, ${key[kind]}`, after)}
      ORDER BY created_at, ${key[kind]} LIMIT ${PAGE_ROWS})`,
  );
  return pageOf(
    await rowsOf(
      database,
      sql`
      SELECT id, ${milliseconds(sql`created_at`)} AS at_ms FROM (${sql.join(scans, sql` UNION ALL `)}) open
      ORDER BY created_at, id LIMIT ${PAGE_ROWS}`,
    ),
  );
}

/**
 * A page of the movements that have ended, the oldest first. An ordinary run looks at some, and goes on where the run before it
 * stopped.
 */
export async function endedMovements(
  database: Database,
  kind: Kind,
  after: Cursor | null,
): Promise<{ ids: string[]; next: Cursor | null }> {
  return pageOf(
    await rowsOf(
      database,
      sql`
      SELECT ${key[kind]} AS id, ${milliseconds(sql`created_at`)} AS at_ms FROM ${table[kind]}
      WHERE ${isEnded} AND ${follows(sql`created_at, ${key[kind]}`, after)}
      ORDER BY created_at, ${key[kind]} LIMIT ${PAGE_ROWS}`,
    ),
  );
}

/** Those of these ids whose row ended long enough ago for the workflow to have noticed. */
export async function longOver(database: Database, kind: Kind | 'batch', ids: readonly string[]): Promise<string[]> {
  const [from, id] = kind === 'batch' ? [sql`transfer_batches`, sql`batch_id`] : [table[kind], key[kind]];
  const rows = await rowsOf<{ id: string }>(
    database,
    sql`SELECT ${id} AS id FROM ${from} WHERE ${id} = ANY(${uuids(ids)}) AND ${isLongOver}`,
  );
  return rows.map((row) => row.id);
}

/** Those of these ids whose row has not ended. */
export async function stillOpen(database: Database, kind: Kind, ids: readonly string[]): Promise<string[]> {
  const rows = await rowsOf<{ id: string }>(
    database,
    sql`
    SELECT ${key[kind]} AS id FROM ${table[kind]} WHERE ${key[kind]} = ANY(${uuids(ids)}) AND ${isOpen}`,
  );
  return rows.map(({ id }) => id);
}

/**
 * The subjects of the movements that a run has to judge because a shard wrote for them: movements that nobody asked for, and
 * movements whose row has ended and has not changed since `fromMs`, so that the row gives no reason to judge them.
 */
export async function subjectsWrittenFor(
  database: Database,
  ids: readonly string[],
  fromMs: number,
): Promise<string[]> {
  const rows = await rowsOf<{ subject: string }>(
    database,
    sql`
    SELECT coalesce('transfer/' || transfer_id, 'transaction/' || transaction_id, 'movement/' || id) AS subject
    FROM unnest(${uuids(ids)}) AS id
    LEFT JOIN transfers ON transfer_id = id LEFT JOIN transactions ON transaction_id = id
    WHERE (transfer_id IS NULL AND transaction_id IS NULL)
      OR (coalesce(transfers.status, transactions.status) IN ('COMPLETED', 'PROCESSED', 'FAILED', 'CANCELED')
        AND coalesce(transfers.updated_at, transactions.updated_at) < ${at(fromMs)})`,
  );
  return rows.map(({ subject }) => subject);
}

interface Judged {
  readonly id: string;
  readonly isOpen: boolean;
  /** Whether it is old enough to have been started for certain. */
  readonly isPastGrace: boolean;
  /** Whether it ended long enough ago for its workflow to have noticed. */
  readonly isLongOver: boolean;
  readonly batchId: string | null;
}

export type JudgedTransfer = TransferRow & Judged & { readonly id: TransferId; readonly sender: WalletId };
export type JudgedTransaction = TransactionRow & Judged & { readonly id: TransactionId };
export type JudgedBatch = Judged & { readonly id: BatchId };

export function transfersToJudge(database: Database, ids: readonly string[]): Promise<JudgedTransfer[]> {
  return rowsOf(
    database,
    sql`
    SELECT transfer_id AS id, sender_wallet_id AS sender, receiver_wallet_id AS receiver, batch_id AS "batchId", ${judgedColumns},
      capture_method, captured_amount AS captured, scheduled_at AS scheduled, reversed_amount AS reversed,
      (SELECT coalesce(sum(amount), 0)::numeric(19,4) FROM transfers reversals
        WHERE reversals.reverses_transfer_id = transfers.transfer_id AND reversals.status NOT IN ('FAILED', 'CANCELED')) AS reversals,
      ARRAY(SELECT step || coalesce(' ' || reason, '') FROM transfer_steps steps WHERE steps.transfer_id = transfers.transfer_id ORDER BY step_id) AS steps,
      ARRAY(SELECT DISTINCT action FROM case_actions WHERE case_id = attention_case_id) AS "caseLog"
    FROM transfers WHERE transfer_id = ANY(${uuids(ids)})`,
  );
}

export function transactionsToJudge(database: Database, ids: readonly string[]): Promise<JudgedTransaction[]> {
  return rowsOf(
    database,
    sql`
    SELECT transaction_id AS id, wallet_id AS wallet, type, NULL AS "batchId", ${judgedColumns}
    FROM transactions WHERE transaction_id = ANY(${uuids(ids)})`,
  );
}

/** A batch is open while one of its items is, whatever its own row says. */
export function batchesToJudge(database: Database, ids: readonly string[]): Promise<JudgedBatch[]> {
  return rowsOf(
    database,
    sql`
    SELECT batch_id AS id, batch_id AS "batchId", ${isPastGrace} AS "isPastGrace", ${isLongOver} AS "isLongOver",
      status = 'PROCESSING' OR EXISTS (SELECT FROM transfers WHERE transfers.batch_id = transfer_batches.batch_id AND ${isOpen}) AS "isOpen"
    FROM transfer_batches WHERE batch_id = ANY(${uuids(ids)})`,
  );
}

const isEnded = sql`status IN ('COMPLETED', 'PROCESSED', 'FAILED', 'CANCELED')`;
const isOpen = sql`NOT ${isEnded}`;
/** The condition that a row is old enough. A time in the future was written while the clock was wrong, and counts as old. */
const isPastGrace = sql`created_at NOT BETWEEN now() - make_interval(secs => ${GRACE_SECONDS}) AND now() + make_interval(secs => ${GRACE_SECONDS})`;
const isLongOver = sql`(status IN ('COMPLETED', 'PROCESSED', 'FAILED', 'CANCELED') AND updated_at NOT BETWEEN now() - make_interval(secs => ${GRACE_SECONDS}) AND now() + make_interval(secs => ${GRACE_SECONDS}))`;
const judgedColumns = sql`${isLongOver} AS "isLongOver", status, failure_reason, failure_detail, amount, currency, ${isOpen} AS "isOpen", ${isPastGrace} AS "isPastGrace"`;

function follows(position: SQL, after: Cursor | null): SQL {
  return after === null ? sql`true` : sql`(${position}) > (${at(after.atMs)}, ${after.key}::uuid)`;
}

function milliseconds(time: SQL): SQL {
  return sql`(extract(epoch FROM ${time}) * 1000)::bigint`;
}

function at(atMs: number): SQL {
  return sql`${new Date(atMs).toISOString()}::timestamptz`;
}

function uuids(ids: readonly string[]): SQL {
  return sql`${sql.param([...ids])}::uuid[]`;
}

function pageOf(rows: readonly { id: string; at_ms: string }[]): { ids: string[]; next: Cursor | null } {
  const last = rows.at(-1);
  return {
    ids: rows.map(({ id }) => id),
    next: last === undefined || rows.length < PAGE_ROWS ? null : { atMs: Number(last.at_ms), key: last.id },
  };
}

async function rowsOf<Row = { id: string; at_ms: string }>(database: Database, statement: SQL): Promise<Row[]> {
  const { rows } = await database.execute(statement);
  return rows as Row[];
}
