/**
 * The databases of an installation, for an administrator's commands: their names and URLs, and their migration one after the other.
 */
import { requireSettings, SettingsError, type Settings } from '../process/config.ts';
import type { BoundDatabase } from '../db/bind-installation.ts';
import { ORDER_SERVICES, type OrderService } from '../domain/order-services.ts';
import {
  migrateAccessDatabase,
  migrateEventsDatabase,
  migrateOrderServiceDatabase,
  migrateTransferDatabase,
  migrateWalletDatabase,
  type MigrationTarget,
  type OutboxTarget,
} from '../db/migrate.ts';

/** All databases, the transfer service's first: it decides which installation the others belong to. */
export function administratedDatabases(settings: Settings): BoundDatabase[] {
  const { TRANSFER_ADMIN_DATABASE_URL, WALLET_ADMIN_DATABASE_URLS, EVENTS_ADMIN_DATABASE_URL } = requireSettings(
    settings,
    'TRANSFER_ADMIN_DATABASE_URL',
    'WALLET_ADMIN_DATABASE_URLS',
    'EVENTS_ADMIN_DATABASE_URL',
  );
  return [
    { name: 'transfer', adminUrl: TRANSFER_ADMIN_DATABASE_URL },
    ...WALLET_ADMIN_DATABASE_URLS.map((adminUrl, shard) => ({ name: `wallet-${shard}`, adminUrl })),
    { name: 'events', adminUrl: EVENTS_ADMIN_DATABASE_URL },
    ...ORDER_SERVICES.flatMap((name) => {
      const adminUrl = settings[`${settingOf(name)}_ADMIN_DATABASE_URL`];
      return adminUrl === undefined ? [] : [{ name, adminUrl }];
    }),
    ...(settings.ACCESS_ADMIN_DATABASE_URL === undefined
      ? []
      : [{ name: 'access', adminUrl: settings.ACCESS_ADMIN_DATABASE_URL }]),
  ];
}

function settingOf<Name extends OrderService>(name: Name): Uppercase<Name> {
  return name.toUpperCase() as Uppercase<Name>;
}

/** The URLs of the databases, for their administrator and for the services. */
export interface MigratedDatabases {
  /** In the order of the shards. */
  readonly wallets: readonly OutboxTarget[];
  readonly transfer: OutboxTarget;
  readonly events: MigrationTarget;
  /** Of the services of orders: all, or none. */
  readonly orders: ReadonlyMap<OrderService, OutboxTarget>;
  /** Undefined where the API asks for no keys. */
  readonly access: OutboxTarget | undefined;
}

/** Throws a SettingsError that names all settings that are missing. */
export function migratedDatabases(settings: Settings): MigratedDatabases {
  const urls = requireSettings(
    settings,
    'WALLET_ADMIN_DATABASE_URLS',
    'WALLET_DATABASE_URLS',
    'TRANSFER_ADMIN_DATABASE_URL',
    'TRANSFER_DATABASE_URL',
    'EVENTS_ADMIN_DATABASE_URL',
    'EVENTS_DATABASE_URL',
    'OUTBOX_DATABASE_URLS',
  );
  const relayUrl = (name: string): string => {
    const url = urls.OUTBOX_DATABASE_URLS.get(name);
    if (url === undefined) throw new SettingsError(`OUTBOX_DATABASE_URLS does not name ${name}`);
    return url;
  };
  const { WALLET_ADMIN_DATABASE_URLS: adminUrls, WALLET_DATABASE_URLS: serviceUrls } = urls;
  if (serviceUrls.length !== adminUrls.length)
    throw new SettingsError('WALLET_DATABASE_URLS and WALLET_ADMIN_DATABASE_URLS must list the same databases');
  return {
    wallets: adminUrls.map((adminUrl, shard) => ({
      adminUrl,
      serviceUrl: serviceUrls[shard]!,
      relayUrl: relayUrl(`wallet-${shard}`),
    })),
    transfer: {
      adminUrl: urls.TRANSFER_ADMIN_DATABASE_URL,
      serviceUrl: urls.TRANSFER_DATABASE_URL,
      relayUrl: relayUrl('transfer'),
    },
    events: { adminUrl: urls.EVENTS_ADMIN_DATABASE_URL, serviceUrl: urls.EVENTS_DATABASE_URL },
    orders: orderTargets(settings, relayUrl),
    access: accessTarget(settings, relayUrl),
  };
}

/** None if no setting names one of them. Throws a SettingsError if only some are named. */
function orderTargets(settings: Settings, relayUrl: (name: string) => string): Map<OrderService, OutboxTarget> {
  const names = ORDER_SERVICES.flatMap(
    (name) => [`${settingOf(name)}_ADMIN_DATABASE_URL`, `${settingOf(name)}_DATABASE_URL`] as const,
  );
  if (names.every((name) => settings[name] === undefined)) return new Map();
  const urls = requireSettings(settings, ...names);
  return new Map(
    ORDER_SERVICES.map((name) => [
      name,
      {
        adminUrl: urls[`${settingOf(name)}_ADMIN_DATABASE_URL`],
        serviceUrl: urls[`${settingOf(name)}_DATABASE_URL`],
        relayUrl: relayUrl(name),
      },
    ]),
  );
}

/** Undefined if no setting names it. Throws a SettingsError if only one of its two URLs is named. */
function accessTarget(settings: Settings, relayUrl: (name: string) => string): OutboxTarget | undefined {
  if (settings.ACCESS_ADMIN_DATABASE_URL === undefined && settings.ACCESS_DATABASE_URL === undefined) return undefined;
  const urls = requireSettings(settings, 'ACCESS_ADMIN_DATABASE_URL', 'ACCESS_DATABASE_URL');
  return {
    adminUrl: urls.ACCESS_ADMIN_DATABASE_URL,
    serviceUrl: urls.ACCESS_DATABASE_URL,
    relayUrl: relayUrl('access'),
  };
}

/** Migrates each database to what this version needs. A repeat changes nothing. `say` is called with a line for each. */
export async function migrateDatabases(
  { wallets, transfer, events, orders, access }: MigratedDatabases,
  say: (line: string) => void,
): Promise<void> {
  const shardCount = wallets.length;
  for (const [shard, urls] of wallets.entries()) {
    await migrateWalletDatabase({ ...urls, shard, shardCount });
    say(`wallet shard ${shard} of ${shardCount}: migrated`);
  }
  await migrateTransferDatabase(transfer);
  say('transfer database: migrated');
  await migrateEventsDatabase(events);
  say('events database: migrated');
  for (const [name, target] of orders) {
    await migrateOrderServiceDatabase(name, target);
    say(`${name} database: migrated`);
  }
  if (access !== undefined) {
    await migrateAccessDatabase(access);
    say('access database: migrated');
  }
}
