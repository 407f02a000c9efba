// Batches in the transfer database: they are accepted whole or not at all, each item ends once, the counts agree with the items,
// and the audit sees what breaks that.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { audit } from '../../audit/audit.ts';
import { acceptBatch } from '../../db/transfer/batch-acceptance.ts';
import { listBatchItems } from '../../db/transfer/batch-items.ts';
import { readBatchLegs } from '../../db/transfer/batch-legs.ts';
import * as batches from '../../db/transfer/batch-queries.ts';
import { findTransfer, listSteps } from '../../db/transfer/queries.ts';
import * as wallet from '../../db/wallet/batch-queries.ts';
import { batchId, batchTransferId, formerBatchTransferId } from '../../domain/derived-id.ts';
import type { CloudEvent } from '../../domain/event.ts';
import { unfoldEvents, type FoldedEvents } from '../../domain/events/folded-events.ts';
import type { BatchId } from '../../domain/ids.ts';
import { batchBodyHash, transferBodyHash } from '../../domain/transfer/movement-body.ts';
import { workflowsOf } from './audited.ts';
import { rowsOf, startCluster, type TestCluster, type TestDatabase } from './database.ts';
import { EVENTS } from './outbox-events.ts';
import { movementsOver } from './movements.ts';
import { fresh, trace, transfer, USD, userOnShard } from './wallets.ts';

