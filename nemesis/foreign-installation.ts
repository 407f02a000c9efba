/**
 * Another installation in the stack's PostgreSQL: databases that the build has migrated, with an identity and a Temporal
 * namespace of their own. The same users have the same wallets in it and as much money, as in a staging environment that was
 * filled from production. Its money belongs to somebody else.
 */
import { closeDatabases, openDatabase, type Database } from '../db/database.ts';
import { migrate } from './migrate.ts';
import { DATABASES, PLACES, type DatabaseName, type Place, type Stack } from './stack.ts';

export interface ForeignInstallation {
  /** Administrator URLs, by the names of the stack's own databases. */
  readonly databases: Readonly<Record<Place, string>>;
  /** The tables that have been written to; empty as long as nobody has worked with the installation. */
  readonly written: () => Promise<string[]>;
}

const NAMESPACE = 'another';
const MIGRATE_LIMIT_MS = 60_000;
const QUERY_LIMIT_MS = 10_000;
/** The tables into which every movement writes. */
const MOVED: Readonly<Record<Place, readonly string[]>> = {
  'wallet-0': ['ledger_entries', 'operation_fences', 'outbox_events'],
  'wallet-1': ['ledger_entries', 'operation_fences', 'outbox_events'],
  transfer: ['transfers', 'transactions', 'transfer_steps', 'outbox_events'],
};
const made = new WeakMap<Stack, Promise<ForeignInstallation>>();

/** Returns the same installation at each call. The first call makes it; if that fails, the next one tries again. */
export function foreignInstallation(stack: Stack): Promise<ForeignInstallation> {
  const known = made.get(stack);
  if (known !== undefined) return known;
  const making = make(stack);
  made.set(stack, making);
  making.catch(() => made.delete(stack));
  return making;
}

async function make(stack: Stack): Promise<ForeignInstallation> {
  const own = stack.file().databases;
  const databases = Object.fromEntries(
    DATABASES.map((place) => {
      const url = new URL(own[place]!);
      return [place, Object.assign(url, { pathname: `/foreign_${url.pathname.slice(1)}` }).href];
    }),
  ) as Record<DatabaseName, string>;
  // An earlier try may have left a database half made.
  for (const url of Object.values(databases))
    await stack.rows('transfer', `DROP DATABASE IF EXISTS ${new URL(url).pathname.slice(1)} WITH (FORCE)`);
  await migrate(stack, databases, { signal: AbortSignal.timeout(MIGRATE_LIMIT_MS) });
  for (const place of DATABASES)
    await withDatabase(databases[place], async ({ $client }) => {
      await $client.query('UPDATE installation SET namespace_id = $1', [NAMESPACE]);
      if (!isShard(place)) return;
      const rows = await stack.rows(place, 'SELECT * FROM wallets');
      await $client.query(
        'INSERT INTO wallets SELECT * FROM json_populate_recordset(NULL::wallets, $1) ON CONFLICT DO NOTHING',
        [JSON.stringify(rows)],
      );
    });
  return { databases, written: () => writtenIn(databases) };
}

function isShard(place: DatabaseName): boolean {
  return place.startsWith('wallet-');
}

async function writtenIn(databases: Readonly<Record<Place, string>>): Promise<string[]> {
  const found = await Promise.all(
    PLACES.map((place) =>
      withDatabase(databases[place], async ({ $client }) => {
        const counts = MOVED[place].map(
          (table) => `SELECT '${table}' AS "table", count(*)::int AS count FROM ${table}`,
        );
        const { rows } = await $client.query<{ table: string; count: number }>(counts.join(' UNION ALL '));
        return rows.filter(({ count }) => count > 0).map(({ table, count }) => `${count} ${table} in ${place}`);
      }),
    ),
  );
  return found.flat();
}

async function withDatabase<Result>(url: string, use: (database: Database) => Promise<Result>): Promise<Result> {
  const database = openDatabase(url, {
    applicationName: 'counterpoise-nemesis',
    connectionsMax: 1,
    queryTimeoutMs: QUERY_LIMIT_MS,
  });
  try {
    return await use(database);
  } finally {
    await closeDatabases([database]);
  }
}
