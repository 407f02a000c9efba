// Work under a lease is done by one process at a time, and nothing that a process does after another has taken over counts.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { moveLogCursor, openLogCursor } from '../../db/events/cursor-queries.ts';
import { takeLease } from '../../db/events/lease-queries.ts';
import { whileLeased, type Holding } from '../../workers/events/while-leased.ts';
import { rowsOf, startCluster, type TestCluster, type TestDatabase } from './database.ts';

const LIMIT_MS = 30_000;

describe('work under a lease', () => {
  let cluster: TestCluster;
  let events: TestDatabase;
  before(async () => {
    cluster = await startCluster();
  });
  after(() => cluster?.stop());
  beforeEach(async () => {
    ({ events } = await cluster.createStores({ shards: 1 }));
  });

  /** A process that works until it is stopped or has lost the lease. */
  function worker(running: Set<string>, name: string) {
    const holdings: Holding[] = [];
    const service = whileLeased(
      events.service,
      'work',
      async (holding) => {
        holdings.push(holding);
        running.add(name);
        await new Promise((resolve) => holding.signal.addEventListener('abort', resolve));
        running.delete(name);
      },
      () => 0,
    );
    return { ...service, holdings };
  }

  async function until(isSo: () => boolean): Promise<void> {
    const limit = Date.now() + LIMIT_MS;
    while (!isSo()) {
      assert.ok(Date.now() < limit, 'it did not come to be');
      await sleep(10);
    }
  }

  /** What a process finds that was frozen for longer than its lease: another one has it. */
  const takeOver = (): Promise<unknown> =>
    rowsOf(
      events.admin,
      `UPDATE leases SET holder = 'another', token = token + 1, expires_at = now() + interval '1 hour'`,
    );

  test('is done by one process, and by the next one once that has stopped', async () => {
    const running = new Set<string>();
    const first = worker(running, 'first');
    await until(() => running.has('first'));
    const second = worker(running, 'second');
    // Longer than the second one waits between two attempts.
    await sleep(1_500);
    assert.deepEqual([...running], ['first']);
    await first.stop();
    await until(() => running.has('second'));
    assert.deepEqual([...running], ['second']);
    await second.stop();
    assert.deepEqual([...running], []);
  });

  test('ends when another process has taken over', async () => {
    const running = new Set<string>();
    const first = worker(running, 'first');
    await until(() => running.has('first'));
    assert.equal(await first.holdings[0]!.isHeld(), true);
    await takeOver();
    await until(() => !running.has('first'));
    assert.equal(await first.holdings[0]!.isHeld(), false);
    await first.stop();
  });

  test('that fails is begun again', async () => {
    let attempts = 0;
    const service = whileLeased(
      events.service,
      'work',
      async ({ signal }) => {
        attempts += 1;
        if (attempts < 3) throw new Error('a fault');
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
      },
      () => 1,
    );
    await until(() => attempts === 3);
    await service.stop();
  });

  test('a cursor is moved by the holder of its lease alone, and only from where that believes it to be', async () => {
    const database = events.service;
    assert.equal(await openLogCursor(database, 'work'), 0);
    const lease = (await takeLease(database, 'work', 'first', 60_000))!;
    assert.equal(await moveLogCursor(database, lease, 0, 5), true);
    assert.equal(await moveLogCursor(database, lease, 0, 7), false);
    await takeOver();
    assert.equal(await moveLogCursor(database, lease, 5, 7), false);
    assert.equal(await openLogCursor(database, 'work'), 5);
  });
});
