// Batches on a real stack: over the API, and with their workers killed in the middle.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { killAndAwaitNext } from './faults.ts';
import { openMoney, type Money } from './money.ts';
import { startStack, until, type TestStack } from './stack.ts';
import type { Page } from './api-client.ts';

interface Batch {
  readonly batch_id: string;
  readonly status: string;
  readonly counts: {
    readonly total: number;
    readonly pending: number;
    readonly completed: number;
    readonly failed: number;
  };
}
interface Item {
  readonly index: number;
  readonly transfer_id: string;
  readonly sender_wallet_id: string;
  readonly receiver_wallet_id: string;
  readonly amount: string;
  readonly currency: string;
  readonly reference: string | null;
  readonly status: string;
  readonly failure_reason: string | null;
}

const LIMIT_MS = 120_000;

describe('batches', { concurrency: 2 }, () => {
  for (const separate of [false, true]) {
    describe(separate ? 'where the services run apart' : 'in one process', { concurrency: 1 }, () => {
      let stack: TestStack;
      let money: Money;
      before(async () => {
        stack = await startStack({ separate });
        await stack.waitUntilReady();
        money = await openMoney(stack);
      });
      after(async () => {
        await money?.close();
        await stack?.remove();
      });

      const post = (items: object[], headers: Record<string, string> = {}) =>
        money.api.post<Batch>('/v1/transfer-batches', { items }, { 'idempotency-key': randomUUID(), ...headers });
      const untilCompleted = async (id: string): Promise<Batch> => {
        let batch: Batch | undefined;
        await until(LIMIT_MS, `batch ${id} did not end`, async () => {
          batch = (await money.api.get<Batch>(`/v1/transfer-batches/${id}`)).body;
          return batch.status === 'COMPLETED';
        });
        return batch!;
      };

      test('each item is judged by itself, shown by its place, and is a transfer', async () => {
        const [rich, poor, other] = [await money.wallet(0, '100'), await money.wallet(1, '15'), await money.wallet(1)];
        const item = (from: string, to: string, amount: string) => ({
          sender_wallet_id: from,
          receiver_wallet_id: to,
          amount,
        });
        const key = randomUUID();
        const items = [
          item(rich, other, '10'),
          item(poor, rich, '10'),
          item(poor, other, '10'),
          item(rich, randomUUID(), '1'),
          item(poor, other, '5'),
        ];
        const { status, body, headers } = await post(items, { 'idempotency-key': key, prefer: 'wait=30' });
        assert.equal(status, 200, JSON.stringify(body));
        assert.deepEqual([body.status, body.counts], ['COMPLETED', { total: 5, pending: 0, completed: 3, failed: 2 }]);
        assert.equal(headers.get('location'), `/v1/transfer-batches/${body.batch_id}`);

        const pages: Item[] = [];
        let cursor = '';
        do {
          const page: Page<Item> = (
            await money.api.get<Page<Item>>(`/v1/transfer-batches/${body.batch_id}/items?limit=2${cursor}`)
          ).body;
          pages.push(...page.data);
          cursor = page.next_cursor === null ? '' : `&cursor=${page.next_cursor}`;
        } while (cursor !== '');
        assert.deepEqual(
          pages.map(({ index, status: is, failure_reason: why }) => [index, is, why]),
          [
            [0, 'COMPLETED', null],
            [1, 'COMPLETED', null],
            [2, 'FAILED', 'insufficient_funds'],
            [3, 'FAILED', 'receiver_not_found'],
            [4, 'COMPLETED', null],
          ],
        );
        const { sender_wallet_id, receiver_wallet_id, amount, currency, reference } = pages[1]!;
        const asked = { sender_wallet_id, receiver_wallet_id, amount, currency, reference };
        assert.deepEqual(asked, { ...item(poor, rich, '10.0000'), currency: 'USD', reference: null });
        assert.deepEqual(await money.entriesOf(pages[3]!.transfer_id), ['DEBIT', 'REFUND']);
        assert.equal(
          (await money.api.get(`/v1/transfers/${pages[2]!.transfer_id}`)).body['failure_reason'],
          'insufficient_funds',
        );
        assert.deepEqual(
          [await money.api.balance(rich), await money.api.balance(poor), await money.api.balance(other)],
          ['100.0000', '0.0000', '15.0000'],
        );

        const replay = await post(items, { 'idempotency-key': key });
        assert.deepEqual(
          [replay.status, replay.headers.get('idempotent-replayed'), replay.body.batch_id],
          [202, 'true', body.batch_id],
        );
        assert.equal((await post(items.slice(1), { 'idempotency-key': key })).status, 422);
        const [newest] = (await money.api.get<Page<Batch>>('/v1/transfer-batches?limit=1')).body.data;
        assert.equal(newest!.batch_id, body.batch_id);
      });

      const killed = separate
        ? (['worker-wallet-0', 'worker-transfer', 'postgres', 'temporal'] as const)
        : (['app', 'postgres'] as const);
      for (const name of killed) {
        test(`${name} killed in the middle of a batch: it goes on, every item ends once, no money is made or lost`, async () => {
          const wallets = await Promise.all(
            Array.from({ length: 20 }, (_, n) => money.wallet((n % 2) as 0 | 1, '300')),
          );
          const items = Array.from({ length: 6_000 }, (_, n) => ({
            sender_wallet_id: wallets[n % 20],
            receiver_wallet_id: wallets[(n * 7 + 1 + (n % 3)) % 20],
            amount: '1.00',
          })).filter((item) => item.sender_wallet_id !== item.receiver_wallet_id);
          const moved = async (): Promise<number> => {
            const rows = await money.rows<{ count: number }>(
              'wallet-0',
              'SELECT count(*)::int FROM operation_fences WHERE leg = $1 AND transaction_id IN (SELECT transaction_id FROM ledger_entries)',
              ['debit'],
            );
            return rows[0]!.count;
          };
          const start = await moved();
          const posted = post(items);
          await until(LIMIT_MS, 'nothing moved', async () => (await moved()) > start);
          const { body } = await posted;
          await killAndAwaitNext(stack, name);
          await stack.waitUntilReady(120_000);
          const { counts } = await untilCompleted(body.batch_id);
          assert.deepEqual([counts.total, counts.pending], [items.length, 0]);
          await money.assertSound();
        });
      }
    });
  }
});
