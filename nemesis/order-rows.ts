/** The rows of orders: how far they are, what of them is under way, and what is kept for those that have ended. */
import { transferId } from '../domain/derived-id.ts';
import type { OrderId } from '../domain/ids.ts';
import { holdKey } from '../domain/order/money.ts';
import { CONSIGNMENTS_MAX } from '../domain/order/order.ts';
import type { Tenant } from '../domain/tenant.ts';
import type { StoredOrders, StoredReturn } from './compare-orders.ts';
import type { OrderBook } from './order-book.ts';
import type { Stack } from './stack.ts';
import type { Violation, Violations } from './violations.ts';

type Rows = Pick<Stack, 'rows'>;
type StoredOrder = StoredOrders['orders'][number];
/** A tenant, and what its clients were told of its orders. */
type OrdersOf = readonly [Tenant, OrderBook];

/** An order as its answer has it. */
const ORDERS = `
  SELECT order_id AS id, idempotency_key AS key, status, CASE WHEN status = 'CANCELED' THEN cancel_reason END AS "cancelReason",
    buyer_wallet_id AS buyer, seller_wallet_id AS seller, (goods_amount + shipping_amount)::numeric(24,4)::text AS total, coalesce((
      SELECT json_agg(json_build_object('n', n, 'goods', goods, 'money', money, 'amount', amount::text, 'transferId', transfer_id,
        'shipmentId', shipment_id, 'carrierReference', carrier_reference, 'lines', (
          SELECT json_agg(json_build_object('sku', sku, 'quantity', quantity)) FROM order_lines
          WHERE order_lines.order_id = orders.order_id AND line = ANY(consignments.lines)
        )) ORDER BY n) FROM consignments WHERE consignments.order_id = orders.order_id
    ), '[]') AS consignments
  FROM orders WHERE tenant = $1`;
const LATELY = `AND updated_at > now() - interval '3 seconds'`;
const ENDED_LATELY = `
  SELECT order_id AS id FROM orders
  WHERE tenant = $1 AND status IN ('COMPLETED', 'PARTLY_COMPLETED', 'CANCELED') AND updated_at > now() - interval '1 minute' ORDER BY updated_at DESC LIMIT 200`;

export async function seeOrders(
  stack: Rows,
  [tenant, orders]: OrdersOf,
  seenBy: Violation['seenBy'],
  isOnlyLately: boolean,
): Promise<readonly StoredOrder[]> {
  const askedAtMs = performance.now();
  const rows = await stack.rows<StoredOrder>('order', isOnlyLately ? `${ORDERS} ${LATELY}` : ORDERS, [tenant]);
  for (const row of rows) orders.see(seenBy, row, askedAtMs);
  return rows;
}

export async function readStoredOrders(stack: Rows, [tenant, orders]: OrdersOf): Promise<StoredOrders> {
  const returns = await stack.rows<StoredReturn>(
    'order',
    `SELECT return_id AS id, order_id AS "orderId", idempotency_key AS key, status, amount::text, (
       SELECT json_agg(json_build_object('sku', sku, 'quantity', return_lines.quantity, 'disposition', disposition))
       FROM return_lines JOIN order_lines USING (order_id, line) WHERE return_lines.return_id = returns.return_id
     ) AS lines FROM returns WHERE tenant = $1`,
    [tenant],
  );
  const stock = await stack.rows<StoredOrders['stock'][number]>(
    'inventory',
    'SELECT sku, on_hand::int AS "onHand", reserved::int FROM stock WHERE tenant = $1',
    [tenant],
  );
  const changes = await stack.rows<{ id: string }>(
    'inventory',
    `SELECT saga_id AS id FROM step_fences WHERE step = 'stock' AND coalesce(terms ->> 'tenant', 'default') = $1`,
    [tenant],
  );
  return {
    orders: await seeOrders(stack, [tenant, orders], 'comparison', false),
    returns,
    stock,
    changes: new Set(changes.map(({ id }) => id)),
  };
}

/** An order's end is written once its goods and holds are settled: what has ended, and was read before, keeps nothing. */
export async function seeNothingKept(stack: Rows, tenant: Tenant, violations: Violations): Promise<void> {
  const ended = (await stack.rows<{ id: OrderId }>('order', ENDED_LATELY, [tenant])).map(({ id }) => id);
  if (ended.length === 0) return;
  const reserved = await stack.rows<{ id: string; n: number }>(
    'inventory',
    `SELECT DISTINCT order_id AS id, n FROM reservations WHERE state = 'RESERVED' AND order_id = ANY($1)`,
    [ended],
  );
  for (const { id, n } of reserved)
    violations.report('observer', id, `it has ended, but goods of its part ${n} are reserved`);
  const holds = new Map(
    ended.flatMap((id) =>
      Array.from({ length: CONSIGNMENTS_MAX }, (_, n) => [transferId(holdKey(id, n + 1), tenant), id] as const),
    ),
  );
  const held = await stack.rows<{ id: string; status: string }>(
    'transfer',
    `SELECT transfer_id AS id, status FROM transfers WHERE transfer_id = ANY($1) AND status NOT IN ('COMPLETED', 'FAILED', 'CANCELED')`,
    [[...holds.keys()]],
  );
  for (const { id, status } of held)
    violations.report(
      'observer',
      holds.get(id as ReturnType<typeof transferId>),
      `it has ended, but its hold ${id} is ${status}`,
    );
}

/** No SKU has more reserved than there is. */
export async function seeStock(stack: Rows, violations: Violations): Promise<void> {
  const wrong = await stack.rows<{ sku: string; on_hand: string; reserved: string }>(
    'inventory',
    'SELECT sku, on_hand, reserved FROM stock WHERE on_hand < reserved OR reserved < 0',
  );
  for (const { sku, on_hand, reserved } of wrong)
    violations.report('observer', sku, `of it ${on_hand} are on hand, and ${reserved} are reserved`);
}

/** Orders, returns and cases that have not ended. Goods that were only announced to come back are nobody's work. */
export function ordersUnderWay(stack: Rows): Promise<{ id: string; status: string }[]> {
  return stack.rows(
    'order',
    `SELECT order_id AS id, status FROM orders WHERE status IN ('PENDING', 'CONFIRMED')
     UNION ALL SELECT return_id, status FROM returns WHERE status = 'RECEIVED'
     UNION ALL SELECT order_id, 'the order of a case of ' || reason || ' that is open' FROM order_cases WHERE closed_at IS NULL`,
  );
}
