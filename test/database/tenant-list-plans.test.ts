// The lists of a tenant do not read more when another tenant stores more: those of the default one, which has no index of its own, come
// in short pages, by whose cursors all is found. PostgreSQL itself counts, so a busy machine changes nothing.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Database } from '../../db/database.ts';
import { DEFAULT_TENANT, type Tenant } from '../../domain/tenant.ts';
import { jsonOf, testApp } from '../pure/api-fakes.ts';
import { acceptOnly, keyHolder } from '../pure/api-holders.ts';
import { rowsOf, startCluster, type TestCluster } from './database.ts';
import { explainingReads, nodesOf, type PlanNode } from './plans.ts';

const SIZES = [20_000, 100_000] as const;
const GROWTH_MAX = 1.5;
const BUFFERS_FREE = 60;
const SORTED_ROWS_MAX = 1_000;
/** How many rows each tenant has but the large one. */
const FEW = 30;
/** Of each tenant half as many, the oldest ones. */
const OLD = `n <= ${FEW / 2}`;
/** They have no rows here, and PostgreSQL scans what is empty. */
const EMPTY = ['approval_votes', 'consignments'];
const [SMALL, LARGE] = ['small', 'large'] as Tenant[] as [Tenant, Tenant];
const WALLET = '00000000-0000-4000-8000-000000000008';

/** Of each tenant: n, its rows’ id, their tenant, and at, which is earlier than of all rows of the large one. */
const rows = (size: number): string => `
  SELECT n, md5(tenant || n)::uuid AS id, tenant, base + n * interval '1 s' AS at FROM (
    VALUES ('default', '2026-01-01T00:00:00Z'::timestamptz, ${FEW}), ('small', '2026-01-01T01:00:00Z', ${FEW}), ('large', '2026-01-02T00:00:00Z', ${size})
  ) of (tenant, base, times) CROSS JOIN LATERAL generate_series(1, times) n`;

const FILL: Readonly<Record<'wallet' | 'transfer' | 'events' | 'order', readonly string[]>> = {
  wallet: [
    `INSERT INTO wallets (wallet_id, tenant, user_id, currency, created_at) SELECT id, tenant, 'user ' || n, 'USD', at FROM (ROWS) r`,
  ],
  transfer: [
    `INSERT INTO transfer_batches (batch_id, tenant, item_count, completed_count, status, idempotency_key, body_hash, request_id, deadline_at, created_at)
     SELECT id, tenant, 5, 5, 'COMPLETED', id, '\\x00', 'test', now(), at FROM (ROWS) r`,
    `INSERT INTO recurring_transfers (recurring_transfer_id, tenant, sender_wallet_id, receiver_wallet_id, amount, currency, metadata, every_seconds,
       time_zone, idempotency_key, body_hash, request_id, created_at)
     SELECT id, tenant, '${WALLET}', md5('to')::uuid, 1, 'USD', '{}', 60, 'UTC', id, '\\x00', 'test', at FROM (ROWS) r`,
    `INSERT INTO cases (case_id, tenant, subject, reason, status, opened_at, resolved_at)
     SELECT id, tenant, 'transfer/' || id, 'refund_failing', 'RESOLVED', at, at FROM (ROWS) r`,
    `INSERT INTO approvals (approval_id, tenant, status, reason, body_hash, currency, policy_version, needed, created_at, expires_at, decided_at)
     SELECT id, tenant, CASE WHEN ${OLD} THEN 'AWAITING' ELSE 'APPROVED' END, 'amount', '\\x00', 'USD', 1, 1, at, at, CASE WHEN NOT ${OLD} THEN at END
     FROM (ROWS) r`,
  ],
  events: [
    `INSERT INTO audit_log (audit_event_id, position, tenant, created_at, source, action, object, principal_id, principal, api_key_id)
     SELECT id, n, tenant, at, 'access', CASE WHEN ${OLD} THEN 'key-created' ELSE 'key-revoked' END, id, tenant, tenant, '' FROM (ROWS) r`,
  ],
  order: [
    `INSERT INTO orders (order_id, tenant, buyer_wallet_id, seller_wallet_id, currency, goods_amount, shipping_amount, allow_split, status, cancel_reason,
       idempotency_key, body_hash, request_id, deadline_at, hold_seconds, created_at)
     SELECT id, tenant, md5('buyer')::uuid, md5('seller')::uuid, 'USD', 10, 0, false, CASE WHEN ${OLD} THEN 'CANCELED' ELSE 'COMPLETED' END,
       CASE WHEN ${OLD} THEN 'timed_out' END, id, '\\x00', 'test', now(), 60, at FROM (ROWS) r`,
    `INSERT INTO order_cases (case_id, order_id, tenant, reason, opened_at, closed_at)
     SELECT id, id, tenant, 'payment_due', at, CASE WHEN n % 2 = 0 THEN now() END FROM (ROWS) r`,
    `INSERT INTO order_lines (order_id, line, sku, quantity, unit_price) SELECT id, 1, 'sku', 1, 10 FROM (ROWS) r`,
    `INSERT INTO returns (return_id, order_id, tenant, status, idempotency_key, body_hash, request_id, amount, created_at)
     SELECT id, id, tenant, CASE WHEN ${OLD} THEN 'REFUND_DUE' ELSE 'REFUNDED' END, id, '\\x00', 'test', 10, at FROM (ROWS) r`,
    `INSERT INTO return_lines (return_id, order_id, line, quantity) SELECT id, id, 1, 1 FROM (ROWS) r`,
  ],
};

