// The text of API keys: a typo is told without a database, and a secret scanner finds them.

import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import { drawApiKey, isApiKey } from '../../domain/access/api-key.ts';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

test('a key is what the decision says, with the CRC-32 of what was drawn at its end', () => {
  for (let n = 0; n < 200; n += 1) {
    const key = drawApiKey(randomInt);
    assert.match(key, /^cpk_[0-9A-Za-z]{49}$/);
    assert.ok(isApiKey(key));
    const sum = Array.from(key.slice(-6)).reduce((value, character) => value * 62 + ALPHABET.indexOf(character), 0);
    assert.equal(sum, crc32(key.slice(4, -6)));
  }
});

test('no two keys that are drawn are the same, and every character is drawn', () => {
  const keys = Array.from({ length: 500 }, () => drawApiKey(randomInt));
  assert.equal(new Set(keys).size, keys.length);
  assert.equal(new Set(keys.flatMap((key) => Array.from(key.slice(4, -6)))).size, 62);
});

test('each wrong, missing, further or swapped character is told', () => {
  const key = drawApiKey(randomInt);
  for (let at = 0; at < key.length; at += 1) {
    for (const other of `${ALPHABET}_-. `)
      if (other !== key[at]) assert.ok(!isApiKey(key.slice(0, at) + other + key.slice(at + 1)), `${at} ${other}`);
    assert.ok(!isApiKey(key.slice(0, at) + key.slice(at + 1)), `${at} missing`);
    assert.ok(!isApiKey(`${key.slice(0, at)}7${key.slice(at)}`), `${at} further`);
    const swapped = key.slice(0, at) + (key[at + 1] ?? '') + key[at]! + key.slice(at + 2);
    if (swapped !== key) assert.ok(!isApiKey(swapped), `${at} swapped`);
  }
  for (const text of ['', 'cpk_', `${key}\n`, ` ${key}`, key.toUpperCase()]) assert.ok(!isApiKey(text), text);
});
