import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pauseBeforeProbeMs, pauseBeforeRetryMs } from '../../domain/events/retry-schedule.ts';

const DAY_S = 86_400;

/** The pauses of a delivery that always fails, in seconds. */
function pauses(random: number): number[] {
  const all: number[] = [];
  for (let attempts = 1, sinceFirstMs = 0; ; attempts += 1) {
    const pauseMs = pauseBeforeRetryMs({ attempts, sinceFirstMs }, random);
    if (pauseMs === undefined) return all;
    all.push(pauseMs / 1_000);
    sinceFirstMs += pauseMs;
  }
}

test('a delivery is tried again after 5 s, 30 s, 5 min, 30 min, 2 h, 5 h, 10 h and every 10 h, for three days', () => {
  const hours = (count: number): number => count * 3_600;
  const every = [5, 30, 300, 1_800, hours(2), hours(5), hours(10), hours(10)];
  assert.deepEqual(pauses(0).slice(0, 8), every);
  for (const random of [0, 0.5, 0.999]) {
    const tried = pauses(random);
    const total = tried.reduce((sum, each) => sum + each, 0);
    assert.ok(total <= 3 * DAY_S && total > 2 * DAY_S, `${total}`);
    for (const [at, pause] of tried.entries()) {
      const plain = every[Math.min(at, 7)]!;
      assert.ok(pause >= plain && pause <= 1.2 * plain, `${pause}`);
    }
  }
});

test('Retry-After puts a try off, by a day at most, and never brings it forward', () => {
  const after = (retryAfterMs: number) => pauseBeforeRetryMs({ attempts: 1, sinceFirstMs: 0, retryAfterMs }, 0);
  assert.equal(after(60_000), 60_000);
  assert.equal(after(1), 5_000);
  assert.equal(after(999_999_000), DAY_S * 1_000);
});

test('an endpoint that does not answer is asked at least every six minutes', () => {
  assert.deepEqual(
    [1, 2, 3, 4, 30].map((failures) => pauseBeforeProbeMs(failures, 0)),
    [5_000, 10_000, 20_000, 40_000, 300_000],
  );
  assert.ok(pauseBeforeProbeMs(1_000, 0.999) <= 360_000);
});
