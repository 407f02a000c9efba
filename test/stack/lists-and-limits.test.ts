// Filters of lists and limits of wallets on a real stack with separate services: as clients use them, and as movements meet
// them.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { apiClient, type Movement, type Page } from './api-client.ts';
import { startStack, type TestStack } from './stack.ts';

describe('lists and limits', () => {
  let stack: TestStack;
  const api = apiClient(
    () => stack.api,
    () => stack.authorization,
  );

  before(async () => {
    stack = await startStack({ separate: true });
    await stack.waitUntilReady();
  });
  after(() => stack?.remove());

  const headers = () => ({ 'idempotency-key': randomUUID(), prefer: 'wait=30' });
  const setLimits = async (walletId: string, limits: object) => {
    const response = await fetch(`${stack.api}/v1/wallets/${walletId}/limits`, {
      method: 'PUT',
      headers: { ...stack.authorization, 'content-type': 'application/json' },
      body: JSON.stringify(limits),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const found = async (list: string, query: string): Promise<string[]> => {
    const { body } = await api.get<Page<Movement>>(`/v1/${list}?${query}`);
    return body.data.map((movement) => movement.transfer_id ?? movement.transaction_id);
  };

  test('transfers are found by each filter and by all of them together', async () => {
    const [sender, receiver] = [await api.wallet('100.00'), await api.wallet()];
    const run = randomUUID();
    const pay = async (amount: string, reference: string, metadata: object): Promise<string> => {
      const body = { sender_wallet_id: sender, receiver_wallet_id: receiver, amount, reference, metadata };
      return (await api.post<Movement>('/v1/transfers', body, headers())).body.transfer_id;
    };
    const first = await pay('10.00', `rent ${run}`, { run, order_id: '1' });
    const second = await pay('20.00', `rent ${run}`, { run, order_id: '2' });
    const third = await pay('500.00', `gift ${run}`, { run, order_id: '3' });
    const expected: [query: string, ids: string[]][] = [
      [`metadata[run]=${run}`, [third, second, first]],
      [`metadata[run]=${run}&status=FAILED`, [third]],
      [`metadata[run]=${run}&amount_min=20&amount_max=20`, [second]],
      [`metadata[run]=${run}&amount_max=20&limit=1`, [second]],
      [`reference=${encodeURIComponent(`rent ${run}`)}`, [second, first]],
      [
        `reference=${encodeURIComponent(`rent ${run}`)}&metadata[order_id]=1&wallet_id=${receiver}&status=COMPLETED`,
        [first],
      ],
      [`wallet_id=${sender}&amount_min=100`, [third]],
      [`wallet_id=${sender}&created_before=2020-01-01T00:00:00Z`, []],
    ];
    for (const [query, ids] of expected) assert.deepEqual(await found('transfers', query), ids, query);
    const page = (await api.get<Page<Movement>>(`/v1/transfers?metadata[run]=${run}&limit=2`)).body;
    const cursor = String(page.next_cursor);
    assert.deepEqual(await found('transfers', `metadata[run]=${run}&cursor=${cursor}`), [first]);
  });

  test('transactions are found by the same filters', async () => {
    const wallet = await api.wallet();
    const run = randomUUID();
    const fund = async (amount: string): Promise<string> => {
      const body = { wallet_id: wallet, type: 'CREDIT', amount, reference: run, metadata: { run } };
      return (await api.post<Movement>('/v1/transactions', body, headers())).body.transaction_id;
    };
    const [small, large] = [await fund('1.00'), await fund('2.00')];
    assert.deepEqual(await found('transactions', `metadata[run]=${run}`), [large, small]);
    assert.deepEqual(await found('transactions', `reference=${run}&type=CREDIT&amount_max=1`), [small]);
    assert.deepEqual(await found('transactions', `wallet_id=${wallet}&amount_min=1.5&status=PROCESSED`), [large]);
    assert.deepEqual(await found('transactions', `metadata[run]=${run}&type=DEBIT`), []);
  });

  test('limits are set, read, and met by what goes out', async () => {
    const [sender, receiver] = [await api.wallet('1000.00'), await api.wallet()];
    const none = {
      wallet_id: sender,
      currency: 'USD',
      max_amount: null,
      outgoing_24h: null,
      outgoing_24h_used: '0.0000',
      outgoing_24h_remaining: null,
    };
    assert.deepEqual((await api.get(`/v1/wallets/${sender}/limits`)).body, none);
    const limits = { ...none, max_amount: '50.0000', outgoing_24h: '80.0000', outgoing_24h_remaining: '80.0000' };
    for (let n = 0; n < 2; n += 1)
      assert.deepEqual(await setLimits(sender, { max_amount: '50', outgoing_24h: '80.00' }), {
        status: 200,
        body: limits,
      });

    const larger = (await api.transfer(sender, receiver, '50.0001')).body as Movement & { failure_detail: unknown };
    assert.deepEqual(
      [larger.status, larger.failure_reason, larger.failure_detail],
      ['FAILED', 'limit_exceeded', { limit: 'max_amount', remaining: '50.0000' }],
    );
    assert.equal((await api.transfer(sender, receiver, '50')).body.status, 'COMPLETED');
    const withdrawal = { wallet_id: sender, type: 'DEBIT', amount: '30.01' };
    const refused = await api.post('/v1/transactions', withdrawal, headers());
    assert.deepEqual(
      [refused.body['status'], refused.body['failure_reason'], refused.body['failure_detail']],
      ['FAILED', 'limit_exceeded', { limit: 'outgoing_24h', remaining: '30.0000' }],
    );
    const read = (await api.get(`/v1/wallets/${sender}/limits`)).body;
    assert.deepEqual([read['outgoing_24h_used'], read['outgoing_24h_remaining']], ['50.0000', '30.0000']);

    assert.deepEqual((await setLimits(sender, { outgoing_24h: null })).body, { ...none, outgoing_24h_used: '50.0000' });
    assert.equal((await api.transfer(sender, receiver, '100')).body.status, 'COMPLETED');
    assert.equal(await api.balance(sender), '850.0000');
  });

  test('a transfer that a limit refused tells which limit also when it is asked for again', async () => {
    const [sender, receiver] = [await api.wallet('10.00'), await api.wallet()];
    await setLimits(sender, { max_amount: '1' });
    const { body } = await api.transfer(sender, receiver, '2');
    await setLimits(sender, {});
    const again = (await api.get(`/v1/transfers/${body.transfer_id}`)).body;
    assert.deepEqual(again['failure_detail'], { limit: 'max_amount', remaining: '1.0000' });
  });

  test('there are no limits where there is no wallet', async () => {
    const nobody = randomUUID();
    assert.deepEqual([(await api.get(`/v1/wallets/${nobody}/limits`)).body['code']], ['wallet_not_found']);
    const { status, body } = await setLimits(nobody, {});
    assert.deepEqual([status, body['code']], [404, 'wallet_not_found']);
  });
});
