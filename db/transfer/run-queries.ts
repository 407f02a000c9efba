/** The reconciliation's runs in the transfer database: the queries by which they begin, note what they look at, end, and go. */
import { and, desc, eq, inArray, isNotNull, isNull, lt, sql } from 'drizzle-orm';
import type { ByWhom } from '../../domain/audit-event.ts';
import type { RunId } from '../../domain/ids.ts';
import {
  OVERLAP_SECONDS,
  type Patrol,
  type RunScope,
  type RunStatus,
  type ShardWindows,
  type Tally,
  type Window,
} from '../../domain/transfer/reconciliation.ts';
import { auditedIf } from '../audit-events.ts';
import { rowOf, type Database } from '../database.ts';
import { reconciliationRuns } from './run-schema.ts';

export type ReconciliationRun = typeof reconciliationRuns.$inferSelect;

/** How many runs may be under way, so that requests cannot pile them up. */
const RUNNING_MAX = 4;

/**
 * Notes that a run begins: it looks at what changed since the newest mark of a run that came to its end, less the overlap. A
 * repeat returns what the first call noted. Returns undefined if too many runs are under way, which holds back only runs on
 * request. Without `by`, the audit log has no entry of it.
 */
export async function beginRun(
  database: Database,
  {
    runId,
    workflowId,
    trigger,
    scope = 'changes',
    by,
  }: {
    runId: RunId;
    workflowId: string;
    trigger: 'schedule' | 'request';
    scope?: RunScope | undefined;
    by?: ByWhom | undefined;
  },
): Promise<ReconciliationRun | undefined> {
  const ended = sql`FROM reconciliation_runs WHERE status IN ('CLEAN', 'REPAIRED', 'FOUND')`;
  const entry = { action: 'reconciliation-run-asked', object: runId, details: { scope } } as const;
  const { rows } = await database.execute(sql`
    WITH begun AS (
    INSERT INTO reconciliation_runs (run_id, workflow_id, trigger, scope, from_mark, to_mark, patrol)
    SELECT ${runId}, ${workflowId}, ${trigger}, ${scope},
      -- A mark of the future was made by a clock that was wrong: what came after it would not be looked at.
      coalesce(
        (SELECT to_mark ${ended} AND to_mark <= clock_timestamp() ORDER BY run_number DESC LIMIT 1) - make_interval(secs => ${OVERLAP_SECONDS}),
        to_timestamp(0)),
      clock_timestamp(), coalesce((SELECT patrol ${ended} ORDER BY run_number DESC LIMIT 1), '{}')
    WHERE ${trigger} = 'schedule' OR (SELECT count(*) FROM reconciliation_runs WHERE status = 'RUNNING') < ${RUNNING_MAX}
    ON CONFLICT DO NOTHING
    RETURNING *)${auditedIf(entry, by, sql`begun`)}
    SELECT * FROM begun`);
  return rows[0] === undefined ? findRun(database, runId) : rowOf(reconciliationRuns, rows[0]);
}

/** How many earlier runs are searched for a shard's mark that does not lie in the future. These are kept, however old. */
const MARKS_READ = 200;
const RUN_KEPT_DAYS = 90;
/** Three times as many as the schedule makes in that time. */
const RUNS_KEPT_MAX = 100_000;
/** More than the one that each run adds. */
const RUNS_REMOVED_MAX = 100;

/**
 * Notes the window that a run looks at in each shard, unless that is noted already, and returns the windows. Each is on the clock
 * of its shard, whose present time is in `clocks`, and begins at the newest mark, not in the future, of a run that came to its
 * end, less the overlap; with the scope `all` it begins at 0.
 */
export async function noteShardWindows(
  database: Database,
  run: Pick<ReconciliationRun, 'runId' | 'runNumber' | 'fromMark' | 'scope'>,
  clocks: readonly number[],
): Promise<ShardWindows> {
  const before = await database
    .select({ windows: reconciliationRuns.shardWindows })
    .from(reconciliationRuns)
    .where(
      and(
        inArray(reconciliationRuns.status, ['CLEAN', 'REPAIRED', 'FOUND']),
        lt(reconciliationRuns.runNumber, run.runNumber),
        isNotNull(reconciliationRuns.shardWindows),
      ),
    )
    .orderBy(desc(reconciliationRuns.runNumber))
    .limit(MARKS_READ);
  const windowOf = (untilMs: number, shard: number): Window => {
    if (run.scope === 'all') return { fromMs: 0, untilMs };
    const marks = before.map(({ windows }) => windows?.[shard]?.untilMs ?? Number.POSITIVE_INFINITY);
    const mark = marks.find((each) => each <= untilMs);
    // If no run has noted a mark of this shard, the transfer database's own mark.
    const fromMs = mark === undefined ? run.fromMark.getTime() : mark - OVERLAP_SECONDS * 1_000;
    return { fromMs: Math.min(fromMs, untilMs - OVERLAP_SECONDS * 1_000), untilMs };
  };
  const wanted: ShardWindows = Object.fromEntries(clocks.map((untilMs, shard) => [shard, windowOf(untilMs, shard)]));
  await database
    .update(reconciliationRuns)
    .set({ shardWindows: wanted })
    .where(and(eq(reconciliationRuns.runId, run.runId), isNull(reconciliationRuns.shardWindows)));
  return (await findRun(database, run.runId))?.shardWindows ?? wanted;
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

/**
 * Removes up to RUNS_REMOVED_MAX of the oldest runs that have a result: those that began more than RUN_KEPT_DAYS ago, and those
 * before the newest RUNS_KEPT_MAX, for requests must not fill the table. What runs have found stays, in cases and their log. Returns
 * how many it has removed.
 */
export async function removeOldRuns(database: Database): Promise<number> {
  const { rowCount } = await database.execute(sql`
    DELETE FROM reconciliation_runs WHERE run_id = ANY(ARRAY(
      SELECT run_id FROM (
        SELECT run_id, status, started_at, run_number FROM reconciliation_runs ORDER BY run_number
        LIMIT ${MARKS_READ + RUNNING_MAX + RUNS_REMOVED_MAX}) oldest
      WHERE status <> 'RUNNING'
        AND (started_at < clock_timestamp() - ${RUN_KEPT_DAYS} * interval '1 day'
          OR run_number <= (SELECT max(run_number) FROM reconciliation_runs) - ${RUNS_KEPT_MAX})
        AND run_id <> ALL(ARRAY(
          SELECT run_id FROM reconciliation_runs WHERE status IN ('CLEAN', 'REPAIRED', 'FOUND') ORDER BY run_number DESC LIMIT ${MARKS_READ}))
      ORDER BY run_number LIMIT ${RUNS_REMOVED_MAX}))`);
  return rowCount ?? 0;
}

export async function findRun(database: Database, runId: RunId): Promise<ReconciliationRun | undefined> {
  const rows = await database.select().from(reconciliationRuns).where(eq(reconciliationRuns.runId, runId));
  return rows[0];
}

/** The runs that follow the cursor, newest first. */
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

/** The runs without a result, at most 100. */
export function listRunsUnderWay(database: Database): Promise<ReconciliationRun[]> {
  return database.select().from(reconciliationRuns).where(eq(reconciliationRuns.status, 'RUNNING')).limit(100);
}
