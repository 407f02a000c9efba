// Cancels by key on a real stack: whatever becomes of the request that creates a transfer, nothing of it moves after its cancel was
// answered, and each of the two answers tells the truth.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { apiClient, type Answer } from './api-client.ts';
import type { Money } from './money.ts';
import type { TestStack } from './stack.ts';
import { useStack } from './use-stack.ts';

type Body = Record<string, unknown>;

describe('POST /v1/transfers/cancel', () => {
  let stack: TestStack;
  let money: Money;
  const api = apiClient(
    () => stack.api,
    () => stack.authorization,
  );
  useStack((started) => {
    ({ stack, money } = started);
  });

  const two = async (amount = '100.00'): Promise<[string, string]> => [await api.wallet(amount), await api.wallet()];
  const headersOf = (key: string) => ({ 'idempotency-key': key, prefer: 'wait=30' });
  const bodyOf = ([sender, receiver]: readonly string[], more: Body = {}): Body => ({
    ...{ sender_wallet_id: sender, receiver_wallet_id: receiver, amount: '25.00' },
    ...more,
  });
  const create = (key: string, body: Body): Promise<Answer<Body>> => api.post('/v1/transfers', body, headersOf(key));
  const cancel = (key: string, body: Body): Promise<Answer<Body>> =>
    api.post('/v1/transfers/cancel', body, headersOf(key));
  const told = ({ status, body }: Answer<Body>): unknown[] => [status, body['code'] ?? body['status']];

  for (const [kind, more] of Object.entries({
    'an ordinary one': {},
    'a hold': { capture_method: 'manual', expires_in: 3_600 },
    'a scheduled one': { scheduled_at: new Date(Date.now() + 3_600_000).toISOString() },
  }))
    test(`of one that was never created ends CANCELED, and the request that creates it is answered with that: ${kind}`, async () => {
      const [key, wallets] = [randomUUID(), await two()];
      const body = bodyOf(wallets, more);
      const canceled = await cancel(key, body);
      assert.deepEqual(told(canceled), [200, 'CANCELED'], JSON.stringify(canceled.body));
      const late = await create(key, body);
      assert.deepEqual(told(late), [200, 'CANCELED'], JSON.stringify(late.body));
      assert.equal(late.body['transfer_id'], canceled.body['transfer_id']);
      assert.equal(late.headers.get('idempotent-replayed'), 'true');
      assert.deepEqual(told(await cancel(key, body)), [200, 'CANCELED']);
      assert.equal(await api.balance(wallets[0]), '100.0000');
    });

  test('of a hold that was created gives it back, and of one that is captured is refused', async () => {
    const wallets = await two();
    const body = bodyOf(wallets, { capture_method: 'manual' });
    const [kept, captured] = [randomUUID(), randomUUID()];
    assert.deepEqual(told(await create(kept, body)), [200, 'DEBITED']);
    assert.deepEqual(told(await cancel(kept, body)), [200, 'CANCELED']);
    const made = await create(captured, body);
    await api.post(`/v1/transfers/${String(made.body['transfer_id'])}/capture`, {}, { prefer: 'wait=30' });
    assert.deepEqual(told(await cancel(captured, body)), [409, 'not_cancelable']);
    assert.equal(await api.balance(wallets[0]), '75.0000');
  });

  test('of one that is COMPLETED is refused, of one that has FAILED answered with it, of another body refused', async () => {
    const wallets = await two();
    const [done, failed] = [randomUUID(), randomUUID()];
    assert.deepEqual(told(await create(done, bodyOf(wallets))), [200, 'COMPLETED']);
    assert.deepEqual(told(await cancel(done, bodyOf(wallets))), [409, 'not_cancelable']);
    const tooMuch = bodyOf(wallets, { amount: '1000.00' });
    assert.deepEqual(told(await create(failed, tooMuch)), [200, 'FAILED']);
    assert.deepEqual(told(await cancel(failed, tooMuch)), [200, 'FAILED']);
    assert.deepEqual(told(await cancel(failed, bodyOf(wallets))), [422, 'idempotency_key_reused']);
    assert.deepEqual(told(await cancel(randomUUID(), bodyOf(wallets, { amount: '0' }))), [422, 'amount_not_positive']);
  });

  test('beside the request that creates it: one of the two wins, both are told which, and the money agrees', async () => {
    const wallets = await two('10000.00');
    const kinds: readonly Body[] = [{}, { capture_method: 'manual' }];
    const rounds = Array.from({ length: 40 }, (_, n) => ({ key: randomUUID(), body: bodyOf(wallets, kinds[n % 2]) }));
    const answers = await Promise.all(
      rounds.map(async ({ key, body }, n) => {
        const asking = n % 4 < 2 ? [create, cancel] : [cancel, create];
        const answered = await Promise.all(asking.map((ask) => ask(key, body)));
        const [created, canceled] = n % 4 < 2 ? answered : answered.toReversed();
        return { created: created!, canceled: canceled!, after: await create(key, body) };
      }),
    );
    let moved = 0;
    for (const { created, canceled, after } of answers) {
      const end = after.body['status'];
      const context = JSON.stringify([told(created), told(canceled), told(after)]);
      if (end === 'COMPLETED') {
        moved += 1;
        assert.deepEqual(told(canceled), [409, 'not_cancelable'], context);
      } else {
        assert.equal(end, 'CANCELED', context);
        assert.deepEqual(told(canceled), [200, 'CANCELED'], context);
      }
    }
    assert.equal(Number(await api.balance(wallets[0])), 10_000 - 25 * moved);
    assert.equal(Number(await api.balance(wallets[1])), 25 * moved);
  });

  test('leaves nothing that the audit would have to excuse', async () => {
    await money.assertSound();
  });
});
