// Items of batches are in no index by status or time of change, so that their ends are heap-only updates, and are found all the same:
// by lists, beside single transfers, and by the reconciliation.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { sql } from 'drizzle-orm';
import { acceptReversal, acceptTransfer } from '../../db/transfer/acceptance.ts';
import { acceptBatch } from '../../db/transfer/batch-acceptance.ts';
import { recordBatchEnds } from '../../db/transfer/batch-queries.ts';
import { listTransfers, type TransferFilter } from '../../db/transfer/list-queries.ts';
import { recordTransferStatus } from '../../db/transfer/queries.ts';
import { changedMovements, endedMovements, openMovements } from '../../db/transfer/reconciliation-queries.ts';
import { batchId, batchTransferIds } from '../../domain/derived-id.ts';
import type { BatchId, TransferId, WalletId } from '../../domain/ids.ts';
import type { Cursor } from '../../domain/transfer/reconciliation.ts';
import type { TransferStatus } from '../../domain/transfer/transfer.ts';
import { rowsOf, startCluster, type TestCluster, type TestDatabase } from './database.ts';
import { fresh, trace, transfer } from './wallets.ts';

const SENDER = '11111111-1111-8111-8111-111111111111' as WalletId;
const RECEIVER = '22222222-2222-8222-8222-222222222222' as WalletId;
const PAGES_MAX = 100;

