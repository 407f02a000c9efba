// What services ask each other, where they run apart: batches, groups and the reconciliation go by it, and nobody else gets in.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { apiClient } from './api-client.ts';
import { openMoney, type Money } from './money.ts';
import { startStack, type TestStack } from './stack.ts';

describe('services that run apart', () => {
  let stack: TestStack;
  let money: Money;

  before(async () => {
    stack = await startStack({ separate: true });
    await stack.waitUntilReady();
    money = await openMoney(stack);
  });
  after(async () => {
    await money?.close();
    await stack?.remove();
  });

  test('move a batch over both shards, whose items the wallet workers read from the transfer API', async () => {
    const [sender, receiver] = [await money.wallet(0, '100.00'), await money.wallet(1)];
    const item = { sender_wallet_id: sender, receiver_wallet_id: receiver, amount: '10.00' };
    const body = { items: [item, { ...item, amount: '20.00' }] };
    const headers = { 'idempotency-key': randomUUID(), prefer: 'wait=60' };
    const batch = await money.api.post('/v1/transfer-batches', body, headers);
    assert.equal((batch.body['counts'] as { completed: number }).completed, 2, JSON.stringify(batch.body));
    assert.deepEqual([await money.api.balance(sender), await money.api.balance(receiver)], ['70.0000', '30.0000']);
  });

  test('reconcile, for which the transfer worker reads the ledger from the wallet API', async () => {
    const run = await money.api.post('/v1/reconciliation-runs', {}, { prefer: 'wait=60' });
    assert.ok(['CLEAN', 'REPAIRED'].includes(String(run.body['status'])), JSON.stringify(run.body));
  });

  test('answer nobody who has not their key: 404 on the public ports, 401 on the internal ones', async () => {
    const { api, wallet_api, internal } = stack.file();
    for (const [url, status] of [
      [api, 404],
      [wallet_api!, 404],
      [internal!.wallet, 401],
    ] as const)
      assert.equal(
        (
          await apiClient(
            () => url,
            () => stack.authorization,
          ).post('/internal/ledger', { operation: 'totals', shard: 0 })
        ).status,
        status,
      );
    const legs = `/internal/transfer-batches/${randomUUID()}/legs`;
    for (const [url, status] of [
      [api, 404],
      [internal!.transfer, 401],
    ] as const)
      assert.equal(
        (
          await apiClient(
            () => url,
            () => stack.authorization,
          ).get(legs)
        ).status,
        status,
        url,
      );
  });
});
