/**
 * The claim of rows whose time has come, for every kind of row that a sweep works off. Rows that another sweep is claiming
 * are passed over, so any number of sweeps may run.
 */
import { sql, type SQL } from 'drizzle-orm';
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core';
import { columnsOf, rowOf, type Database } from './database.ts';

/** What can become due: the rows of a table for which `isOpen` holds, at the instant in `dueAt`; never where that is null. */
export interface DueRows<Table extends PgTable> {
  readonly table: Table;
  readonly id: PgColumn;
  readonly dueAt: PgColumn;
  /** Spelled as the partial index on `dueAt` spells it, so that the planner sees that the index serves. */
  readonly isOpen?: SQL;
}

export interface Claim {
  readonly limit: number;
  readonly leaseSeconds: number;
}

/** The rows that are due, the longest due first, at most `limit`. They are due again after `leaseSeconds`. */
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

/** Makes these rows due no more. A repeat changes nothing. */
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

/** Nothing is put off by as much as a day: a row that seems to be was put off while the clock was wrong, and is due. */
function isPast(at: PgColumn): SQL {
  return sql`(${at} < now() OR ${at} > now() + interval '1 day')`;
}
