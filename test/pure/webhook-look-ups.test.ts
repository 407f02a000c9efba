// Look-ups of the names of webhook endpoints: a name server that does not answer holds up its own names alone.

import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { test } from 'node:test';
import { limitLookUps, type ResolvedAddress } from '../../webhooks/look-ups.ts';
import { openConnections } from '../../webhooks/sender.ts';
import { createUrlGuard } from '../../webhooks/url-guard.ts';
import { startReceiver } from './webhook-receiver.ts';

const LOOPBACK = [{ address: '127.0.0.1', family: 4 }];

/** A resolver that answers names which begin with `well`, and any other once it is told to. */
function slowNames() {
  const asked: string[] = [];
  const hanging: { hostname: string; answer: () => void }[] = [];
  return {
    asked,
    hanging,
    resolve: (hostname: string): Promise<readonly ResolvedAddress[]> => {
      asked.push(hostname);
      if (hostname.startsWith('well')) return Promise.resolve(LOOPBACK);
      return new Promise((resolve) => hanging.push({ hostname, answer: () => resolve(LOOPBACK) }));
    },
  };
}

test('a name that hangs is looked up once for all its messages, also after they have given up, and delays no other', async () => {
  const names = slowNames();
  const receiver = await startReceiver();
  try {
    const guard = createUrlGuard(['127.0.0.0/8'], names.resolve);
    const dead = openConnections({ guard, timeoutMs: 50 }, 32);
    const well = openConnections({ guard, timeoutMs: 10_000 }, 1);
    const port = new URL(receiver.url).port;
    const to = (hostname: string) => ({ url: `http://${hostname}:${port}/`, headers: {}, body: '{}' });
    for (let round = 0; round < 2; round += 1) {
      const failed = Promise.all(Array.from({ length: 16 }, () => dead.send(to('dead.test'))));
      assert.ok((await well.send(to(`well-${round}.test`))).isAccepted);
      assert.deepEqual(new Set((await failed).map(({ errorCode }) => errorCode)), new Set(['timeout']));
    }
    assert.equal(names.asked.filter((hostname) => hostname === 'dead.test').length, 1);
    names.hanging[0]!.answer();
    await turn();
    assert.ok((await dead.send(to('well-last.test'))).isAccepted);
    dead.close();
    well.close();
  } finally {
    await receiver.close();
  }
});

test('names that were slow leave a thread to the others, however many they are', async () => {
  const names = slowNames();
  const lookUp = limitLookUps(names.resolve, 0);
  for (const hostname of ['slow-1', 'slow-2', 'slow-3']) {
    const found = lookUp(hostname);
    // Longer than nothing is slow.
    while (names.hanging.length === 0) await turn();
    await new Promise((resolve) => setTimeout(resolve, 2));
    names.hanging.shift()!.answer();
    await found;
  }
  const again = ['slow-1', 'slow-2', 'slow-3'].map((hostname) => lookUp(hostname));
  assert.deepEqual(await lookUp('well'), LOOPBACK);
  await turn();
  assert.deepEqual(
    names.hanging.map(({ hostname }) => hostname),
    ['slow-1'],
    'one at a time',
  );
  for (const hostname of ['slow-1', 'slow-2', 'slow-3']) {
    while (names.hanging.length === 0) await turn();
    const next = names.hanging.shift()!;
    assert.equal(next.hostname, hostname, 'in turn');
    next.answer();
  }
  await Promise.all(again);
});
