import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import {
  consume,
  discardDeadLetter,
  PositionExpiredError,
  listDeadLetters,
  resetConsumer,
  retryDeadLetters,
  type ConsumeOptions,
  type Event,
  type EventPage,
  type EventSource,
} from '../../client/consumer/consumer.ts';
import { takeLease } from '../../client/consumer/cursor.ts';
import { LeaseLostError } from '../../client/consumer/errors.ts';
import { createWork } from '../../client/consumer/work.ts';
import type pg from 'pg';
import { startCluster, type TestCluster } from './database.ts';
import {
  createConsumerDatabase,
  startConsumer,
  tableSource,
  until,
  writeEffect,
  type ConsumerDatabase,
  type ConsumerProcess,
} from './consuming.ts';

const id = (position: number): string => `test.happened/${position}`;
const ids = (...positions: number[]): string[] => positions.map(id);
const upTo = (last: number): string[] => ids(...Array.from({ length: last }, (_, n) => n + 1));

describe('a consumer', () => {
  let cluster: TestCluster;
  let database: ConsumerDatabase;
  let ending: AbortController;
  let running: Promise<void>[];
  let processes: ConsumerProcess[];

  before(async () => {
    cluster = await startCluster();
  });
  after(() => cluster?.stop());
  beforeEach(async () => {
    database = await createConsumerDatabase(cluster);
    ending = new AbortController();
    running = [];
    processes = [];
  });
  afterEach(async () => {
    ending.abort();
    for (const { child } of processes) child.kill('SIGKILL');
    await Promise.all(running);
  });

  type Options = Partial<ConsumeOptions<pg.PoolClient>>;
  function start(options: Options = {}): { ended: Promise<void> } {
    const ended = consume<pg.PoolClient>({
      name: 'effects',
      source: tableSource(database.pool),
      store: database.pool,
      signal: ending.signal,
      retryPausesMs: [1, 1, 1, 1],
      leaseMs: 900,
      onError: () => {},
      handle: async (events, connection) => {
        for (const event of events) await writeEffect(event, connection);
      },
      ...options,
    });
    running.push(ended);
    return { ended };
  }
  function process(...[ends, at]: [Parameters<typeof startConsumer>[1], string?]): ConsumerProcess {
    const started = startConsumer(database.url, ends, at);
    processes.push(started);
    return started;
  }
  const failingFor =
    (isPoison: (event: Event) => boolean): ConsumeOptions<pg.PoolClient>['handle'] =>
    async (events, connection) => {
      for (const event of events) {
        await writeEffect(event, connection);
        if (isPoison(event)) throw new Error('poison');
      }
    };
  const effectsAre = (expected: string[]): Promise<void> =>
    until(`${expected.length} effects`, async () => (await database.effects()).length >= expected.length);

  test('each event takes effect once, in the order of the log, and the cursor alone tells it', async () => {
    await database.append(...Array.from({ length: 35 }, (_, n) => `s${n % 3}`));
    start();
    await effectsAre(upTo(35));
    await database.append('s1');
    await effectsAre(upTo(36));
    assert.deepEqual(await database.effects(), upTo(36));
    assert.deepEqual(await database.rows('SELECT consumer, position::int FROM consumer_cursors'), [
      { consumer: 'effects', position: 36 },
    ]);
    assert.deepEqual(await database.rows('SELECT event_id FROM processed_events'), []);
  });

  for (const how of ['goes well', 'fails'])
    test(`a page of the log that comes again and ${how} takes effect once`, async () => {
      await database.append(...Array.from({ length: 12 }, (_, n) => `s${n % 3}`));
      const once = tableSource(database.pool, 4);
      /** Each page with all before it, and once more. */
      const source: EventSource = {
        async *read(from, signal) {
          const seen: Event[] = [];
          for await (const page of once.read(from, signal)) {
            seen.push(...page.events);
            for (const events of [[...seen], page.events]) yield { ...page, events };
          }
        },
      };
      let failuresLeft = how === 'fails' ? 2 : 0;
      start({ source, handle: failingFor((event) => event.id === id(6) && (failuresLeft -= 1) >= 0) });
      await effectsAre(upTo(12));
      await until('nothing is parked', async () => (await database.rows('SELECT FROM parked_events')).length === 0);
      assert.deepEqual((await database.effects()).sort(), upTo(12).sort());
    });

  test('killed between handler and commit, and begun again: each event takes effect once', async () => {
    await database.append(...Array.from({ length: 25 }, (_, n) => `s${n % 3}`));
    for (const at of [3, 15, 25]) {
      const killed = process('killed', id(at));
      await killed.said('reached');
      await killed.exited;
      assert.ok(!(await database.effects()).includes(id(at)), 'what was not committed has no effect');
    }
    start();
    await effectsAre(upTo(25));
    assert.deepEqual((await database.effects()).sort(), upTo(25).sort());
  });

  test('an event that comes twice takes effect once, be it in another page or in the same one', async () => {
    await database.append('a', 'b', 'c');
    const first = start({ source: tableSource(database.pool, 10, false) });
    await effectsAre(upTo(3));
    ending.abort();
    await first.ended;
    ending = new AbortController();
    const again: Event[] = [];
    const source = tableSource(database.pool, 2, false);
    start({
      source: {
        async *read(from, signal) {
          for await (const page of source.read(from, signal)) yield { events: [...page.events, ...page.events] };
        },
        committed: async ({ events }) => void again.push(...events),
      },
    });
    await database.append('d');
    await effectsAre(upTo(4));
    assert.ok(again.length >= 6, 'the source began anew');
    assert.deepEqual(await database.effects(), upTo(4));
  });

  test('an event that fails five times is a dead letter, and applied once it is retried', async () => {
    let isBroken = true;
    const errors: (string | undefined)[] = [];
    await database.append('a', 'b', 'c');
    start({
      handle: failingFor((event) => isBroken && event.subject === 'b'),
      onError: (_, event) => errors.push(event?.id),
    });
    await until('a dead letter', async () => (await listDeadLetters(database.pool, 'effects')).length === 1);
    const [letter] = await listDeadLetters(database.pool, 'effects');
    assert.equal(letter!.event.id, id(2));
    assert.equal(letter!.error, 'Error: poison');
    assert.equal(letter!.attempts, 5);
    assert.deepEqual(
      errors,
      Array.from({ length: 5 }, () => id(2)),
    );
    assert.deepEqual((await database.effects()).sort(), ids(1, 3));
    assert.deepEqual(await database.rows('SELECT event_id, subject FROM dead_letters'), [
      { event_id: id(2), subject: 'b' },
    ]);

    isBroken = false;
    assert.equal(await retryDeadLetters(database.pool, 'effects', 'another'), 0);
    assert.equal(await retryDeadLetters(database.pool, 'effects', id(2)), 1);
    await effectsAre(upTo(3));
    assert.deepEqual((await database.effects()).sort(), upTo(3));
    assert.equal(await retryDeadLetters(database.pool, 'effects'), 0);
  });

  test('a retry that was set by a clock that was a year ahead is due now, and what waits behind it goes on', async () => {
    let isPoisonous = true;
    await database.append('s', 's');
    const handle = failingFor((event) => isPoisonous && event.id === id(1));
    start({ retryPausesMs: [600_000, 600_000], handle });
    const failed = `SELECT FROM parked_events WHERE attempts = 1 AND error LIKE '%poison%'`;
    await until('it failed', async () => (await database.rows(failed)).length === 1);
    isPoisonous = false;
    await database.rows(`UPDATE parked_events SET retry_at = now() + interval '1 year' WHERE event_id = '${id(1)}'`);
    await effectsAre(ids(1, 2));
    assert.deepEqual(await database.effects(), ids(1, 2));
  });

  test('behind a dead letter its subject waits in order, and other subjects go on', async () => {
    let isBroken = true;
    await database.append('a', 'b', 'a', 'b', 'a');
    start({ handle: failingFor((event) => isBroken && event.position === 1) });
    await until('a dead letter', async () => (await listDeadLetters(database.pool, 'effects')).length === 1);
    await database.append('a', 'b', 'a');
    await effectsAre(ids(2, 4, 7));
    assert.deepEqual(await database.effects(), ids(2, 4, 7));
    assert.equal((await listDeadLetters(database.pool, 'effects'))[0]!.waitingCount, 4);
    isBroken = false;
    await retryDeadLetters(database.pool, 'effects');
    await effectsAre(upTo(8));
    assert.deepEqual(await database.effects(), ids(2, 4, 7, 1, 3, 5, 6, 8));
    assert.deepEqual(await database.rows('SELECT FROM parked_events'), []);
  });

  test('a dead letter that is discarded never takes effect, and what waits behind it does', async () => {
    await database.append('a', 'a', 'a');
    start({ handle: failingFor((event) => event.position === 1) });
    await until('a dead letter', async () => (await listDeadLetters(database.pool, 'effects')).length === 1);
    assert.equal(await discardDeadLetter(database.pool, 'effects', id(2)), false, 'it is none');
    assert.equal(await discardDeadLetter(database.pool, 'effects', id(1)), true);
    await effectsAre(ids(2, 3));
    assert.deepEqual(await database.effects(), ids(2, 3));
  });

  test('with go_on, a subject waits for the attempts of its event, and not behind a dead letter', async () => {
    await database.append('a', 'a', 'a', 'b');
    start({ handle: failingFor((event) => event.position === 1), afterDeadLetter: 'go_on' });
    await effectsAre(ids(2, 3, 4));
    assert.deepEqual(
      (await listDeadLetters(database.pool, 'effects')).map(({ event }) => event.id),
      ids(1),
    );
    const effects = await database.effects();
    assert.ok(effects.indexOf(id(2)) < effects.indexOf(id(3)));
    await database.append('a');
    await effectsAre(ids(2, 3, 4, 5));
  });

  test('an event that ends the process at each attempt becomes a dead letter, and the others take effect', async () => {
    await database.append('a', 'b', 'c', 'b');
    const finished = async (): Promise<boolean> => (await listDeadLetters(database.pool, 'effects')).length === 1;
    for (let deaths = 0; !(await finished()); deaths += 1) {
      assert.ok(deaths <= 6, 'the event is not given up');
      const child = process('killed', id(2));
      await Promise.race([child.exited, until('the end of it', finished)]);
    }
    assert.deepEqual((await database.effects()).sort(), ids(1, 3));
    const [letter] = await listDeadLetters(database.pool, 'effects');
    assert.match(letter!.error, /^the process ended/);
  });

  test('two processes side by side: one works, and each event takes effect once', async () => {
    const pair = [process('never'), process('never')];
    for (let n = 0; n < 20; n += 1) await database.append('a', 'b', 'c');
    await effectsAre(upTo(60));
    pair[0]!.child.kill('SIGKILL');
    await database.append('a', 'b');
    await effectsAre(upTo(62));
    pair[1]!.child.kill('SIGKILL');
    start();
    await database.append('c');
    await effectsAre(upTo(63));
    assert.deepEqual((await database.effects()).sort(), upTo(63).sort());
  });

  test('a process that was frozen past its lease commits nothing when it thaws', async () => {
    await database.append('a', 'b', 'c');
    const frozen = process('frozen', id(2));
    await frozen.said('reached');
    start();
    await effectsAre(upTo(3));
    frozen.child.kill('SIGCONT');
    await frozen.said('error LeaseLostError').catch(() => {});
    await database.append('a');
    await effectsAre(upTo(4));
    assert.deepEqual((await database.effects()).sort(), upTo(4));
  });

  test('a lease that another process has taken over commits nothing, whatever is known of its events', async () => {
    await database.append('a');
    const pages = tableSource(database.pool).read(0, ending.signal)[Symbol.asyncIterator]();
    const page = (await pages.next()).value as EventPage;
    const frozen = await takeLease(database.pool, 'effects', 'frozen', 0);
    const work = createWork<pg.PoolClient>({
      store: database.pool,
      handle: async ([event], connection) => writeEffect(event!, connection),
      onError: () => {},
      onRetry: () => {},
      onDeadLetter: () => {},
      after: 'wait',
      pausesMs: [],
      limitMs: 1_000,
      keptMs: 1_000,
    });
    await resetConsumer(database.pool, 'effects', 0);
    await assert.rejects(work.apply(frozen!, page), LeaseLostError);
    await assert.rejects(work.park(frozen!, page), LeaseLostError);
    assert.deepEqual(await database.effects(), []);
    assert.deepEqual(await database.rows('SELECT FROM processed_events UNION ALL SELECT FROM parked_events'), []);
  });

  test('a handler that takes too long has failed, and what it sends afterwards has no effect', async () => {
    const late: Promise<unknown>[] = [];
    let isSlow = true;
    await database.append('a');
    start({
      handlerLimitMs: 200,
      retryPausesMs: [1],
      handle: async ([event], connection) => {
        if (!isSlow) return writeEffect(event!, connection);
        const { promise, resolve } = Promise.withResolvers<void>();
        late.push(promise.then(() => writeEffect(event!, connection)).catch(() => {}));
        setTimeout(resolve, 400);
        await promise;
      },
    });
    await until('a dead letter', async () => (await listDeadLetters(database.pool, 'effects')).length === 1);
    await Promise.all(late);
    assert.deepEqual(await database.effects(), []);
    isSlow = false;
    await retryDeadLetters(database.pool, 'effects');
    await effectsAre(ids(1));
    assert.deepEqual(await database.effects(), ids(1));
  });

  test('a consumer whose next events are no longer kept ends with that error, and another process may try', async () => {
    await database.append('a');
    const expired: EventSource = {
      read: (from) => ({
        [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new PositionExpiredError(from, 7)) }),
      }),
    };
    await assert.rejects(start({ source: expired }).ended, PositionExpiredError);
    running = [];
    await resetConsumer(database.pool, 'effects', 0);
    start();
    await effectsAre(ids(1));
  });

  test('it begins anew where it is reset to, while it runs', async () => {
    await database.append('a', 'b', 'c');
    start();
    await effectsAre(upTo(3));
    await database.pool.query('DELETE FROM effects WHERE place > 1');
    await resetConsumer(database.pool, 'effects', 1);
    await database.append('d');
    await effectsAre(upTo(4));
    assert.deepEqual((await database.effects()).sort(), upTo(4));
  });

  test('of the log, rows of what failed at first are kept for the newest positions alone', async () => {
    await database.pool.query(`INSERT INTO log SELECT n, 's' || n % 100 FROM generate_series(1, 14_000) n`);
    await database.pool.query(
      `INSERT INTO processed_events SELECT 'effects', 'earlier/' || n, n FROM generate_series(1, 14_000, 1_000) n`,
    );
    start({ source: tableSource(database.pool, 1_000), handle: async () => {} });
    await until('the end', async () => {
      const [row] = await database.rows<{ n: number }>('SELECT count(*)::int AS n FROM processed_events');
      const [cursor] = await database.rows<{ position: string }>('SELECT position FROM consumer_cursors');
      return cursor?.position === '14000' && row!.n === 10;
    });
  });
});
