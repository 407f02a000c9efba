/**
 * Makes the ground on which subjects are measured: migrated databases and a Temporal namespace on the bench's servers, with funded
 * wallets and, if wanted, many transfers, which are made by batches as a user would make them.
 */
import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Connection } from '@temporalio/client';
import pg from 'pg';
import { apiKeyFiles, type ApiKeyFiles } from '../dev/api-key-file.ts';
import { inheritedEnvironment } from '../process/config.ts';
import type { WalletId } from '../domain/ids.ts';
import { ORDER_SERVICES, type OrderService } from '../domain/order-services.ts';
import type { BenchStack } from './bench-stack.ts';
import type { Plan } from './plan.ts';
import type { Ground } from './subject.ts';
import { fundWallets, itemsAmong, moveBatch, openWallets, pairsAmong } from './wallets.ts';

/** The context of every part of the bench. */
export interface Bench {
  readonly stack: BenchStack;
  readonly ground: BenchGround;
  readonly plan: Plan;
  /** Aborts the measurement. */
  readonly interrupt: AbortSignal;
}

export interface BenchGround extends Ground {
  readonly wallets: readonly WalletId[];
}

/** An even number, so that the money that each wallet sends comes back (pairsAmong). */
const WALLETS = 1_000;
const BATCH_ITEMS = 10_000;
const READY_LIMIT_MS = 60_000;
const RETENTION_SECONDS = 24 * 3600;

/** The stack's own databases and namespace. */
export async function mainGround(stack: BenchStack): Promise<BenchGround> {
  const { settings, databases, temporal } = stack.infrastructure;
  const keyFiles = apiKeyFiles(stack.infrastructure.dataDir);
  return withWallets(stack, { settings, administrators: databases, namespace: temporal.namespace, keyFiles });
}

/** Makes further databases and another namespace on the same servers; those of the services of orders only if wanted. */
export async function anotherGround(
  stack: BenchStack,
  name: string,
  { shards, hasOrders = false }: { readonly shards: number; readonly hasOrders?: boolean },
): Promise<BenchGround> {
  const place = placeOf(stack, name, { shards, hasOrders });
  await registerNamespace(stack, place.namespace);
  await makeReady(place, 'migrate.ts');
  return withWallets(stack, place);
}

/** Copies the databases, and so the wallets, under another name; nothing may be connected to the originals meanwhile. */
export async function copyOf(stack: BenchStack, ground: BenchGround, name: string): Promise<BenchGround> {
  const hasOrders = 'order' in ground.administrators;
  const place = placeOf(stack, name, { shards: ground.databases.wallets.length, hasOrders });
  await registerNamespace(stack, place.namespace);
  await asAdministrator(stack.infrastructure.databases['transfer']!, async (client) => {
    for (const [each, url] of Object.entries(ground.administrators))
      await client.query(
        `CREATE DATABASE ${databaseOf(place.administrators[each]!)} TEMPLATE ${databaseOf(url)} STRATEGY FILE_COPY`,
      );
  });
  // To move money by itself, a copy has to be an installation of its own.
  await makeReady(place, 'rebind.ts', '--copy');
  await makeReady(place, 'migrate.ts');
  await keepCursors(place);
  return groundAt(stack, place, ground.wallets);
}

/** Lets the relay go on in the copies. A copy in the same cluster has the same transaction numbers, so its cursors hold there. */
async function keepCursors({ administrators }: Place): Promise<void> {
  for (const [source, url] of Object.entries(administrators)) {
    if (source === 'access') continue; // it has no outbox
    let serverId = '';
    await asAdministrator(url, async (client) => {
      const { rows } = await client.query<{ server_id: string }>('SELECT server_id FROM installation');
      serverId = rows[0]!.server_id;
    });
    await asAdministrator(administrators['events']!, async (client) => {
      await client.query('UPDATE outbox_cursors SET server_id = $2 WHERE source = $1', [source, serverId]);
    });
  }
}

/** Makes `count` transfers by batches. */
export async function fillWithTransfers(
  api: string,
  { wallets }: BenchGround,
  count: number,
  tell: (moved: number) => void,
): Promise<void> {
  for (let moved = 0; moved < count; moved += BATCH_ITEMS) {
    tell(moved);
    await moveBatch(api, itemsAmong(wallets, Math.min(BATCH_ITEMS, count - moved)));
  }
}

/** Vacuums now, because autovacuum would do it in the middle of a measurement. */
export async function vacuumDatabases({ administrators }: Ground): Promise<void> {
  for (const url of Object.values(administrators))
    await asAdministrator(url, async (client) => {
      await client.query('VACUUM (ANALYZE)');
      await client.query('CHECKPOINT');
    });
}

interface Place {
  readonly settings: Readonly<Record<string, string>>;
  readonly administrators: Readonly<Record<string, string>>;
  readonly namespace: string;
  /** The stack's own keys, for the other databases too: the bench and the services call with the same ones everywhere. */
  readonly keyFiles: ApiKeyFiles;
}

