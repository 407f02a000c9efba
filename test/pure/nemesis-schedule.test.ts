import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { drawsOf } from '../../nemesis/draws.ts';
import type { FaultKind } from '../../nemesis/fault.ts';
import { FAULT_KINDS } from '../../nemesis/faults.ts';
import { drawSchedule } from '../../nemesis/schedule.ts';

const FIVE_MINUTES = 300_000;

function told(seed: number, forMs = FIVE_MINUTES, kinds = FAULT_KINDS): string[] {
  return drawSchedule(kinds, drawsOf(seed), forMs).map(({ atMs, fault }) => `${atMs} ${fault.name}`);
}

describe('a schedule of faults', () => {
  test('follows from its seed, and another seed has another one', () => {
    assert.deepEqual(told(7), told(7));
    assert.notDeepEqual(told(7), told(8));
  });

  test('has every kind of fault within five minutes', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const kinds = new Set(drawSchedule(FAULT_KINDS, drawsOf(seed), FIVE_MINUTES).map(({ fault }) => fault.kind));
      assert.deepEqual(
        FAULT_KINDS.map(({ kind }) => kind).filter((kind) => !kinds.has(kind)),
        [],
        `seed ${seed}`,
      );
    }
  });

  test('lets faults overlap, two at a time, and each end within the run', () => {
    const schedule = drawSchedule(FAULT_KINDS, drawsOf(1), FIVE_MINUTES);
    const spans = schedule.map(({ atMs, fault }) => ({ from: atMs, to: atMs + fault.lastsMs }));
    const atOnce = spans.map(({ from }) => spans.filter((other) => other.from <= from && from < other.to).length);
    assert.equal(Math.max(...atOnce), 2);
    assert.ok(spans.every(({ to }) => to <= FIVE_MINUTES));
  });

  test('leaves out what is longer than the run', () => {
    const kind = (name: string, lastsMs: number): FaultKind => ({
      kind: name,
      weight: 1,
      draw: () => ({ name, kind: name, lastsMs, strike: async () => {} }),
    });
    const names = new Set(
      told(1, 20_000, [kind('long', 30_000), kind('short', 1_000)]).map((line) => line.split(' ')[1]),
    );
    assert.deepEqual([...names], ['short']);
  });
});
