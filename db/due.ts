/**
 * The claim of rows whose time has come, for every kind of row that a sweep works off. Rows that another sweep is claiming
 * are passed over, so any number of sweeps may run.
 */
import { sql, type SQL } from 'drizzle-orm';
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core';
import { columnsOf, rowOf, type Database } from './database.ts';

/**
 * The rows that can become due: those of a table for which `isOpen` holds, at the instant in `dueAt`, or never if that is null.
 */
export interface DueRows<Table extends PgTable> {
  readonly table: Table;
  readonly id: PgColumn;
  readonly dueAt: PgColumn;
  /** Written exactly as in the partial index on `dueAt`, so that the planner sees that it can use that index. */
  readonly isOpen?: SQL;
}

export interface Claim {
  readonly limit: number;
  readonly leaseSeconds: number;
}

/** Claims up to `limit` rows that are due, those due longest, and returns them. They are due again after `leaseSeconds`. */
export async function claimDue<Table extends PgTable>(
  database: Database,
  { table, id, dueAt, isOpen = sql`true` }: DueRows<Table>,
  { limit, leaseSeconds }: Claim,
): Promise<Table['$inferSelect'][]> {
  // As an array, the ids are looked up in the primary key's index; a join might scan the table.
  const { rows } = await database.execute(sql`
    UPDATE ${table} SET ${sql.identifier(dueAt.name)} = now() + make_interval(secs => ${leaseSeconds})
    WHERE ${id} = ANY(ARRAY(
      SELECT ${id} FROM ${table} WHERE ${isOpen} AND ${isPast(dueAt)} ORDER BY ${dueAt} LIMIT ${limit} FOR UPDATE SKIP LOCKED
    ))
    RETURNING ${columnsOf(table)}`);
  return rows.map((row) => rowOf(table, row));
}

/** Clears the due time of these rows, so that they are no longer due. A repeat changes nothing. */
export async function clearDue(
  database: Database,
  { table, id, dueAt }: Omit<DueRows<PgTable>, 'isOpen'>,
  ids: readonly string[],
): Promise<void> {
  if (ids.length === 0) return;
  await database.execute(
    sql`UPDATE ${table} SET ${sql.identifier(dueAt.name)} = NULL WHERE ${id} = ANY(${sql.param(ids)}::uuid[])`,
  );
}

/** A due time more than a day ahead counts as past: nothing is put off that long, so it was written while the clock was wrong. */
function isPast(at: PgColumn): SQL {
  return sql`(${at} < now() OR ${at} > now() + interval '1 day')`;
}
