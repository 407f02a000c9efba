// The text form of sets of places: written text is read back, and any other text is refused.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatIndexes, parseIndexes, parseRanges } from '../../domain/index-set.ts';

test('a set of places is read as it was written, in order and each once', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(10_000)), (indexes) => {
      const expected = [...new Set(indexes)].sort((a, b) => a - b);
      assert.deepEqual(parseIndexes(formatIndexes(indexes)), expected);
    }),
  );
});

test('a range costs its two ends, however long it is', () => {
  assert.equal(formatIndexes(Array.from({ length: 10_000 }, (_, index) => index)), '0-9999');
  assert.equal(formatIndexes([5, 1, 2, 3, 9, 10]), '1-3,5,9-10');
  assert.equal(formatIndexes([]), '');
  assert.deepEqual(parseRanges('1-3,5'), [
    [1, 3],
    [5, 5],
  ]);
});

test('what is no set of places raises', () => {
  for (const text of ['a', '1,', '3-1', '2,1', '1,1', '-1', '1-2-3', '0-2,2-4', ' 1', '1'.repeat(10)])
    assert.throws(() => parseRanges(text), RangeError, text);
});
