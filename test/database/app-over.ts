// What an app is made with that stands on the databases of a test.

import type { OrderService } from '../../domain/order-services.ts';
import type { testApp } from '../pure/api-fakes.ts';
import type { TestDatabase, TestStores } from './database.ts';

/** The databases of movements, wallets, events and orders. */
export function depsOver(
  stores: TestStores,
  orders: Readonly<Record<OrderService, TestDatabase>>,
): NonNullable<Parameters<typeof testApp>[0]> {
  return {
    database: stores.transfer.service,
    eventsDatabase: stores.events.service,
    wallets: { shards: stores.wallets.map(({ service }) => service) },
    orders: {
      routes: {
        databases: Object.fromEntries(Object.entries(orders).map(([name, { service }]) => [name, service])),
      } as never,
      readiness: async () => ({}),
    },
  };
}
