// The dry run of a batch: every faulty item with its place, exact totals of the others, and no database touched.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TransferBatchTrial } from '../../client/wire.ts';
import { jsonOf, RECEIVER, SENDER, testApp } from './api-fakes.ts';

const { app } = testApp();
const item = { sender_wallet_id: SENDER, receiver_wallet_id: RECEIVER, amount: '25.00' };

const post = (body: unknown) =>
  jsonOf(
    app.request('/v1/transfer-batches/dry-run', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  );

async function tried(items: unknown): Promise<TransferBatchTrial> {
  const { status, body } = await post({ items });
  assert.equal(status, 200, JSON.stringify(body));
  return body as unknown as TransferBatchTrial;
}

describe('the dry run of a batch', () => {
  test('sums what would move, exactly and by currency', async () => {
    const most = '999999999999999.9999';
    const { totals, ...trial } = await tried([
      ...[item, { ...item, amount: '3', currency: 'JPY' }],
      ...Array.from({ length: 3 }, () => ({ ...item, amount: most, currency: 'KWD' })),
      ...Array.from({ length: 9_995 }, () => ({ ...item, amount: '0.01' })),
    ]);
    assert.deepEqual([trial.counts, trial.is_acceptable], [{ total: 10_000, faulty: 0 }, true]);
    assert.deepEqual(totals, [
      { currency: 'JPY', items: 1, amount: '3.0000' },
      { currency: 'KWD', items: 3, amount: '2999999999999999.9997' },
      { currency: 'USD', items: 9_996, amount: '124.9500' },
    ]);
  });

  test('lists each faulty item with its place and its faults, as the batch itself would be refused', async () => {
    const { faults, counts, is_acceptable, is_cut } = await tried([
      item,
      { ...item, amount: '-1', sender_wallet_id: 'x' },
      { ...item, amount: '1.5', currency: 'JPY' },
      { ...item, receiver_wallet_id: SENDER },
      5,
      { ...item, reference: 'a\u202eb' },
      { ...item, note: 'x' },
    ]);
    const told = faults.map(
      ({ index, faults: own }) => `${index} ${own.map(({ code, pointer }) => `${code} ${pointer}`).join(', ')}`,
    );
    assert.deepEqual(told, [
      '1 wallet_id_invalid /items/1/sender_wallet_id, amount_not_positive /items/1/amount',
      '2 amount_too_precise /items/2/amount',
      '3 same_wallet /items/3/receiver_wallet_id',
      '4 item_invalid /items/4',
      '5 character_forbidden /items/5/reference',
      '6 unknown_field /items/6/note',
    ]);
    assert.deepEqual([counts, is_acceptable, is_cut], [{ total: 7, faulty: 6 }, false, false]);
  });

  test('counts all faulty items, and lists the first thousand', async () => {
    const { faults, counts, is_cut } = await tried(Array.from({ length: 1_500 }, () => ({ ...item, amount: '0' })));
    assert.deepEqual([counts, faults.length, is_cut], [{ total: 1_500, faulty: 1_500 }, 1_000, true]);
    assert.equal(faults.at(-1)?.faults[0]?.pointer, '/items/999/amount');
  });

  test('refuses what is no batch at all, as a batch is', async () => {
    for (const [body, code] of [
      [{ items: [] }, 'items_invalid'],
      [{ items: Array.from({ length: 10_001 }, () => item) }, 'items_invalid'],
      [{}, 'field_missing'],
      [[], 'body_invalid'],
    ] as const) {
      const answer = await post(body);
      assert.deepEqual([answer.status, answer.body['code']], [422, code]);
    }
  });
});
