/**
 * What the reconciliation asks of the transfer database: its runs with their marks, what changed since a mark, and the rows
 * that it judges. What is read follows what changed, by the indexes on `updated_at`, or is bounded. Imported by the
 * reconciliation's activities and by its API.
 */
import { and, desc, eq, sql, type SQL } from 'drizzle-orm';
import type { BatchId, RunId, TransactionId, TransferId, WalletId } from '../../domain/ids.ts';
import {
  OVERLAP_SECONDS,
  SETTLE_SECONDS,
  type Cursor,
  type Patrol,
  type RunStatus,
  type Tally,
  type Window,
} from '../../domain/reconciliation.ts';
import type { TransactionRow, TransferRow } from '../../domain/settlement.ts';
import { rowOf, type Database } from '../database.ts';
import { reconciliationRuns } from './run-schema.ts';

export type ReconciliationRun = typeof reconciliationRuns.$inferSelect;

/** How many runs may be under way, so that requests cannot pile them up. */
const RUNNING_MAX = 4;
const PAGE_ROWS = 500;

/**
 * Notes that a run begins: it looks at what changed since the newest mark of a run that came to its end, less the overlap.
 * A repeat answers what the first call noted. Undefined if too many are under way, which holds back requests alone.
 */
export async function beginRun(
  database: Database,
  { runId, workflowId, trigger }: { runId: RunId; workflowId: string; trigger: 'schedule' | 'request' },
): Promise<ReconciliationRun | undefined> {
  const { rows } = await database.execute(sql`
    WITH last AS (
      SELECT to_mark, patrol FROM reconciliation_runs WHERE status IN ('CLEAN', 'REPAIRED', 'FOUND') ORDER BY started_at DESC LIMIT 1
    )
    INSERT INTO reconciliation_runs (run_id, workflow_id, trigger, from_mark, to_mark, patrol)
    SELECT ${runId}, ${workflowId}, ${trigger},
      coalesce((SELECT to_mark FROM last) - make_interval(secs => ${OVERLAP_SECONDS}), to_timestamp(0)), clock_timestamp(), coalesce((SELECT patrol FROM last), '{}')
    WHERE ${trigger} = 'schedule' OR (SELECT count(*) FROM reconciliation_runs WHERE status = 'RUNNING') < ${RUNNING_MAX}
    ON CONFLICT DO NOTHING
    RETURNING *`);
  return rows[0] === undefined ? findRun(database, runId) : rowOf(reconciliationRuns, rows[0]);
}

/** Writes a run's result, unless it has one. */
export async function finishRun(
  database: Database,
  runId: RunId,
  {
    status,
    tally,
    error,
    patrol,
  }: { status: Exclude<RunStatus, 'RUNNING'>; tally: Tally; error?: string; patrol?: Patrol },
): Promise<void> {
  const { checked, repaired, casesOpened, casesClosed, found, findings } = tally;
  await database
    .update(reconciliationRuns)
    .set({
      ...{ status, checked, repaired, casesOpened, casesClosed, found, findings },
      error: error ?? null,
      ...(patrol === undefined ? {} : { patrol }),
      finishedAt: sql`clock_timestamp()`,
    })
    .where(and(eq(reconciliationRuns.runId, runId), eq(reconciliationRuns.status, 'RUNNING')));
}

export async function findRun(database: Database, runId: RunId): Promise<ReconciliationRun | undefined> {
  const rows = await database.select().from(reconciliationRuns).where(eq(reconciliationRuns.runId, runId));
  return rows[0];
}

/** Newest first, those after the cursor. */
export function listRuns(
  database: Database,
  { after, limit }: { after?: { startedAt: Date; runId: RunId } | undefined; limit: number },
): Promise<ReconciliationRun[]> {
  return database
    .select()
    .from(reconciliationRuns)
    .where(
      after === undefined
        ? undefined
        : sql`(${reconciliationRuns.startedAt}, ${reconciliationRuns.runId}) < (${after.startedAt.toISOString()}::timestamptz, ${after.runId}::uuid)`,
    )
    .orderBy(desc(reconciliationRuns.startedAt), desc(reconciliationRuns.runId))
    .limit(limit);
}

/** Those without a result. */
export function listRunsUnderWay(database: Database): Promise<ReconciliationRun[]> {
  return database.select().from(reconciliationRuns).where(eq(reconciliationRuns.status, 'RUNNING')).limit(100);
}

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
 * A page of the movements that have not ended, the oldest first, among those old enough to have a workflow. A transfer that
 * is scheduled or held may rest for months, so no run looks at all of them: each goes on where the one before has ended.
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
      WHERE status = ${status} AND created_at < now() - make_interval(secs => ${SETTLE_SECONDS}) AND ${follows(sql`created_at, ${key[kind]}`, after)}
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

/** Of these, those that have not ended. */
export async function stillOpen(database: Database, kind: Kind, ids: readonly string[]): Promise<string[]> {
  const rows = await rowsOf<{ id: string }>(
    database,
    sql`
    SELECT ${key[kind]} AS id FROM ${table[kind]} WHERE ${key[kind]} = ANY(${uuids(ids)}) AND ${isOpen}`,
  );
  return rows.map(({ id }) => id);
}

/**
 * The subjects of those of these movements that a run has to judge because a shard wrote for them: which nobody asked for,
 * or whose row has ended and has not changed since `fromMs`, and so is not judged for its own sake.
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
  /** Whether it is old enough to have been started. */
  readonly isSettled: boolean;
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
    SELECT batch_id AS id, batch_id AS "batchId", ${isSettled} AS "isSettled",
      status = 'PROCESSING' OR EXISTS (SELECT FROM transfers WHERE transfers.batch_id = transfer_batches.batch_id AND ${isOpen}) AS "isOpen"
    FROM transfer_batches WHERE batch_id = ANY(${uuids(ids)})`,
  );
}

const isOpen = sql`status NOT IN ('COMPLETED', 'PROCESSED', 'FAILED', 'CANCELED')`;
const isSettled = sql`created_at < now() - make_interval(secs => ${SETTLE_SECONDS})`;
const judgedColumns = sql`status, failure_reason, failure_detail, amount, currency, ${isOpen} AS "isOpen", ${isSettled} AS "isSettled"`;

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
