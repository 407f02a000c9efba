// The watch on Temporal: it must not take a busy server for a dead one, and must see a dead one in seconds.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { monitorTemporal } from '../../temporal/health.ts';

const log = pino({ level: 'silent' });

test('three misses in a row mean down, one answer means up, and a suspicion asks at once', async (t) => {
  let isUp = true;
  let asked = 0;
  const ask = async (): Promise<void> => {
    asked += 1;
    if (!isUp) throw new Error('refused');
  };
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const monitor = monitorTemporal(ask, log);
  const flushPromises = async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  };
  await flushPromises();
  assert.deepEqual([monitor.isDown(), asked], [false, 1]);

  isUp = false;
  const down: boolean[] = [];
  for (let second = 0; second < 3; second += 1) {
    t.mock.timers.tick(1_000);
    await flushPromises();
    down.push(monitor.isDown());
  }
  assert.deepEqual(down, [false, false, true]);

  isUp = true;
  monitor.suspect();
  await flushPromises();
  assert.equal(monitor.isDown(), false);

  monitor.stop();
  const before = asked;
  t.mock.timers.tick(10_000);
  await flushPromises();
  assert.equal(asked, before);
});

test('a question is not asked again while the last one is open', async () => {
  let asked = 0;
  const monitor = monitorTemporal(async () => {
    asked += 1;
    await sleep(50);
  }, log);
  monitor.suspect();
  monitor.suspect();
  assert.equal(asked, 1);
  monitor.stop();
});
