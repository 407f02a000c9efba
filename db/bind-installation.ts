/**
 * The binding of an installation's databases to each other, to the server that each is on, and to the Temporal namespace that
 * carries their workflows. The first migration binds them by itself; later they are bound anew only because an operator says what
 * has happened. Works as an administrator.
 */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { InstallationId } from '../domain/ids.ts';
import { InstallationError } from '../domain/installation.ts';
import { asAdministrator } from './administrator.ts';
import { CURRENT_SERVER } from './installation.ts';

export interface BoundDatabase {
  /** The name by which operators know the database: `transfer`, `wallet-0`. */
  readonly name: string;
  readonly adminUrl: string;
}

/**
 * An operator's word on databases that are not where they were bound, or are bound to another namespace. `moved`: they are the
 * same installation, restored, upgraded or moved, or its Temporal namespace is another one. `copy`: they are a copy, which from
 * now on is an installation of its own.
 */
export const REBINDINGS = ['moved', 'copy'] as const;
export type Rebinding = (typeof REBINDINGS)[number];

/** Of the session that binds, in the first database. The number is nobody else's there. */
const BINDING_LOCK = 7_203_114;

/** A database's own record of the installation that it belongs to. */
export interface Binding {
  readonly name: string;
  /** Undefined if the database was never bound. */
  readonly installationId: InstallationId | undefined;
  readonly namespaceId: string | undefined;
  readonly boundAt: Date | undefined;
  /** Whether it is still the same database of the same cluster as when it was bound. */
  readonly isWhereItWasBound: boolean;
  /** In the first database's binding, the names of all databases that were bound; in the others', empty. */
  readonly databases: readonly string[];
}

/** The binding of each database, in the given order. A database that was never migrated counts as never bound. */
export function readBindings(databases: readonly BoundDatabase[]): Promise<Binding[]> {
  return Promise.all(databases.map(readBinding));
}

/** The reasons why these databases cannot be one installation that is bound to this namespace; empty if they can. */
export function faultsOf(bindings: readonly Binding[], namespaceId: string): string[] {
  const bound = bindings.filter(({ installationId }) => installationId !== undefined);
  const unbound = bindings.filter(({ installationId }) => installationId === undefined);
  const lost = unbound.filter(
    ({ name }) => (name === bindings[0]?.name && bound.length > 0) || bindings[0]?.databases.includes(name),
  );
  const moved = bound.filter(({ isWhereItWasBound }) => !isWhereItWasBound);
  const elsewhere = Map.groupBy(
    bound.filter((binding) => binding.namespaceId !== namespaceId),
    (binding) => binding.namespaceId,
  );
  return [
    ...(new Set(bound.map(({ installationId }) => installationId)).size > 1
      ? [
          `different installations: ${bound.map(({ name, installationId }) => `${name} is of ${installationId}`).join(', ')}`,
        ]
      : []),
    ...(lost.length > 0 ? [`bound to none, though bound before or beside others that are: ${namesOf(lost)}`] : []),
    ...(moved.length > 0 ? [`copied, restored, upgraded or moved since they were bound: ${namesOf(moved)}`] : []),
    ...[...elsewhere].map(
      ([id, those]) =>
        `bound to the Temporal namespace ${id}, while the settings name ${namespaceId}: ${namesOf(those)}`,
    ),
  ];
}

function namesOf(bindings: readonly Binding[]): string {
  return bindings.map(({ name }) => name).join(', ');
}

/** Throws an InstallationError unless these databases fit together, and to the namespace, or were never bound. */
export async function requireFitting(databases: readonly BoundDatabase[], namespaceId: string): Promise<void> {
  const faults = faultsOf(await readBindings(databases), namespaceId);
  if (faults.length > 0)
    throw new InstallationError(
      `these databases are not one installation that is bound to this Temporal namespace (${faults.join('; ')}); npm run rebind says how to go on`,
    );
}

/**
 * Binds the databases that were never bound, and checks those that were. The first database of the list decides the
 * installation's id and keeps the names of all, so that two calls at once bind the databases to the same installation, and the
 * next call continues an interrupted one. A repeat changes nothing. Throws an InstallationError that says what does not fit.
 */
