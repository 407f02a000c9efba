// Turns at a wallet: few of its operations are in the database at once; waiters are given back if none of them makes progress;
// and a wallet that makes progress keeps all of them, in their order.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep, setImmediate as tick } from 'node:timers/promises';
import { createBatchWalletActivities } from '../../activities/wallet/batch.ts';
import { createShardTurns, createTurns } from '../../activities/wallet/turns.ts';
import { createWalletActivities } from '../../activities/wallet/wallet.ts';
import { pauseWithin, WalletBusy } from '../../domain/wallet/wallet-busy.ts';

const LIMITS = { atOnceMax: 2, patienceMs: 40, waitMaxMs: 10_000 };

/** Operations that end when they are told to. */
function operations() {
  const running: PromiseWithResolvers<string>[] = [];
  return {
    running,
    operation: (): Promise<string> => {
      const own = Promise.withResolvers<string>();
      running.push(own);
      return own.promise;
    },
  };
}

describe('turns at a wallet', () => {
  test('the wallet never takes more connections than it may, and others are not held up by it', async () => {
    const turns = createTurns(LIMITS);
    const { running, operation } = operations();
    const all = Array.from({ length: 60 }, () => turns.at(['locked'], operation));
    const waiting = Promise.allSettled(all.slice(LIMITS.atOnceMax));
    await tick();
    assert.equal(running.length, LIMITS.atOnceMax);
    assert.equal(await turns.at(['other'], async () => 'moved'), 'moved');
    await waiting;
    assert.equal(running.length, LIMITS.atOnceMax);
    for (const each of running) each.reject(new Error('lock timeout'));
    await Promise.allSettled(all);
  });

  test('whoever waits where nothing gets done is given back and told when to come again, each at another time', async () => {
    const turns = createTurns(LIMITS);
    const { running, operation } = operations();
    const held = [turns.at(['locked'], operation), turns.at(['locked'], operation)];
    const waiting = await Promise.allSettled(Array.from({ length: 60 }, () => turns.at(['locked'], operation)));
    const late = await turns.at(['locked'], operation).catch((error: unknown) => error);
    assert.equal(running.length, LIMITS.atOnceMax);
    const reasons = [...waiting.map((each) => each.status === 'rejected' && (each.reason as unknown)), late];
    const delays = reasons.map((reason) => {
      assert.ok(reason instanceof WalletBusy, String(reason));
      return reason.retryInMs;
    });
    assert.ok(Math.min(...delays) >= 900, `${Math.min(...delays)} ms`);
    assert.ok(new Set(delays).size > 50);
    assert.ok(delays.at(-1)! > delays[0]!);
    for (const each of running) each.reject(new Error('lock timeout'));
    await Promise.allSettled(held);
  });

  test('a crowd that comes after one which was given back is given back as soon', async () => {
    const turns = createTurns(LIMITS);
    const { running, operation } = operations();
    const first = Array.from({ length: 10 }, () => turns.at(['locked'], operation));
    await Promise.allSettled(first.slice(LIMITS.atOnceMax));
    for (const each of running) each.reject(new Error('lock timeout'));
    await Promise.allSettled(first);
    const second = Array.from({ length: 10 }, () => turns.at(['locked'], operation));
    for (const each of await Promise.allSettled(second.slice(LIMITS.atOnceMax)))
      assert.ok(each.status === 'rejected' && each.reason instanceof WalletBusy);
    for (const each of running) each.reject(new Error('lock timeout'));
    await Promise.allSettled(second);
  });

  test('a wallet at which something gets done keeps all that wait, and takes them in their order', async () => {
    const turns = createTurns(LIMITS);
    const order: number[] = [];
    const all = Array.from({ length: 20 }, (_, n) =>
      turns.at(['hot'], async () => {
        order.push(n);
        await sleep(LIMITS.patienceMs / 4);
        return n;
      }),
    );
    assert.deepEqual(await Promise.all(all), order);
    assert.deepEqual(
      order,
      order.toSorted((a, b) => a - b),
    );
  });

  test('whoever has waited for too long in a line that moves is given back, and never run', async () => {
    const turns = createTurns({ ...LIMITS, waitMaxMs: 100 });
    let begun = 0;
    const all = await Promise.allSettled(
      Array.from({ length: 60 }, () =>
        turns.at(['hot'], async () => {
          begun += 1;
          await sleep(10);
        }),
      ),
    );
    const late = all.filter((each) => each.status === 'rejected');
    assert.ok(late.length > 0 && late.length < 60, `${late.length} of 60`);
    for (const { reason } of late)
      assert.match(String(reason), /^WalletBusy: others have been before this one at hot for \d+ ms$/);
    await sleep(50);
    assert.equal(begun, 60 - late.length);
  });

  test('a wallet is not stuck while its operations wait for a turn at another one, at which something gets done', async () => {
    const turns = createTurns(LIMITS);
    const before = Array.from({ length: 20 }, () => turns.at(['external'], () => sleep(LIMITS.patienceMs / 2)));
    const deposits = Array.from({ length: 2 }, () => turns.at(['alice', 'external'], async () => 'moved'));
    const waiting = turns.at(['alice'], async () => 'moved');
    const watch = setInterval(() => turns.assertMoves('alice', LIMITS.patienceMs), 5);
    try {
      await Promise.all(before);
      assert.deepEqual(await Promise.all([...deposits, waiting]), ['moved', 'moved', 'moved']);
    } finally {
      clearInterval(watch);
    }
  });

  test('what is given back says how long nothing has succeeded, and the last error, without its query', async () => {
    const turns = createTurns(LIMITS);
    const { running, operation } = operations();
    const failing = turns.at(['locked'], operation);
    const held = turns.at(['locked'], operation);
    await tick();
    running[0]?.reject(
      new Error('Failed query: SELECT debit($1) params: 25', { cause: new Error('connect ECONNREFUSED') }),
    );
    await assert.rejects(failing);
    const more = turns.at(['locked'], operation);
    await assert.rejects(
      turns.at(['locked'], operation),
      /^WalletBusy: nothing has succeeded at locked for \d+ ms; the last error there: connect ECONNREFUSED$/,
    );
    for (const each of running) each.resolve('moved');
    await Promise.all([held, more]);
  });

  test('a wallet that is free again is taken at once, whatever was given back before', async () => {
    const turns = createTurns(LIMITS);
    const { running, operation } = operations();
    const held = Promise.allSettled([turns.at(['locked'], operation), turns.at(['locked'], operation)]);
    await assert.rejects(turns.at(['locked'], operation), WalletBusy);
    for (const each of running) each.resolve('moved');
    await held;
    assert.equal(await turns.at(['locked'], async () => 'moved'), 'moved');
  });
});

