/**
 * A service's database: a bounded pool of connections with drizzle-orm over it, and the column types and helpers that all
 * services share. Every wait has a bound, so that a database that is gone or frozen causes an error after `queryTimeoutMs`, never
 * a hang.
 */
import { createHash } from 'node:crypto';
import { callbackify } from 'node:util';
import { DrizzleQueryError, getTableColumns, sql, type SQL } from 'drizzle-orm';
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import { customType, numeric, PgDialect, text, timestamp, type PgTable } from 'drizzle-orm/pg-core';
import pg from 'pg';
import { DEFAULT_TENANT, type Tenant } from '../domain/tenant.ts';
import { within } from '../process/deadline.ts';
import { isTracing } from '../process/traces.ts';
import { traceQueries } from './traced-queries.ts';

export type Database = NodePgDatabase & { readonly $client: pg.Pool };

export interface DatabaseOptions {
  /** Shown in pg_stat_activity. */
  readonly applicationName: string;
  readonly connectionsMax: number;
  /**
   * The limit of each wait, for a connection and for a result. If it is longer than the role's statement_timeout, the server's
   * own error comes first.
   */
  readonly queryTimeoutMs: number;
  /** Checks each new connection before it is used. An error that it throws goes to the caller that wanted the connection. */
  readonly admit?: (connection: pg.ClientBase) => Promise<void>;
}

/** Connects on first use. */
export function openDatabase(
  url: string,
  { applicationName, connectionsMax, queryTimeoutMs, admit }: DatabaseOptions,
): Database {
  const pool = new Connections({
    connectionString: url,
    application_name: applicationName,
    max: connectionsMax,
    connectionTimeoutMillis: queryTimeoutMs,
    query_timeout: queryTimeoutMs,
    keepAlive: true,
    ...(admit === undefined ? {} : { verify: callbackify(admit) }),
  });
  // A connection that breaks leaves the pool by itself, and its next use fails. The error would end the process without these
  // listeners: on the pool for idle connections, on each connection for those between two statements of a transaction.
  pool.on('error', () => {});
  pool.on('connect', (connection) => connection.on('error', () => {}));
  if (isTracing()) traceQueries(pool, new URL(url).pathname.slice(1));
  return drizzle(pool);
}

/**
 * drizzle-orm wraps what fails of a query, but not of the connection that a transaction begins with: wrapped the same here, nobody takes
 * a database that does not answer for a mistake in our own code.
 */
class Connections extends pg.Pool {
  override connect(): Promise<pg.PoolClient>;
  override connect(callback: ConnectCallback): void;
  override connect(callback?: ConnectCallback): Promise<pg.PoolClient> | void {
    if (callback !== undefined) return super.connect(callback);
    return super.connect().catch((error: unknown) => {
      throw new DrizzleQueryError('connect', [], error as Error);
    });
  }
}

type ConnectCallback = Parameters<typeof pg.Pool.prototype.connect>[0];

/** Shows the connections of these databases among the metrics, if there are any, by the names of their applications. */
export function watchPools(metrics: PoolWatch | undefined, databases: Iterable<Database>): void {
  for (const { $client: pool } of databases) metrics?.watchPool(pool.options.application_name ?? 'other', pool);
}

export interface PoolWatch {
  readonly watchPool: (name: string, pool: pg.Pool) => void;
}

const CLOSE_LIMIT_MS = 1_000;

/** Ends the connections. A frozen server never confirms that, so this waits a second at most. */
export async function closeDatabases(databases: readonly Database[]): Promise<void> {
  await within(CLOSE_LIMIT_MS, Promise.all(databases.map((database) => database.$client.end())));
}

const dialect = new PgDialect();
const names = new Map<string, string>();

/**
 * Like `database.execute`, for the few statements that every movement needs: sends the statement under a name, so that each
 * connection parses and plans a text only once. Not for texts that vary with the request, because every connection would keep
 * each of them. Name the columns that are selected: with `*`, a migration that adds a column would break the statement on every
 * open connection.
 */
export async function executePrepared<Row extends pg.QueryResultRow>(
  database: Database,
  statement: SQL,
): Promise<pg.QueryResult<Row>> {
  const pool = database.$client;
  const { sql: text, params } = dialect.sqlToQuery(statement);
  const name = names.get(text) ?? createHash('sha256').update(text).digest('hex').slice(0, 32);
  names.set(text, name);
  try {
    return await pool.query<Row>({ name, text, values: params });
  } catch (error) {
    // A TypeError is a mistake in our own code, not a failure of the driver or the server.
    throw error instanceof TypeError ? error : new DrizzleQueryError(text, params, error as Error);
  }
}

const columnLists = new WeakMap<PgTable, SQL>();

/** A select list of the columns of a table that this code knows; one text, for each part of a statement takes time to put together. */
export function columnsOf(table: PgTable): SQL {
  let list = columnLists.get(table);
  if (list === undefined) {
    const names = Object.values(getTableColumns(table)).map(({ name }) => pg.escapeIdentifier(name));
    list = sql.raw(names.join(', '));
    columnLists.set(table, list);
  }
  return list;
}

/** Converts a row of a hand-written statement as drizzle-orm converts the rows of its own. */
export function rowOf<Table extends PgTable>(table: Table, raw: Record<string, unknown>): Table['$inferSelect'] {
  const entries = Object.entries(getTableColumns(table)).map(([key, column]) => {
    const value = raw[column.name];
    return [key, value === null ? null : column.mapFromDriverValue(value)];
  });
  return Object.fromEntries(entries) as Table['$inferSelect'];
}

/** The constraint that a failed statement violated, if that is why it failed. */
export function violatedConstraint(error: unknown): string | undefined {
  return violation(error)?.constraint;
}

/** As `violatedConstraint`, with the server's detail. drizzle-orm keeps the driver's error as the cause. */
export function violation(error: unknown): Pick<pg.DatabaseError, 'constraint' | 'detail'> | undefined {
  const fault = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return fault instanceof pg.DatabaseError && fault.constraint !== undefined ? fault : undefined;
}

/** Whose a row is. The default costs a migration nothing: no row is written. */
export const tenantColumn = () => text('tenant').$type<Tenant>().notNull().default(DEFAULT_TENANT);

/** The condition of the indexes of other tenants' rows, which have none where there is no tenant but the default one. */
export const ofOtherTenants = sql`tenant <> 'default'`;

/** The condition that a row is a tenant's, as the partial indexes of other tenants' rows have it. */
export function isOfTenant(tenant: Tenant): SQL {
  return tenant === DEFAULT_TENANT ? sql`tenant = 'default'` : sql`tenant <> 'default' AND tenant = ${tenant}`;
}

/** An instant in milliseconds, the precision of JavaScript's dates, so that a cursor carries back exactly what the row holds. */
export const instant = (name: string) => timestamp(name, { withTimezone: true, precision: 3, mode: 'date' });

/** The amount of one movement: DECIMAL(19,4), a decimal string in code, see domain/money.ts. */
export const amount = (name: string) => numeric(name, { precision: 19, scale: 4 });

/** A sum of movements. Wider than an amount, so that a refund fits into a wallet that was filled up meanwhile. */
export const balance = (name: string) => numeric(name, { precision: 28, scale: 4 });

/** A SHA-256 hash: hex in code, raw bytes in the database. */
export const sha256 = customType<{ data: string; driverData: Buffer }>({
  dataType: () => 'bytea',
  toDriver: (hex) => Buffer.from(hex, 'hex'),
  fromDriver: (bytes) => bytes.toString('hex'),
});