describe('batches in the transfer database', () => {
  let cluster: TestCluster;
  let stores: Awaited<ReturnType<TestCluster['createStores']>>;
  let database: TestDatabase['service'];
  before(async () => {
    cluster = await startCluster();
    stores = await cluster.createStores();
    database = stores.transfer.service;
  });
  after(() => cluster?.stop());

  async function openWallets() {
    const movements = movementsOver(stores);
    const { open } = movements.wallets;
    const ids = [await open(userOnShard(0, 2)), await open(userOnShard(1, 2)), await open(userOnShard(0, 2))] as const;
    await movements.transact(await movements.acceptTransaction('CREDIT', ids[0], '1000.0000'));
    return ids;
  }

  async function accept(
    count: number,
    key = fresh('batch'),
    wallets?: Awaited<ReturnType<typeof openWallets>>,
    idAt = batchTransferId,
  ) {
    const id = batchId(key);
    const [sender, other, third] = wallets ?? (await openWallets());
    const items = Array.from({ length: count }, (_, n) => {
      const terms = transfer(sender, n % 2 === 0 ? other : third, '1.0000');
      const reference = n % 3 === 0 ? `a "reference", {${n}}\\` : undefined;
      return {
        ...terms,
        transferId: idAt(id, n),
        reference,
        bodyHash: transferBodyHash({ ...terms, reference }),
      };
    });
    const bodyHash = batchBodyHash(items.map((item) => item.bodyHash));
    const row = await acceptBatch(
      database,
      { batchId: id, items, idempotencyKey: key, bodyHash, deadlineSeconds: 600 },
      trace,
    );
    return { id, items, row };
  }
  const counts = async (id: BatchId) => {
    const row = (await batches.findBatch(database, id))!;
    return [row.status, row.completedCount, row.failedCount];
  };

  test('a batch is accepted with every item as a PENDING transfer, its step and its event', async () => {
    const { id, items, row } = await accept(7);
    assert.deepEqual([row!.batchId, row!.status, row!.itemCount, row!.completedCount], [id, 'PROCESSING', 7, 0]);
    const item = (await findTransfer(database, items[3]!.transferId))!;
    assert.deepEqual(
      [item.status, item.batchId, item.batchIndex, item.idempotencyKey, item.reference, item.startDueAt, item.bodyHash],
      ['PENDING', id, 3, `${id}/3`, items[3]!.reference, null, items[3]!.bodyHash],
    );
    assert.deepEqual(item.deadlineAt, row!.deadlineAt);
    assert.deepEqual(
      (await listSteps(database, item.transferId)).map(({ step }) => step),
      ['PENDING'],
    );
  });

  test('of ten acceptances at once with one key, one stores the batch', async () => {
    const wallets = await openWallets();
    const key = fresh('batch');
    const accepted = await Promise.all(Array.from({ length: 10 }, () => accept(20, key, wallets)));
    assert.equal(accepted.filter(({ row }) => row !== undefined).length, 1);
    const rows = await rowsOf(database, `SELECT FROM transfers WHERE batch_id = '${batchId(key)}'`);
    assert.equal(rows.length, 20);
  });

  test('a batch of which one item cannot be stored is not stored at all', async () => {
    const { items } = await accept(3);
    const key = fresh('batch');
    const same = {
      ...items[0]!,
      receiverWalletId: items[0]!.senderWalletId,
      transferId: batchTransferId(batchId(key), 0),
    };
    const acceptance = {
      batchId: batchId(key),
      items: [same],
      idempotencyKey: key,
      bodyHash: '00',
      deadlineSeconds: 600,
    };
    await assert.rejects(acceptBatch(database, acceptance, trace));
    assert.equal(await batches.findBatch(database, batchId(key)), undefined);
  });

  test('the items of a shard are read by the wallet of one side, only those asked for, in their order', async () => {
    const { id, items } = await accept(12);
    const read = (side: 'sender' | 'receiver', places: string, buckets: [number, number]) =>
      readBatchLegs(database, { batchId: id, side, places, firstBucket: buckets[0], lastBucket: buckets[1] });
    const legs = await read('receiver', '1-4,7,9-11', [128, 255]);
    assert.deepEqual([legs.indexes, legs.elsewhere], [[2, 4, 10], 5]);
    assert.deepEqual(
      legs.transferIds,
      [2, 4, 10].map((n) => items[n]!.transferId),
    );
    assert.deepEqual(
      [legs.walletIds[0], legs.amounts[0], legs.currencies[0]],
      [items[2]!.receiverWalletId, '1.0000', USD],
    );
    assert.deepEqual((await read('sender', '0-11', [128, 255])).indexes, []);
    assert.equal((await read('sender', '0-11', [0, 127])).indexes.length, 12);
    assert.deepEqual((await read('sender', '3', [0, 255])).indexes, [3]);
    assert.equal((await read('sender', '10-14', [128, 255])).elsewhere, 2, 'what does not exist is nowhere');
  });

  test('many items, which are ended in two halves at once, each end once with their step, event and count', async () => {
    const { id } = await accept(2_001);
    const end = { status: 'FAILED', failureReason: 'insufficient_funds' } as const;
    const told = { batchId: id, places: '0-2000', ends: [{ places: '0,999-1001,2000', end }] };
    const answers = await Promise.all(Array.from({ length: 4 }, () => batches.recordBatchEnds(database, told, trace)));
    for (const answer of answers) assert.deepEqual(answer, { status: 'COMPLETED', completed: 1_996, failed: 5 });
    const late = { batchId: id, places: '0-2000', ends: [{ places: '0-2000', end: { status: 'CANCELED' } as const }] };
    assert.deepEqual(await batches.recordBatchEnds(database, late, trace), answers[0]);
    const [written] = await rowsOf(
      database,
      `SELECT count(DISTINCT step_id)::int AS steps, count(DISTINCT event_id)::int AS events,
         count(DISTINCT event_id) FILTER (WHERE payload -> 'data' ->> 'reason' = 'insufficient_funds' AND type = 'transfer.failed')::int AS failed
       FROM transfers JOIN transfer_steps USING (transfer_id) JOIN ${EVENTS} ON subject = transfer_id::text
       WHERE batch_id = '${id}' AND step <> 'PENDING' AND type <> 'transfer.initiated'`,
    );
    assert.deepEqual(written, { steps: 2_001, events: 2_001, failed: 5 });
  });

  test('the events of many items share rows of at most a thousand, which code and SQL unfold alike', async () => {
    const { id, items } = await accept(2_001);
    const end = { status: 'FAILED', failureReason: 'insufficient_funds' } as const;
    const told = { batchId: id, places: '0-2000', ends: [{ places: '3-5', end }] };
    await batches.recordBatchEnds(database, told, trace);
    const ids = items.map(({ transferId }) => `'${transferId}'`).join();
    const rows = await rowsOf<{ type: string; count: number; payload: FoldedEvents }>(
      database,
      `SELECT type, event_count AS count, payload FROM outbox_events WHERE split_part(event_id, '/', 3) IN (${ids}) ORDER BY event_count DESC`,
    );
    assert.deepEqual(
      rows.filter(({ type }) => type === 'transfer.initiated').map(({ count }) => count),
      [1_000, 1_000, 1],
    );
    assert.ok(rows.length <= 10, `${rows.length} rows`);
    const unfolded = rows.flatMap(({ payload }) => unfoldEvents(payload));
    assert.equal(unfolded.length, 4_002);
    // Whoever unfolds thousands of events is no service, whose statements end after four seconds.
    const inSql = await rowsOf<{ payload: CloudEvent }>(
      stores.transfer.admin,
      `SELECT payload FROM ${EVENTS} WHERE subject IN (${ids})`,
    );
    const byId = new Map(inSql.map(({ payload }) => [payload.id, payload]));
    for (const event of unfolded) assert.deepEqual(event, byId.get(event.id));
    const failed = byId.get(`transfer.failed/${items[4]!.transferId}`)!;
    assert.deepEqual(failed.data, { transfer_id: items[4]!.transferId, reason: 'insufficient_funds' });
  });

  test('each item ends once, however often and late it is told, and the counts are what the items say', async () => {
    const { id, items } = await accept(10);
    const failed = { places: '1,3', end: { status: 'FAILED', failureReason: 'insufficient_funds' } } as const;
    const limited = {
      places: '5',
      end: { status: 'FAILED', failureReason: 'limit_exceeded', detail: { limit: 'max_amount', remaining: '0.5000' } },
    } as const;
    const first = { batchId: id, places: '0-5', ends: [failed, limited] };
    await Promise.all(Array.from({ length: 6 }, () => batches.recordBatchEnds(database, first, trace)));
    assert.deepEqual(await counts(id), ['PROCESSING', 3, 3]);

    const late = { batchId: id, places: '0-9', ends: [{ places: '0-9', end: { status: 'CANCELED' } as const }] };
    assert.deepEqual(await batches.recordBatchEnds(database, late, trace), {
      status: 'COMPLETED',
      completed: 3,
      failed: 7,
    });
    const page = await listBatchItems(database, id, { after: undefined, limit: 50 });
    assert.deepEqual(page.map(({ index, status, failureReason }) => [index, status, failureReason]).slice(0, 7), [
      [0, 'COMPLETED', null],
      [1, 'FAILED', 'insufficient_funds'],
      [2, 'COMPLETED', null],
      [3, 'FAILED', 'insufficient_funds'],
      [4, 'COMPLETED', null],
      [5, 'FAILED', 'limit_exceeded'],
      [6, 'CANCELED', null],
    ]);
    assert.deepEqual((await findTransfer(database, items[5]!.transferId))!.failureDetail, limited.end.detail);
    const steps = await listSteps(database, items[1]!.transferId);
    assert.deepEqual(
      steps.map(({ step, reason }) => [step, reason]),
      [
        ['PENDING', null],
        ['FAILED', 'insufficient_funds'],
      ],
    );
  });

  test('attention to a batch opens one case, and its end closes it', async () => {
    const { id } = await accept(2);
    await batches.recordBatchAttention(database, id, 'refund_batch_failing', 'gone');
    await batches.recordBatchAttention(database, id, 'refund_batch_failing', 'still gone');
    const row = (await batches.findBatch(database, id))!;
    assert.deepEqual([row.attentionReason, row.attentionError], ['refund_batch_failing', 'still gone']);
    const cases = () => rowsOf<{ status: string }>(database, `SELECT status FROM cases WHERE subject = 'batch/${id}'`);
    assert.deepEqual(
      (await cases()).map(({ status }) => status),
      ['OPEN'],
    );
    await batches.recordBatchEnds(database, { batchId: id, places: '0-1', ends: [] }, trace);
    assert.deepEqual(
      (await cases()).map(({ status }) => status),
      ['RESOLVED'],
    );
    assert.equal((await batches.findBatch(database, id))!.attentionReason, null);
  });

  test('batches that are due are claimed by one sweep, and not again once they are known to be started', async () => {
    const { id } = await accept(1);
    const due = `UPDATE transfer_batches SET start_due_at = now() - interval '1 second' WHERE batch_id = '${id}'`;
    await rowsOf(stores.transfer.admin, due);
    const claim = { limit: 50, leaseSeconds: 60 };
    const claims = await Promise.all([
      batches.claimDueBatches(database, claim),
      batches.claimDueBatches(database, claim),
    ]);
    assert.equal(claims.flat().filter((row) => row.batchId === id).length, 1);
    await rowsOf(stores.transfer.admin, due);
    await batches.noteBatchesStarted(database, [id]);
    assert.deepEqual(
      (await batches.claimDueBatches(database, claim)).filter((row) => row.batchId === id),
      [],
    );
  });

  test('the audit finds nothing amiss about a batch, and each thing that is put amiss', async () => {
    const apart = await cluster.createStores();
    [stores, database] = [apart, apart.transfer.service];
    const { id, items } = await accept(6);
    const places = '0-5';
    const legsOf = (side: 'sender' | 'receiver', shard: number) =>
      readBatchLegs(database, {
        batchId: id,
        side,
        places,
        firstBucket: shard * 128,
        lastBucket: shard * 128 + 127,
      });
    for (const [shard, { service }] of apart.wallets.entries())
      await wallet.debitBatch(service, await legsOf('sender', shard), trace);
    for (const [shard, { service }] of apart.wallets.entries())
      await wallet.creditBatch(service, await legsOf('receiver', shard), trace);
    const open = new Set([`batch/${id}`]);
    const auditNow = () =>
      audit(
        { wallets: apart.wallets.map(({ admin }) => admin), transfer: apart.transfer.admin, events: undefined },
        workflowsOf(open),
        {
          patienceMs: 0,
        },
      );
    await rowsOf(apart.transfer.admin, `UPDATE transfers SET created_at = created_at - interval '1 hour'`);
    await rowsOf(apart.transfer.admin, `UPDATE transfer_batches SET created_at = created_at - interval '1 hour'`);
    assert.deepEqual((await auditNow()).violations, [], 'under way');
    open.clear();
    assert.deepEqual((await auditNow()).totals, { I5: 1 });
    await batches.recordBatchEnds(database, { batchId: id, places, ends: [] }, trace);
    const ended = await auditNow();
    assert.deepEqual([ended.violations, ended.checked.batches, ended.checked.transfers], [[], 1, 6]);
    open.add(`batch/${id}`);
    assert.deepEqual((await auditNow()).totals, { I5: 1 });
    open.clear();

    const damages = [
      [`UPDATE transfer_batches SET idempotency_key = 'another'`, { I4: 1 }],
      [`UPDATE transfer_batches SET body_hash = '\\x00'`, { I4: 1 }],
      [`UPDATE transfers SET idempotency_key = 'another' WHERE batch_index = 2`, { I4: 1 }],
      [`UPDATE transfers SET batch_id = gen_random_uuid() WHERE batch_index = 5`, { I2: 1, I4: 2 }],
      [`UPDATE transfer_batches SET completed_count = 5, failed_count = 1`, { I2: 1 }],
    ] as const;
    for (const [statement, totals] of damages) {
      const saved = await rowsOf<{ batch: object }>(
        apart.transfer.admin,
        `SELECT to_jsonb(b) AS batch FROM transfer_batches b`,
      );
      await rowsOf(apart.transfer.admin, statement);
      assert.deepEqual((await auditNow()).totals, totals, statement);
      const { idempotency_key: key, body_hash: hash } = saved[0]!.batch as Record<string, string>;
      await rowsOf(
        apart.transfer.admin,
        `UPDATE transfer_batches SET idempotency_key = '${key}', body_hash = '${hash!.replace('\\\\', '\\')}', completed_count = 6, failed_count = 0;
         UPDATE transfers SET batch_id = '${id}', idempotency_key = '${id}/' || batch_index;`,
      );
    }
    assert.deepEqual((await auditNow()).violations, []);
    assert.equal(items.length, 6);

    const former = await accept(3, fresh('batch'), undefined, formerBatchTransferId);
    open.add(`batch/${former.id}`);
    assert.deepEqual((await auditNow()).violations, [], 'a batch whose items were named as at first');
  });
});
