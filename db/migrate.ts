/**
 * The migration of a service's database to what this version needs: database, roles, tables, functions, grants. An
 * administrator's connection makes them; an owner role without login owns them; the service's role, named in its URL, may do only
 * what grants.sql says. A repeat changes nothing, and two migrations at once take turns.
 */
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import pg from 'pg';
import type { OrderService } from '../domain/order-services.ts';
import { bucketRange } from '../domain/routing.ts';
import { asAdministrator } from './administrator.ts';
import type { ServiceName } from './schema-version.ts';

export interface MigrationTarget {
  /** The URL of the database, with an administrator who may create it and the roles. */
  readonly adminUrl: string;
  /** The URL of the same database, with the service's role and its password. */
  readonly serviceUrl: string;
}

/** A database with an outbox, which the events service reads. */
export interface OutboxTarget extends MigrationTarget {
  /** The URL of the same database, with the events service's role and its password. */
  readonly relayUrl: string;
}

/**
 * The settings of the service's role. The server ends a statement that takes longer, or that waits longer for a lock, before the
 * activity that sent it times out (workflows/steps.ts), so that the server knows the outcome first. The functions are written for
 * READ COMMITTED.
 */
const ROLE_SETTINGS = {
  statement_timeout: '4s',
  lock_timeout: '3s',
  idle_in_transaction_session_timeout: '10s',
  default_transaction_isolation: 'read committed',
};
/**
 * Lists of movements walk an index in its order and stop early. A bitmap scan, which the planner prefers where the statistics
 * make a value seem rarer than it is, reads all rows with the value and sorts them (db/transfer/list-walk.ts).
 */
const TRANSFER_ROLE_SETTINGS = { ...ROLE_SETTINGS, enable_bitmapscan: 'off' };
/** The relay may have a long way to go after an outage, and nobody waits for its statements but itself. */
const EVENTS_ROLE_SETTINGS = { ...ROLE_SETTINGS, statement_timeout: '30s' };
const SETTINGS_OF: Readonly<Record<ServiceName, Readonly<Record<string, string>>>> = {
  wallet: ROLE_SETTINGS,
  transfer: TRANSFER_ROLE_SETTINGS,
  events: EVENTS_ROLE_SETTINGS,
  order: TRANSFER_ROLE_SETTINGS,
  inventory: ROLE_SETTINGS,
  delivery: ROLE_SETTINGS,
  accounting: TRANSFER_ROLE_SETTINGS,
  access: ROLE_SETTINGS,
};

/** Throws if the database was made for another range of buckets, because routing would not find its wallets. */
export async function migrateWalletDatabase({
  shard,
  shardCount,
  ...target
}: OutboxTarget & { shard: number; shardCount: number }): Promise<void> {
  await migrateDatabase({ ...target, service: 'wallet' }, async (client) => {
    const { adminUrl } = target;
    await defineFunctions(client, 'wallet');
    const { first, last } = bucketRange(shard, shardCount);
    await client.query('INSERT INTO shard_buckets (first_bucket, last_bucket) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
      first,
      last,
    ]);
    const held = (await client.query<{ first_bucket: number; last_bucket: number }>('SELECT * FROM shard_buckets'))
      .rows[0];
    if (held?.first_bucket !== first || held.last_bucket !== last) {
      throw new Error(
        `wallet shard ${shard} of ${shardCount} would hold the buckets ${first} to ${last}, but ${new URL(adminUrl).pathname.slice(1)} ` +
          `holds ${held?.first_bucket} to ${held?.last_bucket}: WALLET_DATABASE_URLS must list the databases that it listed at first, in that order`,
      );
    }
  });
}

export async function migrateTransferDatabase(target: OutboxTarget): Promise<void> {
  await migrateDatabase({ ...target, service: 'transfer' }, (client) => defineFunctions(client, 'transfer'));
}

/** One of the services of orders. All but the order service keep fences of saga steps. */
export async function migrateOrderServiceDatabase(service: OrderService, target: OutboxTarget): Promise<void> {
  await migrateDatabase({ ...target, service }, async (client) => {
    if (service === 'order') return;
    await defineFunctions(client, 'step-fences');
    await defineFunctions(client, service);
  });
}

/** The events service reads its own outbox with its own role. */
export async function migrateEventsDatabase(target: MigrationTarget): Promise<void> {
  await migrateDatabase({ ...target, relayUrl: target.serviceUrl, service: 'events' }, (client) =>
    defineFunctions(client, 'events'),
  );
}

/** The events service reads its outbox, and no key. */
export async function migrateAccessDatabase(target: OutboxTarget): Promise<void> {
  await migrateDatabase({ ...target, service: 'access' });
}

async function defineFunctions(client: pg.Client, folder: string): Promise<void> {
  for (const file of (await readdir(new URL(`${folder}/functions/`, import.meta.url))).sort()) {
    if (file.endsWith('.sql')) await client.query(await sqlFile(`${folder}/functions/${file}`));
  }
}

const LOCK_WAIT_MS = 1_000;
const PAUSE_MS = 1_000;
const ATTEMPTS_MAX = 60;
/** lock_not_available, deadlock_detected */
const GAVE_WAY: ReadonlySet<string> = new Set(['55P03', '40P01']);

/** The key of the advisory lock: an arbitrary number, the same in every migration. */
const MIGRATION_LOCK = 7_163_384_698;

