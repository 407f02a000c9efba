/**
 * The settings by which further processes reach the databases and the Temporal server of a stack that runs, as its launcher's own
 * services do: for workers and commands beside it. They hold passwords.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ORDER_SERVICES } from '../domain/order-services.ts';
import { apiKeyFiles } from './api-key-file.ts';
import { temporalSettings, type StackFile } from './stack-file.ts';

export interface RunningStack {
  readonly dataDir: string;
  readonly file: () => StackFile;
}

/** URLs by the names of stack.json: wallet-0, wallet-1, transfer, events, and those of orders. */
export type DatabaseUrls = Readonly<Record<string, string>>;

/** What services and administrators are told. `databases` are administrator URLs: the stack's own unless others are named. */
export function stackSettings(stack: RunningStack, databases: DatabaseUrls = stack.file().databases) {
  const { temporal } = stack.file();
  const { wallets, transfer, events, orders, access, outboxes } = serviceUrls(stack, databases);
  return {
    LOG_FORMAT: 'json',
    ...temporalSettings(temporal),
    WALLET_SHARD_COUNT: String(wallets.length),
    WALLET_DATABASE_URLS: wallets.join(','),
    TRANSFER_DATABASE_URL: transfer,
    WALLET_ADMIN_DATABASE_URLS: shardsOf(databases).join(','),
    TRANSFER_ADMIN_DATABASE_URL: databases['transfer']!,
    EVENTS_DATABASE_URL: events,
    OUTBOX_DATABASE_URLS: outboxes,
    EVENTS_ADMIN_DATABASE_URL: databases['events']!,
    ...orders,
    ...access,
    ...apiKeysOf(stack.dataDir),
    ...keysOf(stack.dataDir, 'webhook-keys', 'WEBHOOK_KEYS_FILE'),
    ...internalSettings(stack),
    WEBHOOK_ALLOW_CIDRS: '127.0.0.0/8,::1/128',
  };
}

/** What workers of a stack whose services run apart are told of the APIs that they ask. */
export function internalSettings({ dataDir, file }: RunningStack): NodeJS.ProcessEnv {
  const { internal } = file();
  if (internal === undefined) return {};
  return {
    TRANSFER_INTERNAL_URL: internal.transfer,
    WALLET_INTERNAL_URL: internal.wallet,
    ...keysOf(dataDir, 'internal-keys', 'INTERNAL_KEYS_FILE'),
  };
}

/** A stack that a version before has made has no such file. */
function keysOf<Name extends string>(dataDir: string, fileName: string, setting: Name): { [N in Name]?: string } {
  const file = join(dataDir, fileName);
  return existsSync(file) ? ({ [setting]: file } as { [N in Name]?: string }) : {};
}

/** Nor has it keys. */
function apiKeysOf(dataDir: string): Record<string, string> {
  return Object.fromEntries(Object.entries(apiKeyFiles(dataDir)).filter(([, file]) => existsSync(file)));
}

/** The URLs of these databases with the services' roles, the wallets' in the order of the shards. */
export function serviceUrls({ dataDir, file }: RunningStack, databases: DatabaseUrls = file().databases) {
  const { passwords } = JSON.parse(readFileSync(join(dataDir, 'settings.json'), 'utf8')) as {
    passwords: Record<string, string>;
  };
  const as = (role: string, url: string): string =>
    Object.assign(new URL(url), { username: role, password: passwords[role]! }).href;
  return {
    wallets: shardsOf(databases).map((url) => as('wallet_service', url)),
    transfer: as('transfer_service', databases['transfer']!),
    events: as('events_service', databases['events']!),
    orders: Object.fromEntries(
      ORDER_SERVICES.filter((name) => name in databases).flatMap((name) => [
        [`${name.toUpperCase()}_DATABASE_URL`, as(`${name}_service`, databases[name]!)],
        [`${name.toUpperCase()}_ADMIN_DATABASE_URL`, databases[name]!],
      ]),
    ),
    access:
      databases['access'] === undefined
        ? {}
        : {
            ACCESS_DATABASE_URL: as('access_service', databases['access']),
            ACCESS_ADMIN_DATABASE_URL: databases['access'],
          },
    outboxes: Object.entries(databases)
      .map(([name, url]) => `${name}=${as('events_service', url)}`)
      .join(','),
  };
}

function shardsOf(databases: DatabaseUrls): string[] {
  const count = Object.keys(databases).filter((name) => name.startsWith('wallet-')).length;
  return Array.from({ length: count }, (_, shard) => databases[`wallet-${shard}`]!);
}
