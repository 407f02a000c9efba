/** What is known of the orders that other databases name: by the order database's snapshot and, of those placed since, as it is now. */
import { sql } from 'drizzle-orm';
import type { OrderId } from '../../domain/ids.ts';
import type { OrderService } from '../../domain/order-services.ts';
import type { GoodsState, MoneyState, OrderStatus } from '../../domain/order/order.ts';
import { rowsOf, uuids, type Reader } from '../reader.ts';

/** The snapshots, and the order database as it is now. */
export interface OrderReaders extends Readonly<Record<OrderService, Reader>> {
  readonly transfer: Reader;
  /** Of the wallets. */
  readonly shards: readonly Reader[];
  readonly orderNow: Reader;
}

export interface KnownOrder {
  readonly id: OrderId;
  readonly status: OrderStatus;
  readonly consignments: readonly { readonly n: number; readonly goods: GoodsState; readonly money: MoneyState }[];
}

/** An order that was placed after the snapshot is `since`; undefined is one that does not exist. */
export async function knownOrders(
  { order, orderNow }: Pick<OrderReaders, 'order' | 'orderNow'>,
  ids: readonly string[],
): Promise<(id: string) => KnownOrder | 'since' | undefined> {
  const rows = await rowsOf<KnownOrder>(
    order,
    sql`
    SELECT order_id AS id, status, coalesce((
      SELECT json_agg(json_build_object('n', n, 'goods', goods, 'money', money) ORDER BY n) FROM consignments WHERE consignments.order_id = orders.order_id
    ), '[]') AS consignments
    FROM orders WHERE order_id = ANY(${uuids(ids)})`,
  );
  const known = new Map<string, KnownOrder | 'since'>(rows.map((row) => [row.id, row]));
  const unknown = ids.filter((id) => !known.has(id));
  if (unknown.length > 0) {
    const since = await rowsOf<{ id: string }>(
      orderNow,
      sql`SELECT order_id AS id FROM orders WHERE order_id = ANY(${uuids(unknown)})`,
    );
    for (const { id } of since) known.set(id, 'since');
  }
  return (id) => known.get(id);
}

/** Whose these orders, or returns, are, as it is now: it never changes. */
export async function tenantsOf(
  orderNow: Reader,
  table: 'orders' | 'returns',
  ids: readonly string[],
): Promise<(id: string) => string | undefined> {
  const id = sql.identifier(table === 'orders' ? 'order_id' : 'return_id');
  const rows = await rowsOf<{ id: string; tenant: string }>(
    orderNow,
    sql`SELECT ${id} AS id, tenant FROM ${sql.identifier(table)} WHERE ${id} = ANY(${uuids(ids)})`,
  );
  const tenants = new Map(rows.map((row) => [row.id, row.tenant]));
  return (of) => tenants.get(of);
}

/** What the inventory's fences have decided of these orders' consignments: the goods have left (done), or are given back (undone). */
export async function pivotsOf(
  inventory: Reader,
  orderIds: readonly string[],
): Promise<(orderId: string, n: number) => 'done' | 'undone' | undefined> {
  const rows = await rowsOf<{ id: string; step: string; outcome: 'done' | 'undone' }>(
    inventory,
    sql`SELECT saga_id AS id, step, outcome FROM step_fences WHERE saga_id = ANY(${uuids(orderIds)}) AND step LIKE 'goods:%'`,
  );
  const pivots = new Map(rows.map(({ id, step, outcome }) => [`${id}/${step}`, outcome]));
  return (orderId, n) => pivots.get(`${orderId}/goods:${n}`);
}

export interface TransferSeen {
  readonly id: string;
  readonly tenant: string;
  readonly key: string;
  readonly status: string;
  /** What has moved, or would: the captured amount, once that is decided. */
  readonly amount: string;
}

/** These transfers, as the snapshot shows them. */
export async function transfersSeen(
  transfer: Reader,
  ids: readonly string[],
): Promise<(id: string) => TransferSeen | undefined> {
  const rows = await rowsOf<TransferSeen>(
    transfer,
    sql`SELECT transfer_id AS id, tenant, idempotency_key AS key, status, coalesce(captured_amount, amount) AS amount
      FROM transfers WHERE transfer_id = ANY(${uuids(ids)})`,
  );
  const seen = new Map(rows.map((row) => [row.id, row]));
  return (id) => seen.get(id);
}
