/**
 * Binds the databases of an installation to each other, to where they are, and to the Temporal namespace that carries their
 * workflows: at the first migration by itself, later only because an operator says what has happened. As an administrator.
 */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { InstallationId } from '../domain/ids.ts';
import { InstallationError } from '../domain/installation.ts';
import { asAdministrator } from './administrator.ts';
import { CURRENT_SERVER } from './installation.ts';

export interface BoundDatabase {
  /** As an operator knows it: `transfer`, `wallet-0`. */
  readonly name: string;
  readonly adminUrl: string;
}

/**
 * What an operator says of databases that are not what they were bound to. `moved`: they are the same installation,
 * restored, upgraded or moved, or its Temporal namespace is another one. `copy`: they are a copy, which from now on is an
 * installation of its own.
 */
export const REBINDINGS = ['moved', 'copy'] as const;
export type Rebinding = (typeof REBINDINGS)[number];

/** What a database says of itself. */
export interface Binding {
  readonly name: string;
  /** Undefined where it was never bound. */
  readonly installationId: InstallationId | undefined;
  readonly namespaceId: string | undefined;
  readonly boundAt: Date | undefined;
  /** Whether it is in the cluster, and is the database there, that it was in when it was bound. */
  readonly isWhereItWasBound: boolean;
  /** Of the first database: the names of all that were bound. */
  readonly databases: readonly string[];
}

/** What each database says, in their order. One that was never migrated was never bound. */
export function readBindings(databases: readonly BoundDatabase[]): Promise<Binding[]> {
  return Promise.all(databases.map(readBinding));
}

/** What keeps these databases from being one installation that is bound to this namespace; empty if nothing does. */
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
 * Binds databases that were never bound, and checks those that are. The first database of the list decides which installation
 * it is and keeps the names of all, so that two at once bind them to the same one, and one that is interrupted is continued
 * by the next. A repeat changes nothing. Throws an InstallationError that says what does not fit.
 */
export async function bindInstallation(
  databases: readonly BoundDatabase[],
  namespaceId: string,
): Promise<InstallationId> {
  await requireFitting(databases, namespaceId);
  return bindAll(databases, randomUUID() as InstallationId, (client, installationId) =>
    client.query(
      `INSERT INTO installation (installation_id, namespace_id, server_id) SELECT $1, $2, ${CURRENT_SERVER} ON CONFLICT DO NOTHING`,
      [installationId, namespaceId],
    ),
  );
}

/** Binds the databases anew, as the operator says. Throws an InstallationError where that cannot be true. */
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

/** Writes the row of each database, and its name into the first one's. Returns the installation that the first one has then. */
async function bindAll(
  databases: readonly BoundDatabase[],
  wanted: InstallationId,
  write: (client: pg.Client, installationId: InstallationId) => Promise<unknown>,
): Promise<InstallationId> {
  const [first, ...others] = databases;
  if (first === undefined) throw new Error('an installation has at least one database');
  return asAdministrator(first.adminUrl, async (client) => {
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
    // One that was never migrated, or is not even there.
    if (isMissing(error)) return bindingOf(name, { rows: [] });
    throw error;
  }
}

/** What a database says of itself, by the row that BINDING selects. */
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