describe('the pause of what was given back', () => {
  test('ends before the activity is given up, as long as more than a second is left', () => {
    assert.equal(pauseWithin(3_000, Infinity), 3_000);
    assert.equal(pauseWithin(3_000, 9_000), 3_000);
    for (let leftMs = 1_001; leftMs < 20_000; leftMs += 7)
      assert.ok(pauseWithin(10_000, leftMs) < leftMs, `${leftMs} ms`);
  });
});

describe('what takes turns', () => {
  const terms = {
    transferId: 'transfer',
    senderWalletId: 'sender',
    receiverWalletId: 'receiver',
    amount: '1.0000',
    currency: 'USD',
  } as never;
  const never = { $client: { query: () => new Promise(() => {}) } };

  test('the cancel of a credit is not held up by credits that wait for their wallet', async () => {
    let asked = 0;
    const shard = {
      $client: {
        query: (): Promise<never> => {
          asked += 1;
          return new Promise<never>(() => {});
        },
      },
    };
    const activities = createWalletActivities(() => shard as never);
    const trace = { requestId: 'request' };
    for (let n = 0; n < 10; n += 1) activities.credit({ terms, trace }).catch(() => {});
    await tick();
    assert.equal(asked, 2);
    void activities.cancelCredit({ terms, trace, reason: 'timed_out' });
    await tick();
    assert.equal(asked, 3);
  });

  test('a batch is not begun while one of its wallets is stuck, for it would lock all others meanwhile', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const turnsOf = createShardTurns();
    const shard = never as never;
    const single = createWalletActivities(() => shard, turnsOf);
    const legs = {
      indexes: [0],
      transferIds: ['transfer'],
      walletIds: ['sender'],
      currencies: ['USD'],
      amounts: ['1.0000'],
      elsewhere: 0,
    };
    const batch = createBatchWalletActivities(
      () => shard,
      async () => legs as never,
      turnsOf,
    );
    const input = { batchId: 'batch', places: '0', shard: 0, shardCount: 1, trace: { requestId: 'request' } } as never;
    single.debit({ terms, trace: { requestId: 'request' } }).catch(() => {});
    await tick();
    const startedAt = performance.now();
    t.mock.method(performance, 'now', () => startedAt + 2_000);
    await assert.rejects(batch.debitBatch(input), WalletBusy);
  });
});
