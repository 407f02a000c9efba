// The lists of orders, their returns and cases, of products and stock, shipments and books do not read more when more is stored: for
// each filter, ten times the rows cost about the same buffers, no table is scanned and hardly anything is sorted. PostgreSQL itself
// counts, so a busy machine changes nothing.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { bookRoutes } from '../../api/accounting/books.ts';
import { shipmentRoutes } from '../../api/delivery/shipment.ts';
import { stockListRoutes } from '../../api/inventory/list.ts';
import { orderCaseRoutes } from '../../api/order/case.ts';
import { orderListRoutes } from '../../api/order/list.ts';
import { productRoutes } from '../../api/order/product.ts';
import { returnRoutes } from '../../api/order/return.ts';
import type { Database } from '../../db/database.ts';
import { listOrderCaseActions, type OrderCase } from '../../db/order/case-queries.ts';
import { claimDueOrders, listOpenOrders, listOrders, tenantAfter } from '../../db/order/queries.ts';
import { claimDueReturns, listOpenReturns } from '../../db/order/returns.ts';
import type { OrderId } from '../../domain/ids.ts';
import type { OrderService } from '../../domain/order-services.ts';
import { DEFAULT_TENANT, type Tenant } from '../../domain/tenant.ts';
import { baseApp } from '../pure/api-fakes.ts';
import { rowsOf, startCluster, type TestCluster } from './database.ts';
import { explainingReads, nodesOf, type PlanNode } from './plans.ts';

const SIZES = [5_000, 50_000] as const;
/** Each index is a level or so deeper. */
const GROWTH_MAX = 1.5;
const BUFFERS_FREE = 60;
const SORTED_ROWS_MAX = 1_000;
/** An id that SQL makes by the same name: md5('…')::uuid. */
const [COMMON, RARE, NOBODY] = ['c0', 'a0', 'b0'].map((first) => first.padEnd(8, '0') + '-0000-4000-8000-000000000000');
const ORDER = '00000000-0000-4000-8000-000000000007';
const NIL = '00000000-0000-0000-0000-000000000000';
const SMALL = 'acme' as Tenant;

interface Filled {
  readonly app: ReturnType<typeof appOver>;
  readonly order: Database;
  readonly plans: PlanNode[];
}

const paths: readonly string[] = [
  ...[COMMON, RARE, NOBODY].flatMap((buyer) =>
    ['', '&status=COMPLETED', '&status=CANCELED', '&status=CONFIRMED', '&attention=true', '&compensating=true'].map(
      (more) => `/v1/orders?buyer_wallet_id=${buyer}${more}`,
    ),
  ),
  '/v1/orders',
  ...['PENDING', 'CONFIRMED', 'COMPLETED', 'PARTLY_COMPLETED', 'CANCELED'].map(
    (status) => `/v1/orders?status=${status}`,
  ),
  ...['attention=true', 'compensating=true', 'status=PENDING&compensating=true'].map((flag) => `/v1/orders?${flag}`),
  `/v1/orders/${ORDER}/steps`,
  `/v1/orders/${ORDER}/returns`,
  ...['', '?status=REFUNDED', '?status=REFUND_DUE', '?attention=true', '?attention=true&status=RECEIVED'].map(
    (query) => `/v1/returns${query}`,
  ),
  ...['', '?status=OPEN', '?status=RESOLVED'].map((query) => `/v1/order-cases${query}`),
  ...['/v1/products', '/v1/stock', '/v1/stock/sku-1/entries'],
  `/v1/shipments/${ORDER}`,
  ...['invoices', 'credit-notes', 'journals'].flatMap((list) => [
    `/v1/${list}`,
    `/v1/${list}?order_id=${ORDER}`,
    ...[COMMON, RARE, NOBODY].map((seller) => `/v1/${list}?seller_wallet_id=${seller}`),
    `/v1/${list}?seller_wallet_id=${COMMON}&order_id=${ORDER}`,
  ]),
  ...[COMMON, RARE, NOBODY].map((buyer) => `/v1/invoices?buyer_wallet_id=${buyer}`),
  ...['PAID', 'DUE', 'COLLECTED', 'WRITTEN_OFF'].map((status) => `/v1/invoices?status=${status}`),
  `/v1/trial-balance?seller_wallet_id=${RARE}`,
];

