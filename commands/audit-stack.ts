/** An audit of a stack that is named by its addresses: it opens the connections that it needs, looks, and closes them. */
import { audit, type AuditReport } from '../audit/audit.ts';
import { lookUpWorkflows } from '../audit/workflows.ts';
import { readSettings, SettingsError, type Settings } from '../process/config.ts';
import { closeDatabases, openDatabase, type Database } from '../db/database.ts';
import { ORDER_SERVICES, type OrderService } from '../domain/order-services.ts';
import { readStackFile, temporalSettings, type StackFile } from '../dev/stack-file.ts';
import { connectClient, createClient } from '../temporal/connection.ts';

export interface AuditTarget {
  /** One for each shard, in the order of their numbers. */
  readonly walletUrls: readonly string[];
  readonly transferUrl: string;
  readonly eventsUrl: string | undefined;
  /** Of the services of orders; undefined for an installation without orders. */
  readonly orderUrls: Readonly<Record<OrderService, string>> | undefined;
  /** Undefined where there are no keys, or nobody has said where they are. */
  readonly accessUrl?: string | undefined;
  /** They name the Temporal server. */
  readonly settings: Settings;
}

/** Long, because statements scan whole tables. */
const QUERY_TIMEOUT_MS = 30 * 60_000;

export async function auditStack({
  walletUrls,
  transferUrl,
  eventsUrl,
  orderUrls,
  accessUrl,
  settings,
}: AuditTarget): Promise<AuditReport> {
  if (eventsUrl === undefined)
    throw new SettingsError('the database of the events service has to be set, too: EVENTS_DATABASE_URL');
  const open = (url: string): Database =>
    openDatabase(url, { applicationName: 'counterpoise-audit', connectionsMax: 2, queryTimeoutMs: QUERY_TIMEOUT_MS });
  const [events, transfer, wallets] = [open(eventsUrl), open(transferUrl), walletUrls.map(open)];
  const orders = orderUrls && ofServices((service) => open(orderUrls[service]));
  const access = accessUrl === undefined ? undefined : open(accessUrl);
  const connection = connectClient(settings);
  try {
    return await audit(
      { wallets, transfer, events, orders, access },
      lookUpWorkflows(createClient(connection, settings)),
    );
  } finally {
    await connection.close();
    await closeDatabases([events, transfer, ...wallets, ...Object.values(orders ?? {}), ...(access ? [access] : [])]);
  }
}

/** The URLs of a stack's databases, from stack.json. */
export function auditedUrls(
  databases: Readonly<Record<string, string>>,
): Pick<AuditTarget, 'walletUrls' | 'transferUrl' | 'eventsUrl' | 'orderUrls' | 'accessUrl'> {
  const shards = Object.keys(databases).filter((name) => name.startsWith('wallet-')).length;
  return {
    walletUrls: Array.from({ length: shards }, (_, shard) => databases[`wallet-${shard}`]!),
    transferUrl: databases['transfer']!,
    eventsUrl: databases['events'],
    orderUrls: ORDER_SERVICES.every((service) => service in databases)
      ? ofServices((service) => databases[service]!)
      : undefined,
    accessUrl: databases['access'],
  };
}

/** Returns the stack that the settings name, or the one that runs on DATA_DIR; throws a StackError if none does. */
export function findAuditTarget(settings: Settings): AuditTarget & { readonly name: string } {
  const walletUrls = settings.WALLET_ADMIN_DATABASE_URLS ?? settings.WALLET_DATABASE_URLS;
  const transferUrl = settings.TRANSFER_ADMIN_DATABASE_URL ?? settings.TRANSFER_DATABASE_URL;
  const eventsUrl = settings.EVENTS_ADMIN_DATABASE_URL ?? settings.EVENTS_DATABASE_URL;
  if (walletUrls !== undefined && transferUrl !== undefined) {
    const orderUrls = orderUrlsOf(settings);
    const accessUrl = settings.ACCESS_ADMIN_DATABASE_URL ?? settings.ACCESS_DATABASE_URL;
    return {
      name: 'the stack that the settings name',
      walletUrls,
      transferUrl,
      eventsUrl,
      orderUrls,
      accessUrl,
      settings,
    };
  }
  if (walletUrls !== undefined || transferUrl !== undefined) {
    throw new SettingsError(
      'the databases of both services have to be set, WALLET_DATABASE_URLS and TRANSFER_DATABASE_URL, or neither for the stack on DATA_DIR',
    );
  }
  const { databases, temporal } = readStackFile(settings.DATA_DIR);
  return {
    name: `the stack on ${settings.DATA_DIR}`,
    ...auditedUrls(databases),
    settings: settingsOf(settings, temporal),
  };
}

/** The settings, with the stack's Temporal server and the keys of its payloads. */
function settingsOf(settings: Settings, temporal: StackFile['temporal']): Settings {
  const {
    TEMPORAL_ADDRESS,
    TEMPORAL_NAMESPACE,
    PAYLOAD_KEYS = settings.PAYLOAD_KEYS,
  } = readSettings({
    ...temporalSettings(temporal),
  });
  return { ...settings, TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, PAYLOAD_KEYS };
}

/** Undefined if the settings name no database of orders. Throws a SettingsError if they name some of them only. */
function orderUrlsOf(settings: Settings): Record<OrderService, string> | undefined {
  const urlOf = (service: OrderService): string | undefined => {
    const name = service.toUpperCase() as Uppercase<OrderService>;
    return settings[`${name}_ADMIN_DATABASE_URL`] ?? settings[`${name}_DATABASE_URL`];
  };
  const missing = ORDER_SERVICES.filter((service) => urlOf(service) === undefined);
  if (missing.length === ORDER_SERVICES.length) return undefined;
  if (missing.length > 0)
    throw new SettingsError(
      `the databases of all services of orders have to be set, or none; missing: ${missing.map((service) => `${service.toUpperCase()}_DATABASE_URL`).join(', ')}`,
    );
  return ofServices((service) => urlOf(service)!);
}

function ofServices<Value>(valueOf: (service: OrderService) => Value): Record<OrderService, Value> {
  return Object.fromEntries(ORDER_SERVICES.map((service) => [service, valueOf(service)])) as Record<
    OrderService,
    Value
  >;
}
