import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { CONSUMER_TABLES } from '../../client/consumer/consumer.ts';
import type { Database } from '../../db/database.ts';
import { readActivity } from '../../db/events/activity-queries.ts';
import { readHead } from '../../db/events/log-queries.ts';
import { readProjection, requestRebuild } from '../../db/events/projection-queries.ts';
import type { WalletId } from '../../domain/ids.ts';
import { DEFAULT_TENANT } from '../../domain/tenant.ts';
import type { RunningProjection } from '../../workers/events/projection.ts';
import { startWalletActivity } from '../../workers/events/wallet-activity.ts';
import { until } from './consuming.ts';
import { rowsOf, startCluster, type TestCluster, type TestDatabase } from './database.ts';

const NAME = 'wallet_activity';
const WALLET = '11111111-1111-8111-8111-111111111111' as WalletId;
const logger = pino({ level: 'silent' });

describe('the projection wallet_activity', () => {
  let cluster: TestCluster;
  let events: TestDatabase;
  let running: RunningProjection[];
  let processes: ChildProcess[];

  before(async () => {
    cluster = await startCluster();
  });
  after(() => cluster?.stop());
  beforeEach(async () => {
    ({ events } = await cluster.createStores({ shards: 1 }));
    running = [];
    processes = [];
  });
  afterEach(async () => {
    for (const child of processes) child.kill('SIGKILL');
    await Promise.all(running.map((each) => each.stop()));
  });

  /** Appends movements of ten wallets on three days, and events that the projection does not count. */
  async function append(count: number): Promise<void> {
    await rowsOf(
      events.admin,
      `WITH head AS (UPDATE log_head SET position = position + ${count} RETURNING position - ${count} AS old),
       rows AS (
         SELECT old + n AS position, (old + n) % 7 AS kind, '11111111-1111-8111-8111-11111111111' || (old + n) % 10 AS wallet,
           '2026-01-30T23:59:59Z'::timestamptz + (old + n) % 3 * interval '1 day' AS time
         FROM head, generate_series(1, ${count}) n
       ), typed AS (
         SELECT *, (ARRAY['wallet.debited','wallet.credited','wallet.refunded','wallet.advanced','wallet.debit-failed','wallet.credit-failed','transfer.completed'])[kind + 1] AS type
         FROM rows
       )
       INSERT INTO event_log (position, event_id, type, subject, time, source, payload, chain)
       SELECT position, type || '/' || position, type, wallet, time, 'test', json_strip_nulls(json_build_object(
         'specversion', '1.0', 'id', type || '/' || position, 'source', 'urn:test', 'type', type, 'subject', wallet, 'time', time,
         'datacontenttype', 'application/json', 'dataschema', 'urn:test',
         'data', json_build_object('amount', CASE WHEN kind < 4 THEN (position % 1000 || '.0001') END))), ''
       FROM typed ORDER BY position`,
    );
  }
  const rowsOfGeneration = (): Promise<Record<string, unknown>[]> =>
    rowsOf(
      events.admin,
      `SELECT wallet_id::text, day::text, type, event_count::int, sum FROM wallet_activity
       WHERE generation = (SELECT generation FROM projections WHERE name = '${NAME}') ORDER BY 1, 2, 3`,
    );
  const rowsByTheLog = (): Promise<Record<string, unknown>[]> =>
    rowsOf(
      events.admin,
      `SELECT subject AS wallet_id, (time AT TIME ZONE 'UTC')::date::text AS day, type, count(*)::int AS event_count,
         coalesce(sum((payload -> 'data' ->> 'amount')::numeric), 0)::numeric(28,4) AS sum
       FROM event_log WHERE type LIKE 'wallet.%' GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`,
    );
  const start = (database: Database = events.service): RunningProjection => {
    const started = startWalletActivity({ database, logger });
    running.push(started);
    return started;
  };
  async function startProcess(): Promise<ChildProcess> {
    const file = fileURLToPath(new URL('activity-process.ts', import.meta.url));
    const child = spawn(process.execPath, [file, events.serviceUrl], { stdio: ['pipe', 'pipe', 'inherit'] });
    processes.push(child);
    await once(child.stdout, 'data');
    return child;
  }
  const hasReadAll = async (): Promise<boolean> => {
    const { position } = await readHead(events.service);
    return (await readProjection(events.service, NAME)).live.position === position;
  };
  const isRebuilt = async (): Promise<boolean> => (await readProjection(events.service, NAME)).next === undefined;

  test('it counts and sums what happened to each wallet on each day, and says up to where', async () => {
    await append(5_000);
    const activity = start();
    await until('all is counted', hasReadAll);
    await append(700);
    activity.wake();
    await until('all is counted', hasReadAll);
    assert.deepEqual(await rowsOfGeneration(), await rowsByTheLog());

    const { activity: read, upToPosition } = await readActivity(
      events.service,
      DEFAULT_TENANT,
      WALLET,
      '2026-01-31',
      '2026-01-31',
    );
    assert.equal(upToPosition, 5_700);
    const expected = (await rowsByTheLog()).filter((row) => row['wallet_id'] === WALLET && row['day'] === '2026-01-31');
    assert.ok(expected.length > 3);
    assert.deepEqual(
      read,
      expected.map(({ day, type, event_count, sum }) => ({ day, type, count: event_count, sum })),
    );
  });

  test('a rebuild under load, killed in the middle and begun again, ends in the same rows, and what is read never goes back', async () => {
    await append(20_000);
    const first = start();
    await until('all is counted', hasReadAll);
    await first.stop();
    await rowsOf(events.admin, `UPDATE wallet_activity SET sum = sum + 1, event_count = 0`);

    let isLoaded = true;
    const load = (async () => {
      // Less after a while: a slow machine has to catch up at some time.
      for (let n = 0; isLoaded; n += 1) {
        await append(20);
        await sleep(n < 500 ? 5 : 200);
      }
    })();
    let lastPosition = 0;
    const readers = (async () => {
      while (isLoaded) {
        const { upToPosition } = await readActivity(events.service, DEFAULT_TENANT, WALLET, '2026-01-01', '2026-02-01');
        assert.ok(upToPosition >= lastPosition, `${upToPosition} follows ${lastPosition}`);
        lastPosition = upToPosition;
        await sleep(2);
      }
    })();
    try {
      assert.deepEqual(await requestRebuild(events.service, NAME), { isRequested: true });
      assert.deepEqual(await requestRebuild(events.service, NAME), { isRequested: true }, 'a repeat changes nothing');
      const killed = await startProcess();
      await until('it has begun', async () => {
        const { next } = await readProjection(events.service, NAME);
        return next === undefined || next.position > 2_000;
      });
      killed.kill('SIGKILL');
      await Promise.all([startProcess(), startProcess()]);
      await until('it is rebuilt', isRebuilt, 240_000);
    } finally {
      isLoaded = false;
      await Promise.all([load, readers]);
    }
    await until('all is counted', hasReadAll);
    assert.equal((await readProjection(events.service, NAME)).live.generation, 2);
    assert.deepEqual(await rowsOfGeneration(), await rowsByTheLog());
    await until('nothing is left of the old one', async () => {
      const left = await rowsOf(
        events.admin,
        `SELECT consumer FROM consumer_cursors WHERE consumer LIKE '%.1' UNION SELECT consumer FROM processed_events WHERE consumer LIKE '%.1'
         UNION SELECT generation::text FROM wallet_activity WHERE generation = 1`,
      );
      return left.length === 0;
    });
  });

  test('a rebuild with an event that cannot be counted does not take the place of the live one until it is retried', async () => {
    await append(100);
    start();
    await until('all is counted', hasReadAll);
    // As a fault of the handler is: the next generation cannot be written.
    await rowsOf(events.admin, `ALTER TABLE wallet_activity ADD CONSTRAINT fault CHECK (generation = 1 OR sum < 0)`);
    await requestRebuild(events.service, NAME);
    await until('it has failed', async () => (await readProjection(events.service, NAME)).next!.parkedCount > 0);
    assert.equal((await readProjection(events.service, NAME)).live.generation, 1);
    await rowsOf(events.admin, `ALTER TABLE wallet_activity DROP CONSTRAINT fault`);
    await until('it is rebuilt', isRebuilt);
    assert.deepEqual(await rowsOfGeneration(), await rowsByTheLog());
  });

  test('a rebuild is refused once the log has lost its beginning', async () => {
    await append(10);
    await rowsOf(events.admin, 'UPDATE log_head SET first_position = 5');
    assert.deepEqual(await requestRebuild(events.service, NAME), { isRequested: false, firstPosition: 5 });
    const { next } = await readProjection(events.service, NAME);
    assert.equal(next, undefined);
    assert.deepEqual(await rowsOf(events.admin, 'SELECT consumer FROM consumer_cursors'), []);
  });

  test("the tables of the events service's consumers are those of the package", async () => {
    const admin = cluster.open(cluster.urls('postgres', 'events').adminUrl);
    await rowsOf(admin, 'CREATE DATABASE of_the_package');
    const own = cluster.open(cluster.urls('of_the_package', 'events').adminUrl);
    await rowsOf(own, CONSUMER_TABLES);
    await rowsOf(own, CONSUMER_TABLES);
    const catalog = (database: Database): Promise<unknown[]> =>
      rowsOf(
        database,
        `SELECT concat_ws(' ', table_name, column_name, data_type, datetime_precision, column_default, is_nullable) AS line
         FROM information_schema.columns
         WHERE table_name IN ('consumer_cursors', 'processed_events', 'parked_events', 'dead_letters')
         UNION ALL SELECT indexdef FROM pg_indexes WHERE tablename IN ('consumer_cursors', 'processed_events', 'parked_events')
         UNION ALL SELECT pg_get_viewdef('dead_letters'::regclass) ORDER BY 1`,
      );
    const lines = await catalog(own);
    assert.ok(lines.length > 30);
    assert.deepEqual(await catalog(events.admin), lines);
  });
});
