// What a person has sent from a page and had no answer to is tried again under the same key, and so is done once.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CounterpoiseError } from '../../client/client.ts';
import { forgetIfSettled, keyOfTry, rememberTry } from '../../console/actions/tries.ts';

class Kept extends Map<string, string> {
  getItem = (key: string): string | null => this.get(key) ?? null;
  setItem = (key: string, value: string): void => void this.set(key, value);
  removeItem = (key: string): void => void this.delete(key);
}

const failure = (status: number | undefined): CounterpoiseError =>
  new CounterpoiseError('failed', { code: 'some', status, attempts: 1 });

test('a dialog that is opened anew after a lost answer sends the same key, and after an answer another one', () => {
  const kept = new Kept();
  const action = 'triggerRecurringTransfer {"recurring_transfer_id":"1"}';
  const key = keyOfTry(action, kept);
  rememberTry(action, key, kept);
  for (const error of [failure(undefined), failure(503), failure(500), new TypeError('no network')]) {
    forgetIfSettled(action, error, kept);
    assert.equal(keyOfTry(action, kept), key);
  }
  assert.notEqual(keyOfTry('triggerRecurringTransfer {"recurring_transfer_id":"2"}', kept), key);
  forgetIfSettled(action, undefined, kept);
  assert.notEqual(keyOfTry(action, kept), key);
});

test('what the API has refused is not kept', () => {
  const kept = new Kept();
  rememberTry('cancelTransfer', 'key', kept);
  forgetIfSettled('cancelTransfer', failure(409), kept);
  assert.equal(kept.size, 0);
});
