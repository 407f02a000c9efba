/**
 * The databases as an API opens them: with pools of its own, whose time-outs are shorter than an activity's, because a client waits
 * for the answer.
 */
import { requireSettings, type Settings } from '../process/config.ts';
import type { Database } from '../db/database.ts';
import { ORDER_SERVICES, type OrderService } from '../domain/order-services.ts';
import type { OrderDatabases } from './order-routes.ts';
import type { InstallationGuard } from '../db/installation.ts';
import { openOrderServiceDatabase, openWalletShard, type PoolLimits } from '../db/service-databases.ts';

/**
 * Bounds a connection attempt and a query, each, so that a pool drops connections to a frozen server; see http/bounded-query.ts.
 */
const QUERY_TIMEOUT_MS = 1_300;

/** The pool of the transfer service's database. */
export const API_POOL: PoolLimits = { applicationName: 'counterpoise-api', queryTimeoutMs: QUERY_TIMEOUT_MS };

/** The pool of the events service's database. */
export const EVENTS_POOL: PoolLimits = { applicationName: 'counterpoise-api-events', queryTimeoutMs: QUERY_TIMEOUT_MS };

/** The pool of the access database, which is asked for keys that are not known, and for its revision. */
export const ACCESS_POOL: PoolLimits = {
  applicationName: 'counterpoise-api-access',
  connectionsMax: 4,
  queryTimeoutMs: QUERY_TIMEOUT_MS,
};

/** The pool of the transfer service's database for accepting batches. */
export const BATCH_POOL: PoolLimits = {
  applicationName: 'counterpoise-api-batches',
  /** Bounds how many batches are accepted at once; further ones take turns. */
  connectionsMax: 2,
  /** Longer than the role's statement_timeout, so that the server reports the time-out first. */
  queryTimeoutMs: 4_500,
};

/** The databases of the services of orders. */
export function openOrderDatabases(settings: Settings, guard: InstallationGuard): OrderDatabases {
  const open = (service: OrderService): Database =>
    openOrderServiceDatabase(service, settings, guard, {
      applicationName: `counterpoise-api-${service}`,
      queryTimeoutMs: QUERY_TIMEOUT_MS,
    });
  return Object.fromEntries(ORDER_SERVICES.map((service) => [service, open(service)])) as OrderDatabases;
}

/** Every shard's database, in the order of their numbers. */
export function openShards(settings: Settings, guard: InstallationGuard): Database[] {
  const { WALLET_DATABASE_URLS: urls } = requireSettings(settings, 'WALLET_DATABASE_URLS');
  return urls.map((_, shard) =>
    openWalletShard(settings, shard, guard, {
      applicationName: `counterpoise-api-wallet-${shard}`,
      queryTimeoutMs: QUERY_TIMEOUT_MS,
    }),
  );
}
