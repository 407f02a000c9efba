/**
 * The audit's way of reading databases: each within one read-only snapshot, and large tables in pages, so that its memory does
 * not grow with what it audits.
 */
import type { SQL } from 'drizzle-orm';
import { sql } from 'drizzle-orm';
import type { Database } from '../db/database.ts';

export type Reader = Pick<Database, 'execute'>;

/** How many rows are looked at together. */
export const PAGE_ROWS = 1_000;

/** A database, and the tables that must be seen whole. */
export interface Read {
  readonly database: Database;
  /** No partition of them is taken away until the work has ended: not even a snapshot shows what TRUNCATE or DROP took. */
  readonly locked: readonly string[];
}

/**
 * Runs `work` over one snapshot of each database; the first database's is the oldest. All locks are taken before the first
 * snapshot. Statements may take as long as they need, because they scan whole tables.
 */
export async function withSnapshots<Result>(
  databases: readonly Read[],
  work: (readers: Reader[]) => Promise<Result>,
): Promise<Result> {
  return withLocks(databases, async (readers) => {
    for (const reader of readers) await reader.execute(sql`SELECT pg_current_snapshot()`);
    return work(readers);
  });
}

async function withLocks<Result>(
  [first, ...others]: readonly Read[],
  work: (readers: Reader[]) => Promise<Result>,
): Promise<Result> {
  if (first === undefined) return work([]);
  return first.database.transaction(
    async (tx) => {
      // None of these takes the transaction's snapshot.
      await tx.execute(sql`SET LOCAL statement_timeout = 0`);
      await tx.execute(sql`SET LOCAL idle_in_transaction_session_timeout = 0`);
      for (const table of first.locked) await tx.execute(sql`LOCK TABLE ${sql.identifier(table)} IN ACCESS SHARE MODE`);
      return withLocks(others, (readers) => work([tx, ...readers]));
    },
    { isolationLevel: 'repeatable read', accessMode: 'read only' },
  );
}

export async function rowsOf<Row>(reader: Reader, statement: SQL): Promise<Row[]> {
  const { rows } = await reader.execute(statement);
  return rows as Row[];
}

// No movement or wallet has this id: derived ids have a version.
const BEFORE_UUIDS = '00000000-0000-0000-0000-000000000000';

/**
 * A table page by page in the order of its key: `pageAfter` selects the rows that follow a key, `keyOf` returns a row's key. `before`
 * is before all keys: by default, of those that are uuids.
 */
export async function* pagesOf<Row>(
  reader: Reader,
  pageAfter: (key: string, limit: number) => SQL,
  keyOf: (row: Row) => string,
  before = BEFORE_UUIDS,
): AsyncGenerator<Row[]> {
  let key = before;
  for (;;) {
    const page = await rowsOf<Row>(reader, pageAfter(key, PAGE_ROWS));
    if (page.length > 0) yield page;
    if (page.length < PAGE_ROWS) return;
    key = keyOf(page.at(-1)!);
  }
}

/** A list as one parameter, for `= ANY`. */
export function uuids(ids: readonly string[]): SQL {
  return sql`${sql.param(ids)}::uuid[]`;
}
