// Batches that do not validate are refused as a whole, with a pointer to each item, before any database is touched.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RECEIVER, SENDER, testApp, testInternalApp, type Problem } from './api-fakes.ts';

const { app } = testApp();
const item = { sender_wallet_id: SENDER, receiver_wallet_id: RECEIVER, amount: '25.00' };

async function post(body: unknown, headers: Record<string, string> = { 'idempotency-key': 'a-key' }): Promise<Problem> {
  const response = await app.request('/v1/transfer-batches', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return (await response.json()) as Problem;
}

describe('a batch that does not validate is refused with 422, and a pointer to what is wrong', () => {
  const table: [title: string, body: unknown, code: string, pointer: string][] = [
    ['no items', { items: [] }, 'items_invalid', '/items'],
    ['items missing', {}, 'field_missing', '/items'],
    ['items that are no array', { items: 'all' }, 'items_invalid', '/items'],
    ['one item too many', { items: Array.from({ length: 10_001 }, () => item) }, 'items_invalid', '/items'],
    ['a field that there is not', { items: [item], currency: 'USD' }, 'unknown_field', '/currency'],
    ['an item that is no object', { items: [item, 5] }, 'item_invalid', '/items/1'],
    ['an unknown field of an item', { items: [{ ...item, metadata: {} }] }, 'unknown_field', '/items/0/metadata'],
    [
      'an amount of an item',
      { items: [...Array.from({ length: 17 }, () => item), { ...item, amount: '-1' }] },
      'amount_not_positive',
      '/items/17/amount',
    ],
    [
      'one wallet twice',
      { items: [item, { ...item, receiver_wallet_id: SENDER }] },
      'same_wallet',
      '/items/1/receiver_wallet_id',
    ],
    [
      'a reference that is too long',
      { items: [{ ...item, reference: 'x'.repeat(256) }] },
      'too_long',
      '/items/0/reference',
    ],
  ];
  for (const [title, body, code, pointer] of table) {
    test(title, async () => {
      const problem = await post(body);
      assert.deepEqual([problem.status, problem.code, problem.errors?.[0]?.pointer], [422, code, pointer]);
    });
  }

  test('every faulty item is named, up to twenty of them', async () => {
    const problem = await post({ items: Array.from({ length: 30 }, () => ({ ...item, amount: '0' })) });
    assert.deepEqual(
      problem.errors?.map(({ pointer }) => pointer),
      Array.from({ length: 20 }, (_, n) => `/items/${n}/amount`),
    );
  });
});

test('a batch without an Idempotency-Key is refused', async () => {
  assert.equal((await post({ items: [item] }, {})).code, 'idempotency_key_missing');
});

test('a body of more than a megabyte is read, one of more than sixteen is not', async () => {
  const large = { items: Array.from({ length: 9_000 }, () => ({ ...item, reference: 'x'.repeat(256) })) };
  assert.equal((await post(large)).code, 'too_long');
  assert.equal((await post(' '.repeat(16 * 1024 * 1024 + 1))).code, 'body_too_large');
});

test('what a batch is asked by is judged: its id, the cursor of its items, what workers ask for', async () => {
  const get = async (path: string) => ((await (await app.request(path)).json()) as Problem).code;
  assert.equal(await get('/v1/transfer-batches/none'), 'batch_id_invalid');
  assert.equal(await get(`/v1/transfer-batches/${SENDER}/items?cursor=abc`), 'cursor_invalid');
  assert.equal(await get('/v1/transfer-batches?limit=0'), 'limit_invalid');
  const { app: internal } = testInternalApp();
  const getLegs = async (path: string) => ((await (await internal.request(path)).json()) as Problem).code;
  const legs = `/internal/transfer-batches/${SENDER}/legs?side=sender&first_bucket=0&last_bucket=255&places=`;
  for (const places of ['', 'x', '3-1'])
    assert.equal(await getLegs(`${legs}${places}`), places === '' ? 'internal_error' : 'value_invalid');
});
