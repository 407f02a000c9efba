// The watch on the backlog of the workers: if many tasks have waited long, no more movements are accepted; few or young ones
// change nothing, nor does a question without an answer.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { watchBacklog, type WaitingTasks } from '../../temporal/backlog.ts';

test('only a backlog that is both long and old is too much, and it is over when the workers have caught up', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const answers: (WaitingTasks | undefined)[] = [
    { count: 5_000, oldestSeconds: 2 },
    { count: 20, oldestSeconds: 60 },
    { count: 5_000, oldestSeconds: 60 },
    undefined,
    { count: 0, oldestSeconds: 0 },
  ];
  const ask = async (): Promise<WaitingTasks> => {
    const answer = answers.shift();
    if (answer === undefined) throw new Error('no answer in time');
    return answer;
  };
  const seen: boolean[] = [];
  const backlog = watchBacklog({} as never, pino({ level: 'silent' }), ask);
  while (answers.length > 0) {
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    seen.push(backlog.isLong());
    t.mock.timers.tick(1_000);
  }
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  seen.push(backlog.isLong());
  assert.deepEqual(seen, [false, false, true, true, false]);
  backlog.stop();
});