describe('the plans of the lists of orders', () => {
  let cluster: TestCluster;
  let filled: readonly Filled[];

  before(async () => {
    cluster = await startCluster();
    filled = await Promise.all(
      SIZES.map(async (size) => {
        const stores = await cluster.createOrderStores({ connectionsMax: 2 });
        const plans: PlanNode[] = [];
        const databases = {} as Record<OrderService, Database>;
        for (const [service, { admin, service: database }] of Object.entries(stores)) {
          for (const statement of FILL[service as OrderService])
            await rowsOf(admin, statement.replaceAll('SIZE', String(size)));
          databases[service as OrderService] = explainingReads(database, plans);
        }
        return { app: appOver(databases), order: databases.order, plans };
      }),
    );
  });
  after(() => cluster?.stop());

  for (const path of paths)
    test(`${path}: reads as much of many as of few`, () =>
      assertLevel(async ({ app }) => {
        const { status } = await app.request(path);
        assert.equal(status, 200);
      }));

  const ofCase = { orderId: ORDER as OrderId, openedAt: new Date(0), closedAt: null } as OrderCase;
  const page = { after: NIL, unchangedSeconds: 120, limit: 20 };
  for (const [name, look] of [
    ['orders that are open', (database: Database) => listOpenOrders(database, page)],
    ['returns whose goods are back', (database: Database) => listOpenReturns(database, page)],
    ['actions of a case', (database: Database) => listOrderCaseActions(database, ofCase)],
    [
      'orders of a tenant that has few',
      (database: Database) => listOrders(database, { tenant: SMALL, status: 'COMPLETED', limit: 20 }),
    ],
    ['the next tenant that has orders', (database: Database) => tenantAfter(database, DEFAULT_TENANT)],
    [
      'orders that are due to be started',
      (database: Database) => claimDueOrders(database, { limit: 50, leaseSeconds: 9 }),
    ],
    [
      'returns that are due to be started',
      (database: Database) => claimDueReturns(database, { limit: 50, leaseSeconds: 9 }),
    ],
  ] as const)
    test(`the look for ${name} reads as much of many as of few`, () => assertLevel(({ order }) => look(order)));

  async function assertLevel(look: (of: Filled) => Promise<unknown>): Promise<void> {
    const buffers: number[] = [];
    for (const each of filled) {
      each.plans.length = 0;
      await look(each);
      assert.ok(each.plans.length > 0);
      buffers.push(each.plans.reduce((sum, plan) => sum + plan['Shared Hit Blocks'] + plan['Shared Read Blocks'], 0));
    }
    for (const node of filled.at(-1)!.plans.flatMap(nodesOf)) {
      const isSort = node['Node Type'] === 'Sort' || node['Node Type'].startsWith('Bitmap');
      assert.ok(node['Node Type'] !== 'Seq Scan', JSON.stringify(node));
      assert.ok(!isSort || node['Actual Rows'] <= SORTED_ROWS_MAX, JSON.stringify(node));
    }
    const [few, many] = buffers as [number, number];
    assert.ok(many <= few * GROWTH_MAX + BUFFERS_FREE, `${few} buffers of few, ${many} of many`);
  }
});

function appOver({ order, inventory, delivery, accounting }: Readonly<Record<OrderService, Database>>) {
  const deps = { database: order } as never;
  return baseApp()
    .route('/', orderListRoutes({ database: order }))
    .route('/', orderCaseRoutes({ database: order }))
    .route('/', returnRoutes(deps))
    .route('/', productRoutes(deps))
    .route('/', stockListRoutes({ database: inventory }))
    .route('/', shipmentRoutes({ database: delivery }))
    .route('/', bookRoutes(accounting));
}

/** Half is of COMMON, five are of RARE; a tenth is open, and what is unusual otherwise is old. Rows are spread over a year. */
const at = `'2025-01-01T00:00:01Z'::timestamptz + i * interval '360 days' / SIZE`;
const id = `('00000000-0000-4000-8000-' || lpad(to_hex(i), 12, '0'))::uuid`;
const party = `CASE WHEN i < 6 THEN '${RARE}'::uuid WHEN i % 2 = 0 THEN '${COMMON}'::uuid ELSE md5('party ' || i % 1000)::uuid END`;
const all = 'generate_series(1, SIZE) i';

