// The nemesis's receivers see what is wrong with what arrives: what is missing, what comes in another order, what is not as before.

import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { openArrivals, type Arrivals } from '../../nemesis/arrivals.ts';

describe('what arrives at a receiver', () => {
  const told: string[] = [];
  let arrivals: Arrivals;
  beforeEach(() => {
    told.length = 0;
    arrivals = openArrivals(true, (subject, detail) => told.push(`${subject}: ${detail}`));
    arrivals.forget(10);
  });
  const arrive = (position: number, subject: string, body = `${position}`): boolean => {
    arrivals.see({ position, subject }, body);
    return arrivals.accept({ position, subject });
  };

  test('everything has come once there is no gap, in whatever order it came', () => {
    for (const position of [13, 11]) arrive(position, `${position}`);
    assert.deepEqual([arrivals.hasAll(11), arrivals.hasAll(13), arrivals.lacks(15, 2)], [true, false, [12, 14]]);
    arrive(12, '12');
    assert.equal(arrivals.hasAll(13), true);
    assert.deepEqual(told, []);
  });

  test('an event that comes behind a later one of its subject is told, and its repeat is not', () => {
    assert.equal(arrive(12, 'a'), true);
    assert.equal(arrive(13, 'b'), true);
    assert.equal(arrive(11, 'b'), true);
    assert.deepEqual(told, ['b: position 11 came after position 13 of the same subject']);
    assert.equal(arrive(11, 'b'), false);
    assert.equal(told.length, 1);
  });

  test('a repeat with another body is told', () => {
    arrive(11, 'a', 'once');
    arrive(11, 'a', 'once');
    assert.deepEqual(told, []);
    arrive(11, 'a', 'otherwise');
    assert.deepEqual(told, ['a: position 11 came again with another body']);
  });

  test('what was dropped is missing until it comes again, and then is no longer dropped', () => {
    assert.deepEqual(
      [12, 11, 12].map((position) => arrivals.drop({ position, subject: 'a' })),
      [true, true, false],
    );
    assert.deepEqual([arrivals.dropped(), arrivals.hasAll(11)], [[11, 12], false]);
    arrive(11, 'a');
    assert.deepEqual([arrivals.dropped(), arrivals.hasAll(11)], [[12], true]);
    assert.equal(arrivals.drop({ position: 11, subject: 'a' }), false);
  });

  test('what is forgotten is complete, and what came beyond it still counts', () => {
    arrive(12, 'a');
    arrivals.forget(11);
    assert.deepEqual([arrivals.hasAll(12), arrive(11, 'b', 'again'), arrivals.digestAt(11)], [true, false, undefined]);
    assert.deepEqual(told, []);
  });
});
