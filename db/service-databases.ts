/**
 * The services' databases, opened by a process's settings: with the role that their URLs name, and guarded against databases of
 * another installation. The caller sets the bounds of their use.
 */
import { requireSettings, SettingsError, type Settings } from '../process/config.ts';
import { ORDER_SERVICES, type OrderService } from '../domain/order-services.ts';
import { openDatabase, type Database, type DatabaseOptions } from './database.ts';
import type { InstallationGuard } from './installation.ts';
import { readingByIndexes } from './outbox-queries.ts';
import { SCHEMA_VERSIONS, type ServiceName } from './schema-version.ts';

/** `connectionsMax` defaults to the setting DATABASE_CONNECTIONS. */
export type PoolLimits = Pick<DatabaseOptions, 'applicationName' | 'queryTimeoutMs'> &
  Partial<Pick<DatabaseOptions, 'connectionsMax'>>;

/** The transfer service's database. Throws a SettingsError if its URL is not set. */
export function openTransferDatabase(settings: Settings, guard: InstallationGuard, limits: PoolLimits): Database {
  const { TRANSFER_DATABASE_URL: url } = requireSettings(settings, 'TRANSFER_DATABASE_URL');
  return openDatabase(url, {
    connectionsMax: settings.DATABASE_CONNECTIONS,
    ...limits,
    admit: guard.admit('transfer'),
  });
}

/** The events service's database. Throws a SettingsError if its URL is not set. */
export function openEventsDatabase(settings: Settings, guard: InstallationGuard, limits: PoolLimits): Database {
  const { EVENTS_DATABASE_URL: url } = requireSettings(settings, 'EVENTS_DATABASE_URL');
  return openDatabase(url, {
    connectionsMax: settings.DATABASE_CONNECTIONS,
    ...limits,
    admit: guard.admit('events'),
  });
}

/** The database of one of the services of orders. Throws a SettingsError if its URL is not set. */
export function openOrderServiceDatabase(
  service: OrderService,
  settings: Settings,
  guard: InstallationGuard,
  limits: PoolLimits,
): Database {
  const setting = ORDER_SETTINGS[service];
  const url = requireSettings(settings, setting)[setting];
  return openDatabase(url, {
    connectionsMax: settings.DATABASE_CONNECTIONS,
    ...limits,
    admit: guard.admit(service),
  });
}

/** The access service's database. Throws a SettingsError if its URL is not set. */
export function openAccessDatabase(settings: Settings, guard: InstallationGuard, limits: PoolLimits): Database {
  const { ACCESS_DATABASE_URL: url } = requireSettings(settings, 'ACCESS_DATABASE_URL');
  return openDatabase(url, {
    connectionsMax: settings.DATABASE_CONNECTIONS,
    ...limits,
    admit: guard.admit('access'),
  });
}

/** Whether the settings name the databases of orders. Throws a SettingsError if they name some of them only. */
export function hasOrders(settings: Settings): boolean {
  const names = ORDER_SERVICES.map((service) => ORDER_SETTINGS[service]);
  const isAnySet = names.some((name) => settings[name] !== undefined);
  if (isAnySet) requireSettings(settings, ...names);
  return isAnySet;
}

const ORDER_SETTINGS = {
  order: 'ORDER_DATABASE_URL',
  inventory: 'INVENTORY_DATABASE_URL',
  delivery: 'DELIVERY_DATABASE_URL',
  accounting: 'ACCOUNTING_DATABASE_URL',
} as const satisfies Record<OrderService, keyof Settings>;

/** Every database with an outbox, as the relay reads it. Throws a SettingsError if none is set. */
export function openOutboxes(
  settings: Settings,
  guard: InstallationGuard,
  limits: Omit<DatabaseOptions, 'admit'>,
): Map<string, Database> {
  const { OUTBOX_DATABASE_URLS: urls } = requireSettings(settings, 'OUTBOX_DATABASE_URLS');
  // A wallet shard's name has its number behind it.
  const serviceOf = (name: string): ServiceName => (name in SCHEMA_VERSIONS ? (name as ServiceName) : 'wallet');
  return new Map(
    [...urls].map(([name, url]) => {
      const admit = readingByIndexes(guard.admit(serviceOf(name)));
      return [name, openDatabase(url, { ...limits, admit })];
    }),
  );
}

/** A wallet shard's database. Throws a SettingsError if its URL is not set. */
export function openWalletShard(
  settings: Settings,
  shard: number,
  guard: InstallationGuard,
  limits: PoolLimits,
): Database {
  const { WALLET_DATABASE_URLS: urls } = requireSettings(settings, 'WALLET_DATABASE_URLS');
  const url = urls[shard];
  if (url === undefined)
    throw new SettingsError(`the wallet shard ${shard} is asked for, but WALLET_DATABASE_URLS lists ${urls.length}`);
  return openDatabase(url, { connectionsMax: settings.DATABASE_CONNECTIONS, ...limits, admit: guard.admit('wallet') });
}
