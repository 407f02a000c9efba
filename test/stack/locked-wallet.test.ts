// A wallet that somebody holds locked, as in psql, does not slow down the others of its shard, however many transfers wait for
// it; once it is free, all of them arrive.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import type { Money } from './money.ts';
import { useStack } from './use-stack.ts';

/** Six times as many as the shard's pool has connections. */
const WAITING = 60;
const MEASURED = 20;
/** With the pool full of those that wait it is hundreds of times. */
const TIMES_MAX = 10;

describe('while many wait for a wallet that somebody holds locked', () => {
  let money: Money;
  useStack((started) => {
    ({ money } = started);
  });

  test('transfers between other wallets of its shard take about as long as ever, and those that waited arrive', async () => {
    const [locked, alice, bob] = [await money.wallet(0, '100'), await money.wallet(0, '100'), await money.wallet(0)];
    const medianMs = async (): Promise<number> => {
      const tookMs: number[] = [];
      for (let n = 0; n < MEASURED; n += 1) {
        const { body, tookMs: took } = await money.api.transfer(alice, bob, '1', {
          'idempotency-key': randomUUID(),
          prefer: 'wait=20',
        });
        assert.equal(body.status, 'COMPLETED', `after ${took} ms`);
        tookMs.push(took);
      }
      return tookMs.sort((a, b) => a - b)[MEASURED / 2]!;
    };
    const undisturbedMs = await medianMs();

    const release = await money.lockWallet(locked);
    let lockedMs: number;
    try {
      const asked = Array.from({ length: WAITING }, () =>
        money.api.transfer(locked, bob, '1', { 'idempotency-key': randomUUID() }),
      );
      for (const { status } of await Promise.all(asked)) assert.equal(status, 202);
      lockedMs = await medianMs();
    } finally {
      await release();
    }
    await money.assertSound();
    const { body } = await money.api.get<{ balance: string }>(`/v1/wallets/${locked}`);
    assert.equal(body.balance, `${100 - WAITING}.0000`);
    assert.ok(lockedMs < undisturbedMs * TIMES_MAX, `${lockedMs} ms, and ${undisturbedMs} ms undisturbed`);
  });
});
