// A real PostgreSQL for a test file: one server with its own data directory and port, so that files can run side by side, as
// root and as any user, and databases in it that db/migrate.ts has migrated. The server never outlives the test run.

import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { openDatabase, type Database } from '../../db/database.ts';
import {
  migrateAccessDatabase,
  migrateEventsDatabase,
  migrateOrderServiceDatabase,
  migrateTransferDatabase,
  migrateWalletDatabase,
} from '../../db/migrate.ts';
import { ORDER_SERVICES, type OrderService } from '../../domain/order-services.ts';
import { cacheDirectory } from '../../dev/cache.ts';
import { openDataDirectory } from '../../dev/data-directory.ts';
import { choosePorts } from '../../dev/ports.ts';
import { connectOnce, postgresUrl, preparePostgres } from '../../dev/postgres.ts';
import { supervise } from '../../dev/supervise.ts';

export interface TestDatabase {
  readonly adminUrl: string;
  readonly serviceUrl: string;
  /** With the role of the events service. */
  readonly relayUrl: string;
  /** Connected with the service's role, like the service itself. */
  readonly service: Database;
  /** Connected as an administrator, to read and to damage. */
  readonly admin: Database;
}

export interface TestStores {
  /** In the order of the shards. */
  readonly wallets: readonly TestDatabase[];
  readonly transfer: TestDatabase;
  readonly events: TestDatabase;
}

export interface TestCluster {
  readonly urls: (database: string, service: Service) => DatabaseUrls;
  readonly open: (url: string, connectionsMax?: number) => Database;
  /** Creates new, migrated databases of every service, separate from all others of the cluster. */
  readonly createStores: (options?: { shards?: number; connectionsMax?: number }) => Promise<TestStores>;
  /** Creates new, migrated databases of the services of orders. */
  readonly createOrderStores: (options?: { connectionsMax?: number }) => Promise<Record<OrderService, TestDatabase>>;
  /** As `createOrderStores`, of one service alone. */
  readonly createOrderStore: (service: OrderService, connectionsMax?: number) => Promise<TestDatabase>;
  /** Creates a new, migrated database of keys. Its role of the events service may not connect. */
  readonly createAccessStore: (connectionsMax?: number) => Promise<TestDatabase>;
  readonly stop: () => Promise<void>;
}

type DatabaseUrls = Pick<TestDatabase, 'adminUrl' | 'serviceUrl' | 'relayUrl'>;

export type Service = 'wallet' | 'transfer' | 'events' | 'access' | OrderService;

const READY_LIMIT_MS = 60_000;
const QUERY_LIMIT_MS = 60_000;

/** `settings` of the server, each as `name=value`. */
export async function startCluster(settings: readonly string[] = []): Promise<TestCluster> {
  const directory = mkdtempSync(join(tmpdir(), 'counterpoise-database-'));
  const data = openDataDirectory(join(directory, 'data'));
  const reserved = await choosePorts(
    { postgres: { setting: 'POSTGRES_PORT', set: 0, usual: 0, lastTime: undefined } },
    cacheDirectory(process.env['XDG_CACHE_HOME']),
  );
  const port = reserved.ports.postgres;
  const supervisor = supervise(
    () => {},
    () => {},
  );
  const watcher = watch(directory);
  const pools: Database[] = [];
  const open = (url: string, connectionsMax = 10): Database => {
    const database = openDatabase(url, {
      applicationName: 'counterpoise-test',
      connectionsMax,
      queryTimeoutMs: QUERY_LIMIT_MS,
    });
    pools.push(database);
    return database;
  };
  const urls = (database: string, service: Service): DatabaseUrls => ({
    adminUrl: postgresUrl(port, 'postgres', data.passwords.postgres, database),
    serviceUrl: postgresUrl(port, `${service}_service`, data.passwords[`${service}_service`], database),
    relayUrl: postgresUrl(port, 'events_service', data.passwords.events_service, database),
  });
  let stores = 0;
  const opened = (name: string, service: Service, connectionsMax: number): TestDatabase => {
    const named = urls(`${name}_of_${stores}`, service);
    return { ...named, service: open(named.serviceUrl, connectionsMax), admin: open(named.adminUrl) };
  };

  const stopServer = async (): Promise<void> => {
    await supervisor.stop(['postgres'], 0);
    watcher.kill();
    reserved.release();
    data.release();
    rmSync(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  };
  try {
    const child = await preparePostgres(data, port);
    // Nothing here must survive a power cut, so nothing needs to wait for the disk.
    const own = ['fsync=off', 'synchronous_commit=off', ...settings].flatMap((setting) => ['-c', setting]);
    supervisor.start({ ...child, args: [...child.args, ...own] });
    await supervisor.untilReady(['postgres'], () => connectOnce(urls('postgres', 'wallet').adminUrl), READY_LIMIT_MS);
  } catch (error) {
    await stopServer();
    throw error;
  }

  return {
    urls,
    open,
    async createStores({ shards = 2, connectionsMax = 10 } = {}) {
      stores += 1;
      const wallets = Array.from({ length: shards }, (_, shard) => opened(`wallet_${shard}`, 'wallet', connectionsMax));
      const transfer = opened('transfer', 'transfer', connectionsMax);
      const events = opened('events', 'events', connectionsMax);
      await Promise.all([
        ...wallets.map((target, shard) => migrateWalletDatabase({ ...target, shard, shardCount: shards })),
        migrateTransferDatabase(transfer),
        migrateEventsDatabase(events),
      ]);
      return { wallets, transfer, events };
    },
    async createOrderStores({ connectionsMax = 10 } = {}) {
      stores += 1;
      const entries = ORDER_SERVICES.map((service) => [service, opened(service, service, connectionsMax)] as const);
      await Promise.all(entries.map(([service, target]) => migrateOrderServiceDatabase(service, target)));
      return Object.fromEntries(entries) as Record<OrderService, TestDatabase>;
    },
    async createOrderStore(service, connectionsMax = 10) {
      stores += 1;
      const target = opened(service, service, connectionsMax);
      await migrateOrderServiceDatabase(service, target);
      return target;
    },
    async createAccessStore(connectionsMax = 10) {
      stores += 1;
      const target = opened('access', 'access', connectionsMax);
      await migrateAccessDatabase(target);
      return target;
    },
    async stop() {
      await Promise.all(pools.map((database) => database.$client.end()));
      await stopServer();
    },
  };
}

/** Runs a statement that the test writes out, and returns its rows. */
export async function rowsOf<Row extends Record<string, unknown>>(
  database: Database,
  statement: string,
): Promise<Row[]> {
  return (await database.execute(sql.raw(statement))).rows as Row[];
}

/**
 * Ends the server on this directory and removes it as soon as this process is gone, even by kill -9: a shell of a session
 * of its own waits for the end of a pipe that nobody else holds.
 */
function watch(directory: string): ChildProcess {
  const script = 'read -r _; kill -s KILL -- "-$(head -n 1 "$0/data/postgres/postmaster.pid")"; sleep 1; rm -rf "$0"';
  const watcher = spawn('sh', ['-c', script, directory], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  watcher.unref();
  (watcher.stdin as Socket).unref();
  return watcher;
}
