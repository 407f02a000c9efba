/**
 * The installation that a service's database belongs to: one row in each of its databases, which names the installation and the
 * Temporal namespace that carries its workflows. Each new connection is compared with it, so that no process works with the
 * databases of two installations, nor with a copy that nobody has declared to be one (db/bind-installation.ts).
 */
import { sql } from 'drizzle-orm';
import { check, integer, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import pg from 'pg';
import type { InstallationId } from '../domain/ids.ts';
import { InstallationError, type Installation } from '../domain/installation.ts';
import { instant, type Database } from './database.ts';
import { SCHEMA_VERSIONS, type ServiceName } from './schema-version.ts';

export const installation = pgTable(
  'installation',
  {
    onlyRow: integer('only_row').primaryKey().default(1),
    installationId: uuid('installation_id').$type<InstallationId>().notNull(),
    /** Temporal's own id of the namespace: another server's namespace of the same name has another one. */
    namespaceId: text('namespace_id').notNull(),
    /** The value of CURRENT_SERVER when the database was bound. */
    serverId: text('server_id').notNull(),
    /**
     * In the transfer database: the names of all databases that were bound. If one of them is bound to nothing now, it was lost.
     */
    databases: text('databases')
      .array()
      .notNull()
      .default(sql`'{}'`),
    boundAt: instant('bound_at')
      .notNull()
      .default(sql`clock_timestamp()`),
  },
  (t) => [check('installation_only_row', sql`${t.onlyRow} = 1`)],
);

/**
 * The place of a database: the identifier of its cluster and its own number there. A standby that takes over keeps both, and so
 * does a copy of the whole data directory; a database that was restored from a dump, or upgraded by pg_upgrade, has others.
 */
export const CURRENT_SERVER = `(SELECT system_identifier FROM pg_control_system()) || '/' || (SELECT oid FROM pg_database WHERE datname = current_database())`;

/** A process's guard: the process belongs to the installation of the first database that it connects to. */
export interface InstallationGuard {
  /**
   * Checks each connection to a database of this service: throws an InstallationError unless the database is where it was bound,
   * belongs to the same installation as those before it, and has had the migrations that this program needs.
   */
  readonly admit: (service: ServiceName) => (connection: pg.ClientBase) => Promise<void>;
  /** The installation; undefined until a connection was admitted. */
  readonly known: () => Installation | undefined;
}

export function guardInstallation(): InstallationGuard {
  let known: Installation | undefined;
  return {
    admit: (service) => async (connection) => {
      const found = await readInstallation(connection);
      if (found.schemaVersion < SCHEMA_VERSIONS[service])
        throw new InstallationError(
          `the database ${found.database} has had ${found.schemaVersion} migrations, and this program needs ${SCHEMA_VERSIONS[service]}: ` +
            'migrate it first (npm run migrate)',
        );
      if (known !== undefined && found.installationId !== known.installationId)
        throw new InstallationError(
          `the database ${found.database} belongs to installation ${found.installationId}, and this process to ${known.installationId}: ` +
            'its settings name databases of two installations',
        );
      known = { installationId: found.installationId, namespaceId: found.namespaceId };
    },
    known: () => known,
  };
}

interface Row {
  installation_id: InstallationId;
  namespace_id: string;
  is_where_it_was_bound: boolean;
  database: string;
  schema_version: number;
}

async function readInstallation(
  connection: pg.ClientBase,
): Promise<Installation & { readonly database: string; readonly schemaVersion: number }> {
  const row = await connection
    .query<Row>(
      `SELECT installation_id, namespace_id, server_id = ${CURRENT_SERVER} AS is_where_it_was_bound, current_database() AS database,
        (SELECT count(*)::int FROM migrations.__drizzle_migrations) AS schema_version FROM installation`,
    )
    .then(({ rows }) => rows[0])
    .catch((error: unknown) => {
      if (error instanceof pg.DatabaseError && NOT_MIGRATED.has(error.code ?? '')) return undefined;
      throw error;
    });
  if (row === undefined)
    throw new InstallationError('a database belongs to no installation yet: migrate it first (npm run migrate)');
  if (!row.is_where_it_was_bound)
    throw new InstallationError(
      `the database ${row.database} is a copy, or was restored or moved, since it was bound to installation ${row.installation_id}: ` +
        'npm run rebind says what differs and how to go on',
    );
  return {
    installationId: row.installation_id,
    namespaceId: row.namespace_id,
    database: row.database,
    schemaVersion: row.schema_version,
  };
}

/** undefined_table, insufficient_privilege: the tables and their grants exist once the migration is through. */
const NOT_MIGRATED: ReadonlySet<string> = new Set(['42P01', '42501']);

/** The process's installation. Asks the database, which was opened with this guard, only if the guard does not know it yet. */
export async function installationOf({ known }: InstallationGuard, database: Database): Promise<Installation> {
  if (known() === undefined)
    await database.execute(sql`SELECT 1`).catch((error: Error) => {
      // Report why the connection was refused, not the query that needed the connection.
      throw error.cause instanceof InstallationError ? error.cause : error;
    });
  return known()!;
}
