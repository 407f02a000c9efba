// The relay without its loops: copies what is in the outboxes now into the event log.

import { pino } from 'pino';
import type { Database } from '../../db/database.ts';
import { leaveLease, takeLease } from '../../db/events/lease-queries.ts';
import { openLog } from '../../workers/events/log-writer.ts';
import { createOutboxCopy } from '../../workers/events/outbox-copy.ts';
import { ORDER_SERVICES, type OrderService } from '../../domain/order-services.ts';
import type { TestCluster, TestDatabase, TestStores } from './database.ts';

const logger = pino({ level: 'silent' });

type OrderStores = Readonly<Record<OrderService, TestDatabase>>;

/** The outboxes by the names that the relay gives them, opened with its role; those of orders, too, if they are given. */
export function openOutboxes(cluster: TestCluster, stores: TestStores, orders?: OrderStores): Map<string, Database> {
  return new Map([
    ...(orders === undefined ? [] : ORDER_SERVICES.map((name) => [name, cluster.open(orders[name].relayUrl)] as const)),
    ['transfer', cluster.open(stores.transfer.relayUrl)],
    ...stores.wallets.map(({ relayUrl }, shard) => [`wallet-${shard}`, cluster.open(relayUrl)] as const),
    ['events', stores.events.service],
  ]);
}

/** Copies one outbox until nothing is left, under a lease of its own. Throws after so many pages if there are more. */
export async function copyOutbox(
  database: Database,
  outboxes: ReadonlyMap<string, Database>,
  source: string,
  holder = 'test',
  pagesMax = Infinity,
): Promise<void> {
  const lease = await takeLease(database, 'relay', holder, 60_000);
  if (lease === undefined) throw new Error('somebody else has the lease');
  const copy = createOutboxCopy({
    source,
    outbox: outboxes.get(source)!,
    database,
    log: await openLog(database, lease),
    untilBurstIsOver: async () => {},
    logger,
  });
  try {
    for (let pages = 0; ; pages += 1) {
      if (pages === pagesMax) throw new Error('it was ended');
      const { hasMore, isLost } = await copy();
      if (isLost) throw new Error('the lease is lost');
      if (!hasMore) break;
    }
  } finally {
    await leaveLease(database, 'relay', holder);
  }
}

export async function copyOutboxes(cluster: TestCluster, stores: TestStores, orders?: OrderStores): Promise<void> {
  const outboxes = openOutboxes(cluster, stores, orders);
  for (const source of outboxes.keys()) await copyOutbox(stores.events.service, outboxes, source);
}