const FILL: Readonly<Record<OrderService, readonly string[]>> = {
  order: [
    `INSERT INTO products (sku, unit_price, currency) SELECT 'sku-' || i, 10, 'USD' FROM ${all}`,
    `INSERT INTO orders (order_id, buyer_wallet_id, seller_wallet_id, currency, goods_amount, shipping_amount, allow_split, status, cancel_reason,
       compensating, idempotency_key, body_hash, request_id, deadline_at, hold_seconds, start_due_at, attention_reason, attention_since, created_at, updated_at)
     SELECT ${id}, ${party}, md5('seller')::uuid, 'USD', 10, 0, false,
       CASE WHEN i < 60 THEN 'CANCELED' WHEN i < 120 THEN 'PARTLY_COMPLETED' WHEN i < 180 THEN 'PENDING' WHEN i < 240 OR i % 10 = 9 THEN 'CONFIRMED' ELSE 'COMPLETED' END,
       CASE WHEN i < 60 THEN 'timed_out' END, i < 150, 'key ' || i, '\\x00', 'test', now(), 60, CASE WHEN i < 240 THEN now() END,
       CASE WHEN i < 200 THEN 'payment_due' END, CASE WHEN i < 200 THEN now() END, ${at}, ${at} FROM ${all}`,
    `INSERT INTO order_lines (order_id, line, sku, quantity, unit_price) SELECT ${id}, 1, 'sku-' || i, 1, 10 FROM ${all}`,
    `INSERT INTO consignments (order_id, n, lines, goods, money, amount, transfer_id) SELECT ${id}, 1, '{1}', 'DELIVERED', 'CAPTURED', 10, ${id} FROM ${all}`,
    `INSERT INTO order_steps (order_id, n, step) SELECT ${id}, 0, 'PENDING' FROM ${all}`,
    `INSERT INTO order_cases (order_id, reason, opened_at, closed_at) SELECT ${id}, 'payment_due', ${at}, CASE WHEN i > 100 THEN now() END FROM ${all}`,
    `INSERT INTO order_actions (order_id, request_key, action, actor, comment) SELECT ${id}, 'a', 'retry', 'ann', 'x' FROM ${all}`,
    `INSERT INTO returns (return_id, order_id, status, idempotency_key, body_hash, request_id, amount, start_due_at, attention_reason, attention_since, created_at, updated_at)
     SELECT ${id}, ${id}, CASE WHEN i < 100 OR i % 10 = 9 THEN 'RECEIVED' WHEN i < 200 THEN 'REQUESTED' ELSE 'REFUNDED' END, 'key', '\\x00', 'test', 10,
       CASE WHEN i < 100 THEN now() END, CASE WHEN i < 100 THEN 'refund_refused' END, CASE WHEN i < 100 THEN now() END, ${at}, ${at} FROM ${all}`,
    `INSERT INTO return_lines (return_id, order_id, line, quantity) SELECT ${id}, ${id}, 1, 1 FROM ${all}`,
    `ANALYZE`,
  ],
  inventory: [
    `INSERT INTO stock (sku) SELECT 'sku-' || i FROM ${all}`,
    `INSERT INTO stock_entries (sku, sequence, type, on_hand_change, reserved_change, on_hand_after, reserved_after)
     SELECT 'sku-' || 1 + i % 2, i, 'COUNT', 1, 0, i, 0 FROM ${all}`,
    `ANALYZE`,
  ],
  delivery: [
    `INSERT INTO shipments (shipment_id, order_id, consignment, units) SELECT ${id}, ${id}, 1, 1 FROM ${all}`,
    `INSERT INTO carrier_events (event_id, shipment_id, status, at, has_risen) SELECT 'event ' || i, ${id}, 'IN_TRANSIT', now(), true FROM ${all}`,
    `ANALYZE`,
  ],
  accounting: [
    `INSERT INTO accounts (account_id, seller_wallet_id, code, name, currency)
     SELECT seller || '/' || code, seller, code, code, 'USD' FROM (SELECT ${party} AS seller FROM ${all} GROUP BY 1) sellers CROSS JOIN (VALUES ('wallet'), ('revenue')) codes (code)`,
    `INSERT INTO invoices (invoice_id, seller_wallet_id, number, buyer_wallet_id, order_id, consignment, currency, shipping_amount, amount, status, transfer_id, created_at)
     SELECT ${id}, ${party}, i, ${party}, ${id}, 1, 'USD', 0, 10, status, CASE WHEN status IN ('PAID', 'COLLECTED') THEN ${id} END, ${at}
     FROM ${all} CROSS JOIN LATERAL (SELECT CASE WHEN i < 60 THEN 'DUE' WHEN i < 120 THEN 'COLLECTED' WHEN i < 180 THEN 'WRITTEN_OFF' ELSE 'PAID' END AS status) state`,
    `INSERT INTO invoice_lines (invoice_id, line, sku, quantity, unit_price, amount) SELECT ${id}, 1, 'sku', 1, 10, 10 FROM ${all}`,
    `INSERT INTO credit_notes (credit_note_id, seller_wallet_id, number, order_id, currency, amount, created_at) SELECT ${id}, ${party}, i, ${id}, 'USD', 10, ${at} FROM ${all}`,
    `INSERT INTO credit_note_lines (credit_note_id, line, sku, quantity, unit_price, amount) SELECT ${id}, 1, 'sku', 1, 10, 10 FROM ${all}`,
    `INSERT INTO journals (journal_id, seller_wallet_id, kind, order_id, consignment, number, transfer_id, created_at) SELECT ${id}, ${party}, 'invoice', ${id}, 1, i, ${id}, ${at} FROM ${all}`,
    `INSERT INTO journal_lines (journal_id, line, debit_account, credit_account, amount)
     SELECT ${id}, 1, ${party} || '/wallet', ${party} || '/revenue', 10 FROM ${all}`,
    `ANALYZE`,
  ],
};
