// Migrations make exactly the schema of the code, however often and from wherever they are run.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { generateDrizzleJson, generateMigration } from 'drizzle-kit/api';
import { migrateTransferDatabase, migrateWalletDatabase } from '../../db/migrate.ts';
import * as accountingSchema from '../../db/accounting/schema.ts';
import * as deliverySchema from '../../db/delivery/schema.ts';
import * as eventsSchema from '../../db/events/schema.ts';
import * as inventorySchema from '../../db/inventory/schema.ts';
import * as orderSchema from '../../db/order/schema.ts';
import * as transferSchema from '../../db/transfer/schema.ts';
import * as walletSchema from '../../db/wallet/schema.ts';
import type { Database } from '../../db/database.ts';
import { changedMovements } from '../../db/transfer/reconciliation-queries.ts';
import { rowsOf, startCluster, type TestCluster } from './database.ts';

describe('migrations', () => {
  let cluster: TestCluster;
  before(async () => {
    cluster = await startCluster();
  });
  after(() => cluster?.stop());

  test('a second run changes nothing', async () => {
    const target = cluster.urls('twice', 'wallet');
    const admin = cluster.open(target.adminUrl);
    await migrateWalletDatabase({ ...target, shard: 0, shardCount: 2 });
    const first = await catalogOf(admin);
    await migrateWalletDatabase({ ...target, shard: 0, shardCount: 2 });
    assert.deepEqual(await catalogOf(admin), first);
    assert.ok(first.length > 50);
  });

  test('a version after this one may give every operation another signature, and this one migrates all the same', async () => {
    const target = cluster.urls('of_the_next_version', 'wallet');
    const admin = cluster.open(target.adminUrl);
    await migrateWalletDatabase({ ...target, shard: 0, shardCount: 2 });
    const operations = `
      SELECT proname AS name, oidvectortypes(proargtypes) AS arguments FROM pg_proc
      WHERE pronamespace = 'public'::regnamespace AND has_function_privilege('wallet_service', oid, 'EXECUTE') ORDER BY 1, 2`;
    const granted = await rowsOf<{ name: string; arguments: string }>(admin, operations);
    assert.ok(granted.length > 20);
    await rowsOf(
      admin,
      `SET ROLE wallet_owner;
       ${granted.map((each) => `CREATE FUNCTION ${each.name}(${[each.arguments, 'path'].filter(Boolean).join(', ')}) RETURNS void LANGUAGE sql AS '';`).join('\n')}
       RESET ROLE`,
    );
    await migrateWalletDatabase({ ...target, shard: 0, shardCount: 2 });
    assert.deepEqual(await rowsOf(admin, operations), granted, 'and grants its own alone');
  });

  test('several that run at once take turns', async () => {
    const [wallet, transfer] = [cluster.urls('at_once_wallet', 'wallet'), cluster.urls('at_once_transfer', 'transfer')];
    await Promise.all([
      ...Array.from({ length: 3 }, () => migrateWalletDatabase({ ...wallet, shard: 1, shardCount: 4 })),
      ...Array.from({ length: 3 }, () => migrateTransferDatabase(transfer)),
    ]);
    assert.deepEqual(
      await rowsOf(cluster.open(wallet.serviceUrl), 'SELECT first_bucket, last_bucket FROM shard_buckets'),
      [{ first_bucket: 64, last_bucket: 127 }],
    );
  });

  test('a database that was made as another shard is refused, by name, and stays as it was', async () => {
    const target = cluster.urls('moved', 'wallet');
    await migrateWalletDatabase({ ...target, shard: 0, shardCount: 2 });
    for (const other of [
      { shard: 1, shardCount: 2 },
      { shard: 0, shardCount: 3 },
      { shard: 0, shardCount: 1 },
    ]) {
      await assert.rejects(
        migrateWalletDatabase({ ...target, ...other }),
        /wallet shard \d of \d would hold .* but moved holds 0 to 127: WALLET_DATABASE_URLS must list/,
      );
    }
    assert.deepEqual(
      await rowsOf(cluster.open(target.adminUrl), 'SELECT first_bucket, last_bucket FROM shard_buckets'),
      [{ first_bucket: 0, last_bucket: 127 }],
    );
  });

  test('transfers that completed since the last run of the reconciliation are found by the next one, whenever that was', async () => {
    const { transfer } = await cluster.createStores({ shards: 1 });
    const file = new URL('../../db/transfer/migrations/0012_heap_only_ends.sql', import.meta.url);
    const fill = (await readFile(file, 'utf8'))
      .split('--> statement-breakpoint')
      .map((statement) => statement.trim())
      .filter((statement) => /^(--.*\n)*UPDATE/.test(statement));
    assert.equal(fill.length, 2);
    const run = (status: string, days: number) =>
      `INSERT INTO reconciliation_runs (run_id, workflow_id, trigger, status, from_mark, to_mark, finished_at)
       VALUES (gen_random_uuid(), 'w', 'schedule', '${status}', now() - interval '${days + 1} days', now() - interval '${days} days', now())`;
    // Before the mark, after it, and of the last minutes.
    await rowsOf(
      transfer.admin,
      `INSERT INTO transfers (transfer_id, sender_wallet_id, receiver_wallet_id, amount, currency, idempotency_key, body_hash,
         request_id, deadline_at, status, updated_at)
       SELECT ('00000000-0000-8000-8000-00000000000' || n)::uuid, gen_random_uuid(), gen_random_uuid(), 1, 'USD', n, '\\x00', 'r', now(), 'COMPLETED',
         now() - age
       FROM unnest(ARRAY['4 days', '3 days', '10 minutes']::interval[]) WITH ORDINALITY AS old (age, n)`,
    );
    const unfilled = `ALTER TABLE transfers DISABLE TRIGGER USER; UPDATE transfers SET changed_at = NULL; ALTER TABLE transfers ENABLE TRIGGER USER`;
    const found = async (runs: readonly string[]): Promise<number[]> => {
      await rowsOf(transfer.admin, [unfilled, 'DELETE FROM reconciliation_runs', ...runs, ...fill].join(';'));
      const { ids } = await changedMovements(transfer.service, 'transfer', { fromMs: 0, untilMs: Date.now() }, null);
      return ids.map((id) => Number(id.at(-1)));
    };
    assert.deepEqual(await found([run('CLEAN', 3), run('FAILED', 1), run('CLEAN', -1)]), [2, 3]);
    assert.deepEqual(await found([]), [3], 'where none has come to its end, its patrol finds the others');
  });

  test('a service URL that names another role is refused', async () => {
    const { adminUrl, relayUrl } = cluster.urls('roles', 'wallet');
    const { serviceUrl } = cluster.urls('roles', 'transfer');
    await assert.rejects(
      migrateWalletDatabase({ adminUrl, serviceUrl, relayUrl, shard: 0, shardCount: 1 }),
      /must name the role wallet_service/,
    );
  });

  test('the schema in code is the schema that the migrations make', async () => {
    for (const [service, schema] of [
      ['wallet', walletSchema],
      ['transfer', transferSchema],
      ['events', eventsSchema],
      ['order', orderSchema],
      ['inventory', inventorySchema],
      ['delivery', deliverySchema],
      ['accounting', accountingSchema],
    ] as const) {
      const directory = new URL(`../../db/${service}/migrations/meta/`, import.meta.url);
      const { entries } = (await readJson(new URL('_journal.json', directory))) as { entries: { idx: number }[] };
      const newest = `${String(entries.at(-1)!.idx).padStart(4, '0')}_snapshot.json`;
      const migrated = (await readJson(new URL(newest, directory))) as Parameters<typeof generateMigration>[0];
      assert.deepEqual(
        await generateMigration(migrated, generateDrizzleJson(schema)),
        [],
        `${service}: a migration is missing`,
      );
    }
  });

  test('the migrations make the columns and constraints that their snapshots say', async () => {
    const { wallets, transfer, events } = await cluster.createStores({ shards: 1 });
    const orders = await cluster.createOrderStores();
    for (const [database, schema] of [
      [wallets[0]!.admin, walletSchema],
      [transfer.admin, transferSchema],
      [events.admin, eventsSchema],
      [orders.order.admin, orderSchema],
      [orders.inventory.admin, inventorySchema],
      [orders.delivery.admin, deliverySchema],
      [orders.accounting.admin, accountingSchema],
    ] as const) {
      const tables = Object.values(generateDrizzleJson(schema).tables as Record<string, SnapshotTable>);
      const expected = tables.flatMap(({ name, columns, checkConstraints, indexes, uniqueConstraints }) =>
        [columns, checkConstraints, indexes, uniqueConstraints].flatMap((parts) =>
          Object.values(parts).map((part) => `${name}.${part.name}`),
        ),
      );
      const there = await rowsOf<{ name: string }>(
        database,
        `
        SELECT table_name || '.' || column_name AS name FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> ALL (SELECT relname FROM pg_class WHERE relispartition OR relkind = 'v')
        UNION SELECT conrelid::regclass || '.' || conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'u')
        UNION SELECT tablename || '.' || indexname FROM pg_indexes LEFT JOIN pg_constraint ON conname = indexname
          WHERE schemaname = 'public' AND conname IS NULL AND tablename <> ALL (SELECT relname FROM pg_class WHERE relispartition)`,
      );
      assert.deepEqual(there.map(({ name }) => name).sort(), expected.sort());
    }
  });
});