/** Each with the name of its ids, and which part of a tenant's rows it shows. */
const LISTS: readonly (readonly [path: string, id: string, part?: number])[] = [
  ['/v1/wallets', 'wallet_id'],
  ['/v1/transfer-batches', 'batch_id'],
  ['/v1/recurring-transfers', 'recurring_transfer_id'],
  ['/v1/recurring-transfers?status=ACTIVE', 'recurring_transfer_id'],
  [`/v1/recurring-transfers?wallet_id=${WALLET}`, 'recurring_transfer_id'],
  ['/v1/cases', 'case_id'],
  ['/v1/cases?status=RESOLVED', 'case_id'],
  ['/v1/approvals', 'approval_id'],
  ['/v1/approvals?status=AWAITING', 'approval_id', 0.5],
  ['/v1/audit-events', 'audit_event_id'],
  ['/v1/audit-events?action=key-created', 'audit_event_id', 0.5],
  ['/v1/orders', 'order_id'],
  ['/v1/orders?status=CANCELED', 'order_id', 0.5],
  ['/v1/returns', 'return_id'],
  ['/v1/returns?status=REFUND_DUE', 'return_id', 0.5],
  ['/v1/order-cases', 'case_id'],
  ['/v1/order-cases?status=RESOLVED', 'case_id', 0.5],
  ['/v1/order-cases?status=OPEN', 'case_id', 0.5],
];

interface Filled {
  readonly ask: (tenant: Tenant, path: string) => Promise<Record<string, unknown>>;
  readonly plans: PlanNode[];
}

