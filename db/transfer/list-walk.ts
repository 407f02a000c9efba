/**
 * The walk along one lead of a list: reads its scans newest first, between the cursor and the ends of the time range, tests each
 * row, and stops at a full page or after `rowsMax` rows.
 */
import { and, sql, type SQL } from 'drizzle-orm';
import type { Database } from '../database.ts';
import type { Lead, Listed, Scan, Test } from './list-leads.ts';

/** How many rows a scan may test for one page: some tens of milliseconds in all. */
export const WALK = { rowsAtFirst: 1_000, rowsMax: 10_000 } as const;

/** A movement's place in a list. */
export interface Position {
  readonly createdAt: Date;
  readonly id: string;
}

export interface WalkFilter {
  readonly createdAfter?: Date | undefined;
  readonly createdBefore?: Date | undefined;
  readonly after?: Position | undefined;
  readonly limit: number;
}

export interface Walked {
  readonly rows: Record<string, unknown>[];
  /** Where the walk stopped, if the page is not full because so many rows were tested. */
  readonly stoppedAt: Position | undefined;
}

export async function walk(
  database: Database,
  listed: Listed,
  { scans, rest, likely }: Lead,
  filter: WalkFilter,
  rowsMax: number,
): Promise<Walked> {
  const positionOf = (row: Record<string, unknown>): Position => ({
    createdAt: new Date(row['created_at'] as string),
    id: row[listed.id] as string,
  });
  const walks = await Promise.all(
    scans.map(async (scan) => {
      const walkTo = async (test: SQL | undefined, tested: number) => {
        const { rows } = await database.execute(statement(listed, scan, test, filter, tested));
        const hits = rows.filter((row) => row['is_match']);
        const last = rows.at(-1);
        // A page that is not full ends at the last row that may be tested, or at the end of the scan.
        const isStopped = hits.length < filter.limit && last !== undefined && Number(last['place']) === tested;
        return { rows: hits, stoppedAt: isStopped ? positionOf(last) : undefined };
      };
      if (rest !== undefined) return walkTo(and(rest, likely), rowsMax);
      const page = await walkTo(likely, filter.limit);
      // Only now there are others' rows among them: the planner, which is told that many may be tested, may read in another order.
      return page.stoppedAt === undefined || likely === undefined ? page : walkTo(likely, rowsMax);
    }),
  );
  const stoppedAt = walks
    .flatMap((each) => each.stoppedAt ?? [])
    .sort(newestFirst)
    .at(0);
  const rows = walks
    .flatMap((each) => each.rows)
    .map((row) => ({ row, position: positionOf(row) }))
    // Beyond the place where one scan was given up, rows of that scan may be missing: leave out what the others found there.
    .filter(({ position }) => stoppedAt === undefined || newestFirst(position, stoppedAt) <= 0)
    .sort((a, b) => newestFirst(a.position, b.position))
    .slice(0, filter.limit)
    .map(({ row }) => row);
  return { rows, stoppedAt: rows.length < filter.limit ? stoppedAt : undefined };
}

function newestFirst(a: Position, b: Position): number {
  return b.createdAt.getTime() - a.createdAt.getTime() || (a.id === b.id ? 0 : a.id < b.id ? 1 : -1);
}

/**
 * The statement that reads the rows of a scan that pass the test, at most a page of them, each with its place among the tested
 * rows; and the last row that may be tested, whether it passes or not. It sorts nothing, and reads no row that it does not need.
 */
function statement(listed: Listed, scan: Scan, test: SQL | undefined, filter: WalkFilter, rowsMax: number): SQL {
  const { from, order } = scanned(listed, scan, filter, rowsMax);
  return sql`
    SELECT * FROM (
      SELECT walked.*, ${test ?? sql`true`} AS is_match, row_number() OVER (ORDER BY ${order}) AS place
      FROM (${from} ORDER BY ${order} LIMIT ${rowsMax}) AS walked
    ) AS placed
    WHERE is_match OR place = ${rowsMax}
    ORDER BY ${order} LIMIT ${filter.limit}`;
}