function placeOf(
  { infrastructure }: BenchStack,
  name: string,
  { shards, hasOrders }: { readonly shards: number; readonly hasOrders: boolean },
): Place {
  const { settings, databases, temporal } = infrastructure;
  const namespace = `bench-${name}`;
  const at = (url: string, database: string): string =>
    Object.assign(new URL(url), { pathname: `/bench_${name.replaceAll('-', '_')}_${database}` }).href;
  const wallets = Array.from({ length: shards }, (_, shard) => `wallet_${shard}`);
  const walletService = settings['WALLET_DATABASE_URLS']!.split(',')[0]!;
  const events = settings['EVENTS_DATABASE_URL']!;
  const orderServices = hasOrders ? ORDER_SERVICES : [];
  const outboxes = ['transfer', ...wallets, 'events', ...orderServices].map(
    (database) => `${database.replace('_', '-')}=${at(events, database)}`,
  );
  return {
    namespace,
    keyFiles: apiKeyFiles(infrastructure.dataDir),
    settings: {
      WALLET_DATABASE_URLS: wallets.map((database) => at(walletService, database)).join(','),
      WALLET_SHARD_COUNT: `${shards}`,
      TRANSFER_DATABASE_URL: at(settings['TRANSFER_DATABASE_URL']!, 'transfer'),
      EVENTS_DATABASE_URL: at(events, 'events'),
      OUTBOX_DATABASE_URLS: outboxes.join(','),
      ACCESS_DATABASE_URL: at(settings['ACCESS_DATABASE_URL']!, 'access'),
      TEMPORAL_ADDRESS: temporal.address,
      TEMPORAL_NAMESPACE: namespace,
      // Without orders nothing is set, for the process would otherwise have those of the stack's own installation.
      ...Object.fromEntries(
        ORDER_SERVICES.map((service) => [
          settingOf(service),
          hasOrders ? at(settings[settingOf(service)]!, service) : '',
        ]),
      ),
    },
    administrators: {
      ...Object.fromEntries(
        wallets.map((database, shard) => [`wallet-${shard}`, at(databases['wallet-0']!, database)]),
      ),
      transfer: at(databases['transfer']!, 'transfer'),
      events: at(databases['events']!, 'events'),
      access: at(databases['access']!, 'access'),
      ...Object.fromEntries(orderServices.map((service) => [service, at(databases[service]!, service)])),
    },
  };
}

function settingOf(service: OrderService): string {
  return `${service.toUpperCase()}_DATABASE_URL`;
}

async function withWallets(stack: BenchStack, place: Place): Promise<BenchGround> {
  const ground = groundAt(stack, place, await openWallets(place.administrators, WALLETS));
  const app = await stack.startApp('ordinary', place.settings);
  try {
    await fundWallets(app.api, ground.wallets);
  } finally {
    await app.stop();
  }
  return ground;
}

function groundAt(
  { infrastructure }: BenchStack,
  { settings, administrators, namespace }: Place,
  wallets: readonly WalletId[],
): BenchGround {
  return {
    temporal: { address: infrastructure.temporal.address, namespace },
    databases: {
      wallets: settings['WALLET_DATABASE_URLS']!.split(','),
      transfer: settings['TRANSFER_DATABASE_URL']!,
    },
    administrators,
    settings,
    nextPair: pairsAmong(wallets),
    directory: infrastructure.dataDir,
    wallets,
  };
}

async function registerNamespace({ infrastructure }: BenchStack, namespace: string): Promise<void> {
  const connection = await Connection.connect({ address: infrastructure.temporal.address });
  try {
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: { seconds: RETENTION_SECONDS as never },
    });
  } finally {
    await connection.close();
  }
}

/** Runs a command of administrators on databases and namespace. A namespace that was registered is there some seconds later. */
async function makeReady(
  { settings, administrators, keyFiles }: Place,
  command: string,
  ...args: string[]
): Promise<void> {
  const file = fileURLToPath(new URL(`../commands/${command}`, import.meta.url));
  const wallets = Object.keys(administrators).filter((name) => name.startsWith('wallet-'));
  const env = {
    ...inheritedEnvironment(),
    ...settings,
    ...keyFiles,
    WALLET_ADMIN_DATABASE_URLS: wallets.map((name) => administrators[name]!).join(','),
    ...Object.fromEntries(
      ['transfer', 'events', 'access', ...ORDER_SERVICES].map((name) => [
        `${name.toUpperCase()}_ADMIN_DATABASE_URL`,
        administrators[name],
      ]),
    ),
  };
  for (const endsAt = performance.now() + READY_LIMIT_MS; ; await sleep(1_000)) {
    try {
      await promisify(execFile)(process.execPath, [file, ...args], { env, timeout: READY_LIMIT_MS });
      return;
    } catch (error) {
      if (performance.now() > endsAt) throw error;
    }
  }
}

export async function asAdministrator(url: string, use: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await use(client);
  } finally {
    await client.end();
  }
}

function databaseOf(url: string): string {
  return pg.escapeIdentifier(new URL(url).pathname.slice(1));
}