describe('items of batches', () => {
  let cluster: TestCluster;
  before(async () => {
    cluster = await startCluster();
  });
  after(() => cluster?.stop());

  const createDatabase = async (): Promise<TestDatabase> =>
    // One connection, so that its statistics can be told to be written at once.
    (await cluster.createStores({ shards: 1, connectionsMax: 1 })).transfer;

  async function accept({ service }: TestDatabase, count: number): Promise<{ id: BatchId; ids: TransferId[] }> {
    const key = fresh('batch');
    const id = batchId(key);
    const ids = batchTransferIds(id, count);
    const items = ids.map((transferId) => ({
      ...transfer(SENDER, RECEIVER, '1.0000'),
      transferId,
      reference: undefined,
      bodyHash: '00',
    }));
    const acceptance = { batchId: id, items, idempotencyKey: key, bodyHash: '00', deadlineSeconds: 600 };
    assert.ok(await acceptBatch(service, acceptance, trace));
    return { id, ids };
  }

  async function acceptSingle({ service }: TestDatabase): Promise<TransferId> {
    const terms = transfer(SENDER, RECEIVER, '1.0000');
    assert.ok(await acceptTransfer(service, terms, acceptanceOf(), trace));
    return terms.transferId;
  }

  const acceptanceOf = () => ({
    reference: undefined,
    metadata: undefined,
    idempotencyKey: fresh('key'),
    bodyHash: '00',
    deadlineSeconds: 600,
  });

  const end = ({ service }: TestDatabase, id: BatchId, places: string, ends: Ends = []) =>
    recordBatchEnds(service, { batchId: id, places, ends }, trace);
  type Ends = Parameters<typeof recordBatchEnds>[1]['ends'];
  const FAILED = { status: 'FAILED', failureReason: 'insufficient_funds' } as const;

  test('that are completed are heap-only updates, whichever status the others end with', async () => {
    const database = await createDatabase();
    const { id } = await accept(database, 2_500);
    await end(database, id, '0-2499', [{ places: '0,1000-1008', end: FAILED }]);
    await database.service.execute(sql`SELECT pg_stat_force_next_flush()`);
    const [row] = await rowsOf<{ updated: number; heap_only: number }>(
      database.admin,
      `SELECT n_tup_upd::int AS updated, n_tup_hot_upd::int AS heap_only FROM pg_stat_user_tables WHERE relname = 'transfers'`,
    );
    assert.equal(row!.updated, 2_500);
    assert.ok(row!.heap_only >= 2_400 && row!.heap_only <= 2_490, `${row!.heap_only} of 2500`);
  });

  test('are listed by their status, beside single transfers and those of other batches, in one order', async () => {
    const database = await createDatabase();
    const [first, second] = [await accept(database, 30), await accept(database, 20)];
    await acceptSingle(database);
    const third = await accept(database, 25);
    await acceptSingle(database);
    await recordTransferStatus(database.service, await acceptSingle(database), FAILED, trace);
    await recordTransferStatus(database.service, await acceptSingle(database), { status: 'COMPLETED' }, trace);
    await end(database, first.id, '3-9,20', [{ places: '4-7', end: FAILED }]);
    await end(database, second.id, '0-19', [{ places: '1,19', end: { status: 'CANCELED' } }]);
    // Two batches of one instant, and one that is going to have nothing open.
    await rowsOf(
      database.admin,
      `UPDATE transfer_batches SET created_at = (SELECT created_at FROM transfer_batches WHERE batch_id = '${first.id}') WHERE batch_id = '${third.id}';
       UPDATE transfers SET created_at = batch.created_at FROM transfer_batches batch WHERE batch.batch_id = transfers.batch_id`,
    );
    for (const status of ['PENDING', 'DEBITED', 'COMPLETED', 'FAILED', 'CANCELED'] as const)
      for (const limit of [1, 7, 200])
        assert.deepEqual(
          await listed(database, { status, limit }),
          await stored(database, status),
          `${status}, ${limit}`,
        );
    // An item that a restored backup has brought back.
    await rowsOf(
      database.admin,
      `UPDATE transfers SET status = 'PENDING', failure_reason = NULL WHERE status = 'FAILED'`,
    );
    for (const status of ['PENDING', 'FAILED'] as const)
      assert.deepEqual(await listed(database, { status, limit: 200 }), await stored(database, status), status);
  });

  test('are found as single transfers are, when they are from before the migration that made it so', async () => {
    const database = await createDatabase();
    const batch = await accept(database, 5);
    const [single] = [await acceptSingle(database), await acceptSingle(database)];
    await recordTransferStatus(database.service, single, FAILED, trace);
    await end(database, batch.id, '1-2', [{ places: '2', end: FAILED }]);
    await rowsOf(
      database.admin,
      `ALTER TABLE transfers DISABLE TRIGGER USER; UPDATE transfers SET listed_status = NULL, changed_at = NULL; ALTER TABLE transfers ENABLE TRIGGER USER`,
    );
    assert.deepEqual(await listed(database, { status: 'FAILED', limit: 9 }), []);
    const migration = new URL('../../db/transfer/migrations/0012_heap_only_ends.sql', import.meta.url);
    const statements = (await readFile(migration, 'utf8')).split('--> statement-breakpoint');
    await rowsOf(
      database.admin,
      statements.filter((each) => !each.includes('CREATE INDEX "transfer_batches')).join(''),
    );
    for (const status of ['PENDING', 'COMPLETED', 'FAILED'] as const)
      assert.deepEqual(await listed(database, { status, limit: 9 }), await stored(database, status), status);
    const window = { fromMs: 0, untilMs: Date.now() + 60_000 };
    assert.equal((await changedMovements(database.service, 'transfer', window, null)).ids.length, 7);
  });

  async function listed({ service }: TestDatabase, filter: TransferFilter): Promise<string[]> {
    const found: string[] = [];
    let after: TransferFilter['after'];
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const { rows, stoppedAt } = await listTransfers(service, { ...filter, after });
      found.push(...rows.map((row) => row.transferId));
      const last = rows.at(-1);
      after =
        last !== undefined && rows.length === filter.limit
          ? { createdAt: last.createdAt, id: last.transferId }
          : stoppedAt;
      if (after === undefined) return found;
    }
    assert.fail('the list does not end');
  }

  async function stored({ admin }: TestDatabase, status: TransferStatus): Promise<string[]> {
    const rows = await rowsOf<{ id: string }>(
      admin,
      `SELECT transfer_id AS id FROM transfers WHERE status = '${status}' ORDER BY created_at DESC, transfer_id DESC`,
    );
    return rows.map(({ id }) => id);
  }

  async function allPages(
    read: (after: Cursor | null) => Promise<{ ids: string[]; next: Cursor | null }>,
  ): Promise<string[]> {
    const found: string[] = [];
    let after: Cursor | null = null;
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const { ids, next } = await read(after);
      found.push(...ids);
      if (next === null) return found.sort();
      after = next;
    }
    assert.fail('the pages do not end');
  }

  test('are looked at by the reconciliation once each when their batch has changed, and when a reversal changes one of them', async () => {
    const database = await createDatabase();
    const { service, admin } = database;
    const changed = (fromMs: number): Promise<string[]> =>
      allPages((after) => changedMovements(service, 'transfer', { fromMs, untilMs: Date.now() + 60_000 }, after));
    const singles = await Promise.all(Array.from({ length: 3 }, () => acceptSingle(database)));
    const [large, ...small] = [
      await accept(database, 1_234),
      await accept(database, 1),
      await accept(database, 499),
      await accept(database, 1),
      await accept(database, 500),
    ] as const;
    const all = [...singles, ...large.ids, ...small.flatMap(({ ids }) => ids)].sort();
    assert.deepEqual(await changed(0), all);

    await rowsOf(
      admin,
      `UPDATE transfers SET updated_at = updated_at - interval '1 hour'; UPDATE transfer_batches SET updated_at = updated_at - interval '1 hour'`,
    );
    const aMinuteAgo = Date.now() - 60_000;
    assert.deepEqual(await changed(aMinuteAgo), []);
    await end(database, large.id, '0-599');
    assert.deepEqual(await changed(aMinuteAgo), [...large.ids].sort());
    await rowsOf(admin, `UPDATE transfer_batches SET updated_at = updated_at - interval '1 hour'`);
    const reversal = transfer(RECEIVER, SENDER, '1.0000');
    assert.ok(await acceptReversal(service, reversal, acceptanceOf(), large.ids[3]!, trace));
    assert.deepEqual(await changed(aMinuteAgo), [reversal.transferId, large.ids[3]!].sort());
  });

  test('are all looked at where a page ends with a batch and many small ones follow', async () => {
    const database = await createDatabase();
    const ids = [...(await accept(database, 500)).ids];
    for (let n = 0; n < 501; n += 1) ids.push(...(await accept(database, 1)).ids);
    const window = { fromMs: 0, untilMs: Date.now() + 60_000 };
    const looked = await allPages((after) => changedMovements(database.service, 'transfer', window, after));
    assert.deepEqual(looked, ids.sort());
  });

  test('are looked at by the reconciliation while their batch is open, and in the end whatever it says', async () => {
    const database = await createDatabase();
    const { service, admin } = database;
    const single = await acceptSingle(database);
    const [open, over] = [await accept(database, 1_100), await accept(database, 2)];
    await end(database, open.id, '0-2');
    await end(database, over.id, '0-1');
    const pages = (read: typeof openMovements): Promise<string[]> =>
      allPages((after) => read(service, 'transfer', after));
    assert.deepEqual(await pages(openMovements), [], 'so young that nobody may have started them');
    await rowsOf(
      admin,
      `UPDATE transfers SET created_at = created_at - interval '2 minutes'; UPDATE transfer_batches SET created_at = created_at - interval '2 minutes'`,
    );
    assert.deepEqual(await pages(openMovements), [single, ...open.ids.slice(3)].sort());
    assert.deepEqual(await pages(endedMovements), [...open.ids, ...over.ids].sort());
  });
});
