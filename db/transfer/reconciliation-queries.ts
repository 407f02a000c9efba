/**
 * The reconciliation's queries of the transfer database: what changed since a mark, and the rows that it judges. By the indexes
 * on the time of a change, the rows read are those that changed, or their number is bounded. Items of a batch are found by their
 * batch's row.
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
/** As the indexes have it. */
const changedAt = { transfer: sql`changed_at`, transaction: sql`updated_at` };
const indexedStatus = { transfer: sql`listed_status`, transaction: sql`status` };
const openStatuses = { transfer: ['SCHEDULED', 'PENDING', 'DEBITED'], transaction: ['PENDING'] };

/**
 * A page of the movements whose rows changed within the window: first those that change one by one, with the items of batches that
 * they reverse, then the items of the batches that changed.
 */
export async function changedMovements(
  database: Database,
  kind: Kind,
  window: Window,
  after: Cursor | null,
): Promise<{ ids: string[]; next: Cursor | null }> {
  const item = kind === 'transfer' && after !== null ? await placeInBatch(database, after.key) : undefined;
  const alone = item === undefined ? await changedAlone(database, kind, window, after) : [];
  const limit = kind === 'transfer' ? PAGE_ROWS - alone.length : 0;
  const items = limit === 0 ? [] : await changedItems(database, window, item && { ...item, atMs: after!.atMs }, limit);
  const { ids, next } = pageOf([...alone, ...items]);
  return { ids: [...new Set([...ids, ...alone.flatMap(({ reversed_item: id }) => id ?? [])])], next };
}

function changedAlone(
  database: Database,
  kind: Kind,
  window: Window,
  after: Cursor | null,
): Promise<{ id: string; at_ms: string; reversed_item: string | null }[]> {
  // A reversal changes the row of the transfer that it reverses in the same statement as its own.
  const reversedItem =
    kind === 'transfer'
      ? sql`(SELECT transfer_id FROM transfers reversed WHERE reversed.transfer_id = changed.reverses_transfer_id AND reversed.batch_id IS NOT NULL)`
      : sql`NULL`;
  return rowsOf(
    database,
    sql`
    SELECT ${key[kind]} AS id, ${milliseconds(changedAt[kind])} AS at_ms, ${reversedItem} AS reversed_item FROM ${table[kind]} changed
    WHERE ${changedAt[kind]} >= ${at(after?.atMs ?? window.fromMs)} AND ${changedAt[kind]} < ${at(window.untilMs)}
      AND ${follows(sql`${changedAt[kind]}, ${key[kind]}`, after)}
    ORDER BY ${changedAt[kind]}, ${key[kind]} LIMIT ${PAGE_ROWS}`,
  );
}

/** An item by its batch, the time at which that was seen to have changed, and its place in it. */
interface ItemPlace {
  readonly batchId: string;
  readonly index: number;
  readonly atMs: number;
}

/** Items of the batches that changed within the window, in the order of the changes, behind `after`. */
function changedItems(
  database: Database,
  window: Window,
  after: ItemPlace | undefined,
  limit: number,
): Promise<{ id: string; at_ms: string }[]> {
  const [isNext, isLater] =
    after === undefined
      ? [sql`true`, sql`true`]
      : [
          sql`(updated_at, batch_id) >= (${at(after.atMs)}, ${after.batchId}::uuid)`,
          sql`((batch.updated_at, batch.batch_id) > (${at(after.atMs)}, ${after.batchId}::uuid) OR batch_index > ${after.index})`,
        ];
  return rowsOf(
    database,
    sql`
    SELECT transfer_id AS id, ${milliseconds(sql`batch.updated_at`)} AS at_ms FROM (
      SELECT batch_id, updated_at FROM transfer_batches
      WHERE updated_at >= ${at(after?.atMs ?? window.fromMs)} AND updated_at < ${at(window.untilMs)} AND ${isNext}
      ORDER BY updated_at, batch_id LIMIT ${limit + 1}
    ) batch CROSS JOIN LATERAL (
      SELECT transfer_id, batch_index FROM transfers WHERE transfers.batch_id = batch.batch_id AND ${isLater}
      ORDER BY batch_index LIMIT ${limit}
    ) item
    ORDER BY batch.updated_at, batch.batch_id, batch_index LIMIT ${limit}`,
  );
}

async function placeInBatch(database: Database, id: string): Promise<Omit<ItemPlace, 'atMs'> | undefined> {
  const [item] = await rowsOf<Omit<ItemPlace, 'atMs'>>(
    database,
    sql`SELECT batch_id AS "batchId", batch_index AS index FROM transfers WHERE transfer_id = ${id}::uuid AND batch_id IS NOT NULL`,
  );
  return item;
}

/**
 * A page of the movements that have not ended, the oldest first, among those old enough to have a workflow. A transfer that is
 * scheduled or held may rest for months, so an ordinary run looks at some, and goes on where the run before it stopped. An item is
 * among them while its batch says that it is open.
 */
export async function openMovements(
  database: Database,
  kind: Kind,
  after: Cursor | null,
): Promise<{ ids: string[]; next: Cursor | null }> {
  const behind = follows(sql`created_at, ${key[kind]}`, after);
  // A scan for each status, which ends at the limit.
  const scans = openStatuses[kind].map(
    (status) => sql`(
      SELECT ${key[kind]} AS id, created_at FROM ${table[kind]}
      WHERE ${indexedStatus[kind]} = ${status} AND ${isPastGrace} AND ${behind}
      ORDER BY created_at, ${key[kind]} LIMIT ${PAGE_ROWS})`,
  );
  if (kind === 'transfer')
    scans.push(sql`(
      SELECT id, created_at FROM (
        SELECT batch_id AS open_batch_id, created_at AS batched_at FROM transfer_batches
        WHERE status = 'PROCESSING' AND ${isPastGrace} AND created_at >= ${after === null ? sql`'-infinity'` : at(after.atMs)}
      ) batch CROSS JOIN LATERAL (
        SELECT transfer_id AS id, created_at FROM transfers WHERE batch_id = open_batch_id AND ${isOpen} AND ${behind}
        ORDER BY transfer_id LIMIT ${PAGE_ROWS}
      ) item
      ORDER BY batched_at, id LIMIT ${PAGE_ROWS})`);
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
 * stopped. Items of batches are among them whether they have ended or not: a batch that says that it is over may have left one.
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
      WHERE ${kind === 'transfer' ? sql`(${isEnded} OR batch_id IS NOT NULL)` : isEnded} AND ${follows(sql`created_at, ${key[kind]}`, after)}
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
