// What a person has sent from a page and had no answer to is tried again under the same key, and so is done once.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CounterpoiseError } from '../../client/client.ts';
import { sendOnce, tryOf } from '../../console/actions/tries.ts';

class Kept extends Map<string, string> {
  getItem = (key: string): string | null => this.get(key) ?? null;
  setItem = (key: string, value: string): void => void this.set(key, value);
  removeItem = (key: string): void => void this.delete(key);
}

const failure = (status: number | undefined, attempts = 1): CounterpoiseError =>
  new CounterpoiseError('failed', { code: 'some', status, attempts });
const ACTION = 'triggerRecurringTransfer {"recurring_transfer_id":"1"}';

test('what is tried again after a lost answer is sent by the same key and says since when, and after an answer by another one', async () => {
  const kept = new Kept();
  const first = tryOf(ACTION, kept);
  assert.equal(first.sentMs, undefined);
  const lost = [failure(undefined), failure(503), failure(500), new TypeError('no network')];
  // Neither a key that was revoked, nor a rate, nor what a third try is told says what became of the first.
  for (const error of [...lost, failure(401), failure(403), failure(429), failure(409, 3)]) {
    await assert.rejects(sendOnce(ACTION, first.key, () => Promise.reject(error), kept));
    const next = tryOf(ACTION, kept);
    assert.equal(next.key, first.key);
    assert.ok(next.sentMs! > 0);
  }
  assert.notEqual(tryOf('triggerRecurringTransfer {"recurring_transfer_id":"2"}', kept).key, first.key);
  assert.equal(await sendOnce(ACTION, first.key, () => Promise.resolve('done'), kept), 'done');
  assert.notEqual(tryOf(ACTION, kept).key, first.key);
});

test('what the API has refused is not kept', async () => {
  const kept = new Kept();
  await assert.rejects(sendOnce(ACTION, 'key', () => Promise.reject(failure(409)), kept));
  assert.equal(kept.size, 0);
});