export async function bindInstallation(
  databases: readonly BoundDatabase[],
  namespaceId: string,
): Promise<InstallationId> {
  return asAdministrator(firstOf(databases).adminUrl, async (holder) => {
    // The databases are looked at one after another: a call beside this one would see some that are bound already beside a first one that is not.
    await holder.query('SELECT pg_advisory_lock($1)', [BINDING_LOCK]);
    await requireFitting(databases, namespaceId);
    return bindAll(databases, randomUUID() as InstallationId, (client, installationId) =>
      client.query(
        `INSERT INTO installation (installation_id, namespace_id, server_id) SELECT $1, $2, ${CURRENT_SERVER} ON CONFLICT DO NOTHING`,
        [installationId, namespaceId],
      ),
    );
  });
}

/** Binds the databases anew, as moved or as a copy, as the operator says. Throws an InstallationError if that cannot be true. */
export async function rebindInstallation(
  databases: readonly BoundDatabase[],
  namespaceId: string,
  rebinding: Rebinding,
): Promise<InstallationId> {
  const bindings = await readBindings(databases);
  const ids = new Set(bindings.flatMap(({ installationId }) => installationId ?? []));
  if (rebinding === 'moved' && ids.size > 1)
    throw new InstallationError(
      `these databases are not one installation that was moved (${faultsOf(bindings, namespaceId)[0]})`,
    );
  if (rebinding === 'copy' && bindings.some((binding) => binding.namespaceId === namespaceId))
    throw new InstallationError(
      "the Temporal namespace that the settings name is the original's: a copy needs one of its own (TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE)",
    );
  const [kept] = rebinding === 'moved' ? ids : [];
  return bindAll(databases, kept ?? (randomUUID() as InstallationId), (client, installationId) =>
    client.query(
      `INSERT INTO installation (installation_id, namespace_id, server_id) SELECT $1, $2, ${CURRENT_SERVER}
       ON CONFLICT (only_row) DO UPDATE SET installation_id = excluded.installation_id, namespace_id = excluded.namespace_id,
         server_id = excluded.server_id, bound_at = clock_timestamp()`,
      [installationId, namespaceId],
    ),
  );
}

/**
 * Writes each database's row, and the names of all into the first one's. Returns the installation that the first one then has.
 */
async function bindAll(
  databases: readonly BoundDatabase[],
  wanted: InstallationId,
  write: (client: pg.Client, installationId: InstallationId) => Promise<unknown>,
): Promise<InstallationId> {
  const [, ...others] = databases;
  return asAdministrator(firstOf(databases).adminUrl, async (client) => {
    await write(client, wanted);
    const { rows } = await client.query<Pick<BindingRow, 'installation_id'>>(
      'SELECT installation_id FROM installation',
    );
    const installationId = rows[0]!.installation_id;
    for (const database of others)
      await asAdministrator(database.adminUrl, (connection) => write(connection, installationId));
    await client.query(
      'UPDATE installation SET databases = ARRAY(SELECT DISTINCT name FROM unnest(databases || $1::text[]) AS name ORDER BY name)',
      [databases.map(({ name }) => name)],
    );
    return installationId;
  });
}

function firstOf([first]: readonly BoundDatabase[]): BoundDatabase {
  if (first === undefined) throw new Error('an installation has at least one database');
  return first;
}

export interface BindingRow {
  readonly installation_id: InstallationId;
  readonly namespace_id: string;
  readonly bound_at: Date;
  readonly databases: string[];
  readonly is_where_it_was_bound: boolean;
}

export const BINDING = `SELECT installation_id, namespace_id, bound_at, databases, server_id = ${CURRENT_SERVER} AS is_where_it_was_bound FROM installation`;

async function readBinding({ name, adminUrl }: BoundDatabase): Promise<Binding> {
  try {
    return bindingOf(name, await asAdministrator(adminUrl, (client) => client.query<BindingRow>(BINDING)));
  } catch (error) {
    // The database was never migrated, or does not even exist.
    if (isMissing(error)) return bindingOf(name, { rows: [] });
    throw error;
  }
}

/** A database's binding, read from the row that BINDING selects. */
export function bindingOf(name: string, { rows: [row] }: { readonly rows: readonly BindingRow[] }): Binding {
  return {
    name,
    installationId: row?.installation_id,
    namespaceId: row?.namespace_id,
    boundAt: row?.bound_at,
    isWhereItWasBound: row?.is_where_it_was_bound ?? false,
    databases: row?.databases ?? [],
  };
}

/** undefined_table, invalid_catalog_name */
function isMissing(error: unknown): boolean {
  return error instanceof pg.DatabaseError && (error.code === '42P01' || error.code === '3D000');
}
