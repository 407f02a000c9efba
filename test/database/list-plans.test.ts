// A list does not read more when more movements are stored: for each filter, ten times the movements cost about the same
// buffers, no table is scanned and hardly anything is sorted. PostgreSQL itself counts, so a busy machine changes nothing.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'drizzle-orm';
import { fillTransferDatabase } from '../../bench/reading-data.ts';
import { MOVEMENT_REQUESTS } from '../../bench/reading-requests.ts';
import type { Database } from '../../db/database.ts';
import { claimDueTransactions } from '../../db/transfer/transaction-queries.ts';
import { claimDueTransfers } from '../../db/transfer/due-transfers.ts';
import { transferOverview } from '../../db/transfer/overview-queries.ts';
import {
  lastReconciliationEnd,
  listOpenMovements,
  moneyUnderWay,
  presentInstant,
  summarizeCases,
} from '../../db/transfer/state-queries.ts';
import { DEFAULT_TENANT } from '../../domain/tenant.ts';
import { testApp } from '../pure/api-fakes.ts';
import { startCluster, type TestCluster } from './database.ts';
import { explaining, nodesOf, type PlanNode } from './plans.ts';

const SIZES = [10_000, 100_000] as const;
/** Each index is a level or so deeper. */
const GROWTH_MAX = 1.5;
const BUFFERS_FREE = 30;
const SORTED_ROWS_MAX = 1_000;
const MOVEMENT_TABLES = ['transfers', 'transactions', 'transfer_batches'];

describe('the plans of the lists', () => {
  let cluster: TestCluster;
  let apps: readonly {
    readonly app: ReturnType<typeof testApp>['app'];
    readonly database: Database;
    readonly admin: Database;
    readonly plans: PlanNode[];
  }[];

  before(async () => {
    cluster = await startCluster();
    apps = await Promise.all(
      SIZES.map(async (size) => {
        const { transfer } = await cluster.createStores({ shards: 1 });
        await fillTransferDatabase(transfer.adminUrl, size);
        await fillBatches(transfer.admin, size / 100);
        const plans: PlanNode[] = [];
        const database = explaining(transfer.service, plans);
        return { app: testApp({ database }).app, database, admin: transfer.admin, plans };
      }),
    );
  });
  after(() => cluster?.stop());

  for (const { name, path } of MOVEMENT_REQUESTS.filter((each) => each.path.includes('?'))) {
    test(`${name}: reads as much of many as of few`, async () => {
      const buffers: number[] = [];
      for (const { app, plans } of apps) {
        plans.length = 0;
        const response = await app.request(path);
        assert.equal(response.status, 200);
        assert.ok(plans.length > 0);
        buffers.push(plans.reduce((sum, plan) => sum + plan['Shared Hit Blocks'] + plan['Shared Read Blocks'], 0));
      }
      for (const node of apps.at(-1)!.plans.flatMap(nodesOf)) {
        const isSort = node['Node Type'] === 'Sort' || node['Node Type'].startsWith('Bitmap');
        assert.ok(node['Node Type'] !== 'Seq Scan', JSON.stringify(node));
        assert.ok(!isSort || node['Actual Rows'] <= SORTED_ROWS_MAX, JSON.stringify(node));
      }
      const [few, many] = buffers as [number, number];
      assert.ok(many <= few * GROWTH_MAX + BUFFERS_FREE, `${few} buffers of few, ${many} of many`);
    });
  }

  for (const [name, look] of [
    ['movements that have not ended', listOpenMovements],
    ['money that is under way', async (database: Database) => moneyUnderWay(database, await presentInstant(database))],
    ['cases that are open', summarizeCases],
    ['the overview', (database: Database) => transferOverview(database, DEFAULT_TENANT)],
    ['the end of the last reconciliation', lastReconciliationEnd],
  ] as const) {
    test(`the metrics of ${name} read as much of many as of few, and scan no table`, async () => {
      const buffers: number[] = [];
      for (const { database, plans } of apps) {
        plans.length = 0;
        await look(database);
        buffers.push(plans.reduce((sum, plan) => sum + plan['Shared Hit Blocks'] + plan['Shared Read Blocks'], 0));
      }
      // PostgreSQL scans what is small, such as the batches of the few.
      for (const node of apps.at(-1)!.plans.flatMap(nodesOf))
        if (MOVEMENT_TABLES.includes(node['Relation Name'] ?? ''))
          assert.notEqual(node['Node Type'], 'Seq Scan', JSON.stringify(node));
      const [few, many] = buffers as [number, number];
      assert.ok(many <= few * GROWTH_MAX + BUFFERS_FREE, `${few} buffers of few, ${many} of many`);
    });
  }

  for (const [table, status, claimDue, statements] of [
    // Those that begin canceled are claimed by a statement of their own.
    ['transfers', 'PENDING', claimDueTransfers, 2],
    ['transactions', 'PENDING', claimDueTransactions, 1],
  ] as const) {
    test(`a claim of ${table} that are due scans no table, however many have ended`, async () => {
      const { database, admin, plans } = apps.at(-1)!;
      await admin.execute(sql`
        UPDATE ${sql.identifier(table)} SET status = ${status}, start_due_at = now() - interval '1 hour'
        WHERE ctid = ANY(ARRAY(SELECT ctid FROM ${sql.identifier(table)} WHERE failure_reason IS NULL LIMIT 200))`);
      await admin.execute(sql`ANALYZE ${sql.identifier(table)}`);
      plans.length = 0;
      const claimed = await claimDue(database, { limit: 50, leaseSeconds: 600 });
      assert.equal(claimed.length, 50);
      assert.equal(plans.length, statements);
      for (const node of plans.flatMap(nodesOf)) assert.notEqual(node['Node Type'], 'Seq Scan', JSON.stringify(plans));
    });
  }
});

/** Batches of five items each, spread over a year; the newest three are under way. */
async function fillBatches(admin: Database, count: number): Promise<void> {
  await admin.execute(sql`
    WITH batch AS (
      INSERT INTO transfer_batches (batch_id, item_count, completed_count, status, idempotency_key, body_hash, request_id, deadline_at, created_at)
      SELECT md5('batch-' || b)::uuid, 5, CASE WHEN b > ${count}::int - 3 THEN 0 ELSE 5 END, CASE WHEN b > ${count}::int - 3 THEN 'PROCESSING' ELSE 'COMPLETED' END,
        'batch-' || b, '\\x00', 'test', now(), '2025-01-01T00:00:01Z'::timestamptz + b * interval '360 days' / ${count}::int
      FROM generate_series(1, ${count}::int) b
      RETURNING *
    )
    INSERT INTO transfers (transfer_id, sender_wallet_id, receiver_wallet_id, amount, currency, idempotency_key, body_hash, request_id, deadline_at,
      status, batch_id, batch_index, created_at, updated_at)
    SELECT md5(batch_id || '/' || i)::uuid, md5('from')::uuid, md5('to')::uuid, 1, 'USD', batch_id || '/' || i, '\\x00', 'test', now(),
      CASE status WHEN 'COMPLETED' THEN status ELSE 'PENDING' END, batch_id, i, created_at, created_at
    FROM batch CROSS JOIN generate_series(0, 4) i`);
  for (const table of ['transfers', 'transfer_batches']) await admin.execute(sql`ANALYZE ${sql.identifier(table)}`);
}
