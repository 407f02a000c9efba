/**
 * Lists, newest first, that walk one index in the order of creation and stop early: the lead's, which ends in (created_at, id). What
 * that index does not know is tested on each row, of ROWS_MAX rows at most; then the page is short, and says where it stopped
 * (docs/decisions/0016-lists-walk-an-index.md).
 */
import { sql, type SQL } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';
import type { Place } from '../domain/place.ts';
import { DEFAULT_TENANT, type Tenant } from '../domain/tenant.ts';
import { columnsOf, isOfTenant, ofOtherTenants, rowOf, type Database } from './database.ts';

/** Some tens of milliseconds. */
const ROWS_MAX = 10_000;
const HIGHEST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** The column with which an index begins, and the value that is wanted. */
export interface Lead {
  readonly column: string;
  readonly type: 'uuid' | 'text';
  readonly value: string;
  /** That of a partial index, as the index says it. */
  readonly predicate?: SQL;
}

export interface Walk<Table extends PgTable> {
  readonly table: Table;
  /** The name of the column with the id. */
  readonly id: string;
  /** That of the column with the instant; `created_at` if it is left out. */
  readonly at?: string;
  /** Without one, all rows are walked. */
  readonly lead?: Lead | undefined;
  /** Of an index that begins with two columns. */
  readonly second?: Lead | undefined;
  /** That of a partial index that knows nothing but the order of creation, as the index says it. */
  readonly predicate?: SQL | undefined;
  /** What a row has to fulfill besides. */
  readonly rest: readonly SQL[];
  /** What hardly any row fails to fulfill: that it is the tenant's. Where none fails it, it costs nothing. */
  readonly likely?: SQL | undefined;
  readonly after?: Place | undefined;
  /** The walk ends before what is older; without it, it goes on to the oldest. */
  readonly since?: Date | undefined;
  readonly limit: number;
}

export interface Listed<Row> {
  readonly rows: Row[];
  /** Where the walk was given up, if it was. */
  readonly stoppedAt: Place | undefined;
}

/**
 * The walk over a tenant's rows where an index (tenant, instant, id) has those of other tenants than the default one: of such a tenant,
 * the filter is tested on its own rows; of the default one, whether the rows are its own is tested on those of the filter.
 */
export function ofTenantOrFilter(
  tenant: Tenant,
  filter: Lead | undefined,
): Pick<Walk<never>, 'lead' | 'predicate' | 'rest' | 'likely'> {
  if (tenant === DEFAULT_TENANT) return { lead: filter, rest: [], likely: isOfTenant(tenant) };
  return { predicate: isOfTenant(tenant), rest: filter === undefined ? [] : [testOf(filter)] };
}

/** As `ofTenantOrFilter`, where there are also indexes (tenant, filter, instant, id): they are walked of any tenant but the default one. */
export function ofTenantAndFilter(
  tenant: Tenant,
  filter: Lead | undefined,
): Pick<Walk<never>, 'lead' | 'second' | 'likely'> {
  if (tenant === DEFAULT_TENANT) return { lead: filter, likely: isOfTenant(tenant) };
  return { lead: { column: 'tenant', type: 'text', value: tenant, predicate: ofOtherTenants }, second: filter };
}

export function testOf({ column, type, value }: Lead): SQL {
  return sql`${sql.identifier(column)} = ${value}::${sql.raw(type)}`;
}

/**
 * Several lists as one. Behind the place where one of them was given up, its rows may be missing: what the others have there is
 * left to the next page.
 */
export function mergedNewestFirst<Row>(
  lists: readonly Listed<Row>[],
  placeOf: (row: Row) => Place,
  limit: number,
): Listed<Row> {
  const stoppedAt = lists.flatMap((each) => each.stoppedAt ?? []).sort(newestFirst)[0];
  const rows = lists
    .flatMap((each) => each.rows)
    .filter((row) => stoppedAt === undefined || newestFirst(placeOf(row), stoppedAt) <= 0)
    .sort((one, other) => newestFirst(placeOf(one), placeOf(other)))
    .slice(0, limit);
  return { rows, stoppedAt: rows.length < limit ? stoppedAt : undefined };
}

function newestFirst(one: Place, other: Place): number {
  const later = other.createdAt.getTime() - one.createdAt.getTime();
  return later || (one.id === other.id ? 0 : one.id < other.id ? 1 : -1);
}

export async function listNewestFirst<Table extends PgTable>(
  database: Database,
  { rest, likely, ...asked }: Walk<Table>,
): Promise<Listed<Table['$inferSelect']>> {
  const tests = likely === undefined ? rest : [...rest, likely];
  if (rest.length > 0) return walk(database, { ...asked, rest: tests }, ROWS_MAX);
  const page = await walk(database, { ...asked, rest: tests }, asked.limit);
  return page.stoppedAt === undefined || likely === undefined
    ? page
    : walk(database, { ...asked, rest: tests }, ROWS_MAX);
}

async function walk<Table extends PgTable>(
  database: Database,
  { table, id, at = 'created_at', lead, second, predicate, rest, after, since, limit }: Walk<Table>,
  rowsMax: number,
): Promise<Listed<Table['$inferSelect']>> {
  const leads = [lead, second].filter((each) => each !== undefined);
  const leading = leads.map(({ column }) => sql.identifier(column));
  const wanted = leads.map(({ value, type }) => sql`${value}::${sql.raw(type)}`);
  const columns = [...leading, sql.identifier(at), sql.identifier(id)];
  const order = sql.join(
    columns.map((column) => sql`${column} DESC`),
    sql`, `,
  );
  const end = [
    sql`${after?.createdAt.toISOString() ?? 'infinity'}::timestamptz`,
    sql`${after?.id ?? HIGHEST_ID}::uuid`,
  ];
  const start = sql`${since?.toISOString() ?? '-infinity'}::timestamptz`;
  // Comparisons of whole rows, and an order by all columns, so that no other index serves.
  const { rows } = await database.execute(sql`
    SELECT * FROM (
      SELECT walked.*, ${rest.length === 0 ? sql`true` : sql.join([...rest], sql` AND `)} AS is_match,
        row_number() OVER (ORDER BY ${order}) AS place
      FROM (
        SELECT ${columnsOf(table)} FROM ${table}
        WHERE ${predicate ?? lead?.predicate ?? sql`true`}
          AND (${list([...leading, sql.identifier(at)])}) >= (${list([...wanted, start])})
          AND (${list(columns)}) < (${list([...wanted, ...end])})
        ORDER BY ${order} LIMIT ${rowsMax}
      ) AS walked
    ) AS placed
    WHERE is_match OR place = ${rowsMax} ORDER BY ${order} LIMIT ${limit}`);
  const last = rows.at(-1);
  const matches = rows.filter((row) => row['is_match']);
  const isStopped = matches.length < limit && last !== undefined && Number(last['place']) === rowsMax;
  return {
    rows: matches.map((row) => rowOf(table, row)),
    stoppedAt: isStopped ? { createdAt: new Date(last[at] as string), id: last[id] as string } : undefined,
  };
}

function list(items: readonly (SQL | ReturnType<typeof sql.identifier>)[]): SQL {
  return sql.join([...items], sql`, `);
}
