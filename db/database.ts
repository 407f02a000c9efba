/**
 * Opens a service's database: a bounded pool of connections and drizzle-orm over it. Every wait has a bound, so that a
 * database that is gone or frozen is an error within `queryTimeoutMs` and never a hang.
 */
import { createHash } from 'node:crypto';
import { callbackify } from 'node:util';
import { DrizzleQueryError, getTableColumns, sql, type SQL } from 'drizzle-orm';
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import { customType, numeric, PgDialect, timestamp, type PgTable } from 'drizzle-orm/pg-core';
import pg from 'pg';
import { within } from '../process/deadline.ts';

export type Database = NodePgDatabase & { readonly $client: pg.Pool };

export interface DatabaseOptions {
  /** Shown in pg_stat_activity. */
  readonly applicationName: string;
  readonly connectionsMax: number;
  /** For a connection and for an answer, each. Longer than the role's statement_timeout lets the server speak first. */
  readonly queryTimeoutMs: number;
  /** Judges each new connection before it is used; what it throws is thrown to whoever wanted the connection. */
  readonly admit?: (connection: pg.ClientBase) => Promise<void>;
}

/** Connects on first use. */
export function openDatabase(
  url: string,
  { applicationName, connectionsMax, queryTimeoutMs, admit }: DatabaseOptions,
): Database {
  const pool = new pg.Pool({
    connectionString: url,
    application_name: applicationName,
    max: connectionsMax,
    connectionTimeoutMillis: queryTimeoutMs,
    query_timeout: queryTimeoutMs,
    keepAlive: true,
    ...(admit === undefined ? {} : { verify: callbackify(admit) }),
  });
  // A connection that breaks leaves the pool by itself, and whoever uses it next is told. Without a listener, on the pool
  // for those that are idle and on each for those between two statements of a transaction, it would end the process.
  pool.on('error', () => {});
  pool.on('connect', (connection) => connection.on('error', () => {}));
  return drizzle(pool);
}

const CLOSE_LIMIT_MS = 1_000;

/** Ends the connections. A frozen server does not confirm that, and is not waited for. */
export async function closeDatabases(databases: readonly Database[]): Promise<void> {
  await within(CLOSE_LIMIT_MS, Promise.all(databases.map((database) => database.$client.end())));
}

const dialect = new PgDialect();
const names = new Map<string, string>();

/**
 * As `database.execute`, for the few statements that every movement takes: under a name, so that a connection parses and
 * plans each text once. Not for texts that vary with what is asked, which every connection would keep; and the columns that
 * are selected have to be named, or a migration that adds one would break the statement on every open connection.
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
    // What is no fault of the driver or the server is a mistake of ours.
    throw error instanceof TypeError ? error : new DrizzleQueryError(text, params, error as Error);
  }
}

/** The columns of a table that this code knows, in a select list. */
export function columnsOf(table: PgTable): SQL {
  const names = Object.values(getTableColumns(table)).map(({ name }) => sql.identifier(name));
  return sql.join(names, sql`, `);
}

/** A row of a statement that drizzle-orm has no words for, read as drizzle-orm would have read it. */
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

/** As above, with what the server told beside. drizzle-orm keeps the driver's error as the cause. */
export function violation(error: unknown): Pick<pg.DatabaseError, 'constraint' | 'detail'> | undefined {
  const fault = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return fault instanceof pg.DatabaseError && fault.constraint !== undefined ? fault : undefined;
}

/** Instants have milliseconds, as JavaScript's dates do: what a cursor carries back is what the row holds. */
export const instant = (name: string) => timestamp(name, { withTimezone: true, precision: 3, mode: 'date' });

/** What one movement moves: DECIMAL(19,4), a decimal string in code, see domain/money.ts. */
export const amount = (name: string) => numeric(name, { precision: 19, scale: 4 });

/** What movements sum to. Wider than an amount, so that a refund lands in a wallet that was filled up meanwhile. */
export const balance = (name: string) => numeric(name, { precision: 28, scale: 4 });

/** A hash in hex here, raw bytes there. */
export const sha256 = customType<{ data: string; driverData: Buffer }>({
  dataType: () => 'bytea',
  toDriver: (hex) => Buffer.from(hex, 'hex'),
  fromDriver: (bytes) => bytes.toString('hex'),
});