function scanned(listed: Listed, scan: Scan, filter: WalkFilter, rowsMax: number): { from: SQL; order: SQL } {
  const table = sql.identifier(listed.table);
  const id = sql.identifier(listed.id);
  switch (scan.by) {
    case 'columns': {
      const columns = scan.tests.map(({ column }) => sql.identifier(column));
      const predicate = scan.predicate === undefined ? sql`` : sql`${scan.predicate} AND `;
      const nulls = scan.nullColumn === undefined ? [] : [sql.identifier(scan.nullColumn)];
      const areNull = nulls.map((column) => sql`${column} IS NULL AND `);
      return {
        from: sql`SELECT * FROM ${table} WHERE ${predicate}${sql.join(areNull)}${within(columns, scan.tests, sql`created_at`, id, filter)}`,
        order: descending(...nulls, ...columns, sql`created_at`, id),
      };
    }
    case 'metadata': {
      const tests = [
        { type: 'text', value: listed.movement },
        { type: 'text', value: scan.key },
        { type: 'text', value: scan.value },
      ] as const;
      const columns = [sql`pair.movement`, sql`pair.key`, sql`pair.value`];
      return {
        from: sql`
          SELECT listed.*, pair.movement, pair.key, pair.value, pair.created_at AS paired_at, pair.movement_id
          FROM movement_metadata AS pair JOIN ${table} AS listed ON listed.${id} = pair.movement_id
          WHERE ${within(columns, tests, sql`pair.created_at`, sql`pair.movement_id`, filter)}`,
        order: descending(sql`movement`, sql`key`, sql`value`, sql`paired_at`, sql`movement_id`),
      };
    }
    case 'batches':
      return {
        // Item by item of a batch, in which all were created at once.
        from: sql`
          SELECT * FROM (
            SELECT batch_id AS its_batch_id, created_at AS batched_at FROM transfer_batches
            WHERE ${scan.batches} AND ${within([], [], sql`created_at`, sql`batch_id`, endOfInstant(filter))}
          ) AS batch CROSS JOIN LATERAL (
            SELECT * FROM ${table} WHERE batch_id = its_batch_id AND ${within([], [], sql`created_at`, id, filter)}
            ORDER BY ${id} DESC LIMIT ${rowsMax}
          ) AS of_batch`,
        order: descending(sql`batched_at`, id),
      };
    case 'amount':
      return {
        from: sql`
          SELECT * FROM (${days(table, filter)}) AS days CROSS JOIN LATERAL (
            SELECT * FROM ${table}
            WHERE (created_at AT TIME ZONE 'UTC')::date = day AND ${scan.test} AND ${within([], [], sql`created_at`, id, filter)}
            ORDER BY created_at DESC, ${id} DESC LIMIT ${rowsMax}
          ) AS of_day`,
        order: descending(sql`day`, sql`created_at`, id),
      };
  }
}

/**
 * The condition that a row has these values, is in the time range and follows the cursor. It compares whole rows of the index's
 * columns, and the statement orders by all of them. With plain equations the planner would be free to order by creation alone,
 * walk every row and test the value; it prefers that if the statistics call a value common, though the rows with that value may
 * all be old.
 */
function within(
  columns: readonly SQLName[],
  tests: readonly Pick<Test, 'type' | 'value'>[],
  createdAt: SQLName,
  id: SQLName,
  filter: WalkFilter,
): SQL {
  const values = tests.map(({ type, value }) => sql`${value}::${sql.raw(type)}`);
  const { at, beforeId } = upperEnd(filter);
  const from = filter.createdAfter?.toISOString() ?? '-infinity';
  return sql`(${list(...columns, createdAt)}) >= (${list(...values, sql`${from}::timestamptz`)})
    AND (${list(...columns, createdAt, id)}) < (${list(...values, sql`${at}::timestamptz`, sql`${beforeId}::uuid`)})`;
}

/** The filter without the cursor's id, which is an item's and none of a batch. */
function endOfInstant({ after, ...filter }: WalkFilter): WalkFilter {
  return after === undefined ? filter : { ...filter, after: { ...after, id: HIGHEST_ID } };
}

const LOWEST_ID = '00000000-0000-0000-0000-000000000000';
const HIGHEST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** The end of the range that the cursor and `createdBefore` leave: all rows of the list lie before it. */
function upperEnd({ after, createdBefore }: WalkFilter): { at: string; beforeId: string } {
  if (createdBefore !== undefined && (after === undefined || createdBefore <= after.createdAt))
    return { at: createdBefore.toISOString(), beforeId: LOWEST_ID };
  if (after !== undefined) return { at: after.createdAt.toISOString(), beforeId: after.id };
  return { at: 'infinity', beforeId: HIGHEST_ID };
}

/** The UTC days from the newest movement to the oldest, as far as the filter's time range admits them. */
function days(table: SQLName, filter: WalkFilter): SQL {
  const { at } = upperEnd(filter);
  const from = filter.createdAfter?.toISOString() ?? '-infinity';
  return sql`
    SELECT (newest - n) AS day FROM (
      SELECT (CASE WHEN ${from}::timestamptz > min(created_at) THEN ${from}::timestamptz ELSE min(created_at) END AT TIME ZONE 'UTC')::date AS oldest,
        (CASE WHEN ${at}::timestamptz < max(created_at) THEN ${at}::timestamptz ELSE max(created_at) END AT TIME ZONE 'UTC')::date AS newest
      FROM ${table}
    ) AS ends CROSS JOIN LATERAL generate_series(0, newest - oldest) AS n
    ORDER BY day DESC`;
}

type SQLName = SQL | ReturnType<typeof sql.identifier>;

function list(...items: readonly SQLName[]): SQL {
  return sql.join([...items], sql`, `);
}

function descending(...items: readonly SQLName[]): SQL {
  return sql.join(
    items.map((item) => sql`${item} DESC`),
    sql`, `,
  );
}