async function migrateDatabase(
  { adminUrl, serviceUrl, relayUrl, service }: OutboxTarget & { readonly service: ServiceName },
  defineOwn: (client: pg.Client) => Promise<void> = async () => {},
): Promise<void> {
  await asAdministrator(withDatabase(adminUrl, 'postgres'), async (client) => {
    // Roles and databases belong to the cluster, so the migrations of its databases take turns, on a lock in one of them.
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    const owner = `${service}_owner`;
    await ensureOwner(client, owner);
    await ensureServiceRole(client, `${service}_service`, serviceUrl, SETTINGS_OF[service]);
    if (service !== 'events') await ensureServiceRole(client, 'events_service', relayUrl, EVENTS_ROLE_SETTINGS);
    const database = databaseOf(adminUrl);
    const exists = await client.query('SELECT FROM pg_database WHERE datname = $1', [database]);
    if (exists.rowCount === 0) await client.query(`CREATE DATABASE ${pg.escapeIdentifier(database)} OWNER ${owner}`);
    await client.query(`REVOKE ALL ON DATABASE ${pg.escapeIdentifier(database)} FROM PUBLIC`);
    await client.query(`GRANT CONNECT, CREATE ON DATABASE ${pg.escapeIdentifier(database)} TO ${owner}`);
    await client.query(
      `GRANT CONNECT ON DATABASE ${pg.escapeIdentifier(database)} TO ${service}_service, events_service`,
    );

    await asAdministrator(adminUrl, async (target) => {
      await target.query(`ALTER SCHEMA public OWNER TO ${owner}`);
      await target.query(`SET ROLE ${owner}`);
      await atOnce(target, async () => {
        await applyMigrations(target, service);
        // Functions are made in the order of their names, and the body of one may call another that comes later.
        await target.query('SET LOCAL check_function_bodies = off');
        await defineFunctions(target, 'outbox');
        await defineOwn(target);
        await target.query(await sqlFile(`${service}/grants.sql`));
        await target.query(await sqlFile('outbox/grants.sql'));
      });
    });
  });
}

/**
 * Changes the schema in one transaction: other users of the database see the schema of before or of after, and never a table
 * without its functions. While this waits for a lock, later requests for that lock wait behind it, so it gives up after
 * LOCK_WAIT_MS and tries again, ATTEMPTS_MAX times in all.
 */
async function atOnce(client: pg.Client, change: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await client.query('BEGIN');
      await client.query(`SET LOCAL lock_timeout = '${LOCK_WAIT_MS}ms'`);
      await change();
      await client.query('COMMIT');
      return;
    } catch (error) {
      await client.query('ROLLBACK').catch(() => {});
      const gaveWay = error instanceof pg.DatabaseError && GAVE_WAY.has(error.code ?? '');
      if (!gaveWay || attempt === ATTEMPTS_MAX) throw error;
      await sleep(PAUSE_MS);
    }
  }
}

/**
 * Like drizzle-orm's migrate, with the same files and the same table, but in the caller's transaction. As there, a migration is
 * applied if its time is later than the latest that was applied.
 */
async function applyMigrations(client: pg.Client, service: ServiceName): Promise<void> {
  const migrationsFolder = fileURLToPath(new URL(`${service}/migrations`, import.meta.url));
  await client.query('CREATE SCHEMA IF NOT EXISTS migrations');
  await client.query(
    'CREATE TABLE IF NOT EXISTS migrations.__drizzle_migrations (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at bigint)',
  );
  const { rows } = await client.query<{ latest: string | null }>(
    'SELECT max(created_at) AS latest FROM migrations.__drizzle_migrations',
  );
  const latestMs = Number(rows[0]?.latest ?? 0);
  for (const { sql, hash, folderMillis } of readMigrationFiles({ migrationsFolder })) {
    if (folderMillis <= latestMs) continue;
    for (const statement of sql) await client.query(statement);
    await client.query('INSERT INTO migrations.__drizzle_migrations (hash, created_at) VALUES ($1, $2)', [
      hash,
      folderMillis,
    ]);
  }
}

async function ensureOwner(client: pg.Client, owner: string): Promise<void> {
  const { rowCount } = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [owner]);
  if (rowCount === 0) await client.query(`CREATE ROLE ${owner} NOLOGIN`);
  // An administrator who is not a superuser can act as the owner only as a member of its role.
  await client.query(`GRANT ${owner} TO CURRENT_USER`);
}

async function ensureServiceRole(
  client: pg.Client,
  role: string,
  serviceUrl: string,
  settings: Readonly<Record<string, string>>,
): Promise<void> {
  const { username, password } = new URL(serviceUrl);
  if (decodeURIComponent(username) !== role)
    throw new Error(`the service's database URL must name the role ${role}, not ${username}`);
  const { rowCount } = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [role]);
  await client.query(
    `${rowCount === 0 ? 'CREATE' : 'ALTER'} ROLE ${role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD ${pg.escapeLiteral(decodeURIComponent(password))}`,
  );
  for (const [name, value] of Object.entries(settings)) {
    await client.query(`ALTER ROLE ${role} SET ${name} = ${pg.escapeLiteral(value)}`);
  }
}

function databaseOf(url: string): string {
  return decodeURIComponent(new URL(url).pathname.slice(1));
}

function withDatabase(url: string, database: string): string {
  const other = new URL(url);
  other.pathname = `/${database}`;
  return other.href;
}

function sqlFile(path: string): Promise<string> {
  return readFile(new URL(path, import.meta.url), 'utf8');
}