describe('the plans of the lists of tenants', () => {
  let cluster: TestCluster;
  let filled: readonly Filled[];
  before(async () => {
    cluster = await startCluster();
    filled = await Promise.all(SIZES.map((size) => fill(cluster, size)));
  });
  after(() => cluster?.stop());

  for (const [path] of LISTS)
    for (const tenant of [DEFAULT_TENANT, SMALL, LARGE])
      test(`${path} of ${tenant} reads as much beside many as beside few`, async () => {
        const buffers: number[] = [];
        for (const { ask, plans } of filled) {
          plans.length = 0;
          await ask(tenant, path);
          assert.ok(plans.length > 0);
          buffers.push(plans.reduce((sum, plan) => sum + plan['Shared Hit Blocks'] + plan['Shared Read Blocks'], 0));
        }
        for (const node of filled.at(-1)!.plans.flatMap(nodesOf)) {
          const isSort = node['Node Type'] === 'Sort' || node['Node Type'].startsWith('Bitmap');
          const isScan = node['Node Type'] === 'Seq Scan' && !EMPTY.includes(node['Relation Name'] ?? '');
          assert.ok(!isScan, JSON.stringify(node));
          assert.ok(!isSort || node['Actual Rows'] <= SORTED_ROWS_MAX, JSON.stringify(node));
        }
        const [few, many] = buffers as [number, number];
        assert.ok(many <= few * GROWTH_MAX + BUFFERS_FREE, `${few} buffers beside few, ${many} beside many`);
      });

  for (const path of [
    '/v1/approvals?status=AWAITING',
    '/v1/audit-events?action=key-created',
    '/v1/orders?status=CANCELED',
    '/v1/returns?status=REFUND_DUE',
  ])
    test(`${path}: what only its oldest have is on the first page of a large tenant`, async () => {
      const { data } = await filled.at(-1)!.ask(LARGE, path);
      assert.equal((data as unknown[]).length, FEW / 2);
    });

  for (const path of ['/v1/approvals', '/v1/audit-events', '/v1/orders', '/v1/returns'])
    test(`${path}: what a small tenant has is on its first page, behind however much of a large one`, async () => {
      const { data } = await filled.at(-1)!.ask(SMALL, path);
      assert.equal((data as unknown[]).length, FEW);
    });

  for (const [path, id, part = 1] of LISTS)
    test(`${path}: the cursors lead a small tenant to each of its rows once, and to no other`, async () => {
      for (const tenant of [DEFAULT_TENANT, SMALL]) {
        const found: unknown[] = [];
        let cursor: string | null = '';
        for (let pages = 0; cursor !== null; pages += 1) {
          assert.ok(pages < 50, 'there is an end');
          const more = cursor === '' ? '' : `${path.includes('?') ? '&' : '?'}cursor=${cursor}`;
          const { data, next_cursor } = await filled.at(-1)!.ask(tenant, `${path}${more}`);
          found.push(...(data as Record<string, unknown>[]).map((row) => row[id]));
          cursor = next_cursor as string | null;
        }
        assert.equal(found.length, FEW * part, tenant);
        assert.equal(new Set(found).size, FEW * part, tenant);
      }
    });
});

async function fill(cluster: TestCluster, size: number): Promise<Filled> {
  const [stores, orders] = await Promise.all([cluster.createStores({ shards: 1 }), cluster.createOrderStores()]);
  const [shard] = stores.wallets;
  const plans: PlanNode[] = [];
  for (const [name, store] of Object.entries({
    wallet: shard!,
    transfer: stores.transfer,
    events: stores.events,
    order: orders.order,
  }))
    for (const statement of [...FILL[name as keyof typeof FILL], 'ANALYZE'])
      await rowsOf(store.admin, statement.replaceAll('ROWS', rows(size)));
  const seen = (database: Database) => explainingReads(database, plans);
  const databases = Object.fromEntries(Object.entries(orders).map(([name, { service }]) => [name, seen(service)]));
  const deps = {
    database: seen(stores.transfer.service),
    eventsDatabase: seen(stores.events.service),
    wallets: { shards: [seen(shard!.service)] },
    orders: { routes: { databases } as never, readiness: async () => ({}) },
  };
  return {
    plans,
    async ask(tenant, path) {
      const { app } = testApp({ ...deps, authentication: acceptOnly(keyHolder({ tenant })) });
      const headers = { authorization: 'Bearer cpk_0000000000000000000000000000000000000000000000000' };
      const { status, body } = await jsonOf(app.request(path, { headers }));
      assert.equal(status, 200, JSON.stringify(body));
      return body;
    },
  };
}
