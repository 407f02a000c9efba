// A batch and its items: ids in the order of the places, and no item that is lost on its way from the service that owns it to
// the one that moves it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBatchWalletActivities } from '../../activities/wallet/batch.ts';
import type { Database } from '../../db/database.ts';
import { BATCH_ITEMS_MAX, type BatchLegs } from '../../domain/transfer/batch.ts';
import { batchId, batchTransferId, batchTransferIds } from '../../domain/derived-id.ts';
import type { WalletId } from '../../domain/ids.ts';
import { batchBodyHash, transferBodyHash } from '../../domain/transfer/movement-body.ts';
import { USD } from '../database/wallets.ts';

const BATCH = batchId('a batch');
const WALLET = '10000000-0000-8000-8000-000000000000' as WalletId;

test('the ids of a batch are in the order of its items, each its own, and the same each time', () => {
  const ids = batchTransferIds(BATCH, BATCH_ITEMS_MAX);
  assert.deepEqual(ids.toSorted(), ids);
  assert.equal(new Set(ids).size, BATCH_ITEMS_MAX);
  for (const index of [0, 1, 255, 9_999]) assert.equal(ids[index], batchTransferId(BATCH, index));
  assert.match(ids[9_999]!, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{8}270f$/);
  assert.equal(new Set([...ids, ...batchTransferIds(batchId('another'), BATCH_ITEMS_MAX)]).size, 2 * BATCH_ITEMS_MAX);
});

test('the hash of a body is today what it always was, or a key that is repeated later would be refused', () => {
  const metadata: Record<string, string> = JSON.parse('{"b":"1","a":"2","__proto__":"3","10":"x"}');
  const body = { senderWalletId: WALLET, receiverWalletId: WALLET, amount: '1.0000', currency: USD, metadata };
  assert.equal(transferBodyHash(body), 'e931695eb0281e45cc936b1182358d04197b8cb639419a1979754c4263bd8f5d');
  assert.equal(batchBodyHash(['00', '11']), '086f539abdbe9e035755707a2eadb9a8f43ac051e7af89e3bbe2bb16098fc8c6');
});

const WHOLE: BatchLegs = {
  indexes: [0, 2],
  transferIds: [batchTransferId(BATCH, 0), batchTransferId(BATCH, 2)],
  walletIds: [WALLET, WALLET],
  currencies: [USD, USD],
  amounts: ['1.0000', '1.0000'],
  elsewhere: 1,
};
const LOSSES: Record<string, Partial<BatchLegs>> = {
  'an item that was not read': { indexes: [0], transferIds: WHOLE.transferIds.slice(0, 1), elsewhere: 1 },
  'an item that is nowhere': { elsewhere: 0 },
  'an item without an amount': { amounts: ['1.0000'] },
  'an answer that does not count the others': { elsewhere: undefined as never },
};

for (const [name, loss] of Object.entries(LOSSES)) {
  test(`${name} is a fault, and no item is moved`, async () => {
    const statements: unknown[] = [];
    const database = { execute: (statement: unknown) => statements.push(statement) } as unknown as Database;
    const activities = createBatchWalletActivities(
      () => database,
      () => Promise.resolve({ ...WHOLE, ...loss }),
    );
    const input = { batchId: BATCH, places: '0-2', shard: 0, shardCount: 2, trace: { requestId: 'r' } };
    const abandoned = { ...input, reason: 'timed_out' } as const;
    await assert.rejects(activities.debitBatch(input), /of 3 items of batch/);
    await assert.rejects(activities.creditBatch(input), /of 3 items of batch/);
    await assert.rejects(activities.cancelBatchCredits(abandoned), /of 3 items of batch/);
    await assert.rejects(activities.refundBatch(abandoned), /of 3 items of batch/);
    assert.deepEqual(statements, []);
  });
}