type Named = Record<string, { name: string }>;
interface SnapshotTable {
  name: string;
  columns: Named;
  checkConstraints: Named;
  indexes: Named;
  uniqueConstraints: Named;
}

/** Everything that a migration could have changed, a line each. */
async function catalogOf(database: Database): Promise<string[]> {
  const rows = await rowsOf<{ line: string }>(
    database,
    `
    SELECT concat_ws(' ', table_name, column_name, data_type, column_default, is_nullable) AS line FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT concat_ws(' ', conname, pg_get_constraintdef(oid)) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(' ', pg_get_functiondef(oid), proowner::regrole, proacl::text) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(' ', relname, relowner::regrole, relacl::text) FROM pg_class WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(' ', datname, datacl::text) FROM pg_database WHERE datname = current_database()
    UNION ALL SELECT concat_ws(' ', rolname, rolsuper, rolcreatedb, rolcreaterole, rolconfig::text) FROM pg_roles WHERE rolname !~ '^pg_'
    UNION ALL SELECT concat_ws(' ', hash, created_at) FROM migrations.__drizzle_migrations
    UNION ALL SELECT concat_ws(' ', first_bucket, last_bucket) FROM shard_buckets`,
  );
  return rows.map(({ line }) => line).sort();
}

async function readJson(url: URL): Promise<unknown> {
  return JSON.parse(await readFile(url, 'utf8')) as unknown;
}
