// The event log lets old events go: only what is old enough and was read by everybody, with its counts kept, and without anybody who
// waits.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { checkEventLog } from '../../audit/event-log.ts';
import { collectFindings } from '../../audit/findings.ts';
import { withSnapshots } from '../../audit/reader.ts';
import type { Database } from '../../db/database.ts';
import { takeLease } from '../../db/events/lease-queries.ts';
import { expireEvents, extendLog, openCursor, readHead, readLog } from '../../db/events/log-queries.ts';
import { copyOutbox } from './copy-outbox.ts';
import { rowsOf, startCluster, type TestCluster, type TestStores } from './database.ts';

const DAY_MS = 24 * 3600 * 1_000;
const RETENTION_DAYS = 90;

describe('the event log', () => {
  let cluster: TestCluster;
  let stores: TestStores;
  let admin: Database;
  let events: Database;
  before(async () => {
    cluster = await startCluster();
  });
  beforeEach(async () => {
    stores = await cluster.createStores({ shards: 1 });
    admin = stores.events.admin;
    events = stores.events.service;
  });
  after(() => cluster?.stop());

  /** Events of these ages, in this order, copied from the transfer service's outbox. */
  async function log(...agesInDays: number[]): Promise<void> {
    const rows = agesInDays.map((days, n) => {
      const id = `test.happened/${days}-${n}`;
      const time = new Date(Date.now() - days * DAY_MS).toISOString();
      return `('${id}', 'test.happened', 's', '{"id":"${id}","type":"test.happened","subject":"s","time":"${time}","data":{"n":"${n}"}}')`;
    });
    await rowsOf(
      stores.transfer.admin,
      `INSERT INTO outbox_events (event_id, type, subject, payload) VALUES ${rows.join()}`,
    );
    await copyOutbox(events, new Map([['transfer', cluster.open(stores.transfer.relayUrl)]]), 'transfer');
  }
  /** Makes the partitions so small. */
  async function partitionsOf(size: number): Promise<void> {
    await rowsOf(admin, 'DROP TABLE event_log_1');
    for (let first = 1; first < 5 * size; first += size)
      await rowsOf(
        admin,
        `CREATE TABLE event_log_${first} PARTITION OF event_log FOR VALUES FROM (${first}) TO (${first + size}); ALTER TABLE event_log_${first} OWNER TO events_owner`,
      );
  }
  const partitions = async (): Promise<string[]> =>
    (await rowsOf<{ name: string }>(admin, 'SELECT name FROM log_partitions()')).map(({ name }) => name);
  const expire = async (eventsMax = 1_000): Promise<void> => {
    while (await expireEvents(events, RETENTION_DAYS, eventsMax));
  };
  const audited = async (): Promise<string[]> => {
    const findings = collectFindings();
    const read = [
      { database: admin, locked: ['event_log', 'outbox_events'] },
      { database: stores.transfer.admin, locked: ['outbox_events'] },
    ];
    await withSnapshots(read, ([log, transfer]) =>
      checkEventLog(log!, [{ name: 'transfer', reader: transfer! }], findings),
    );
    return findings.violations().map(({ subject, detail }) => `${subject}: ${detail}`);
  };
  const readers = (rows: string): Promise<unknown> =>
    rowsOf(
      admin,
      `CREATE OR REPLACE FUNCTION log_readers() RETURNS TABLE (reader text, read_position bigint) LANGUAGE sql STABLE AS $$ ${rows} $$`,
    );

  test('lets go what is older than its retention, up to the first event that is not', async () => {
    await log(100, 95, 1, 120, 0);
    await expire();
    const head = await readHead(events);
    assert.equal(head.firstPosition, 3);
    const { events: read } = await readLog(events, 2, 10, {}, 100);
    assert.deepEqual(
      read.map(({ position }) => position),
      [3, 4, 5],
    );
    const [seal] = await rowsOf(admin, 'SELECT source, type, event_count::int FROM log_seals');
    assert.deepEqual(seal, { source: 'transfer', type: 'test.happened', event_count: 2 });
    assert.deepEqual(await audited(), []);
    await expire();
    assert.equal((await readHead(events)).firstPosition, 3);
  });

  test('is not kept by events whose clock was ahead: they go with the next one that is old, and stay before one that is not', async () => {
    await log(-400, 100, -400, -400, 95, -400, 1, -400);
    await expire();
    const heads = await rowsOf(
      admin,
      `SELECT first_position::int, dropped_time < now() - interval '90 days' AS is_dropped_past FROM log_head`,
    );
    assert.deepEqual(heads, [{ first_position: 6, is_dropped_past: true }]);
    assert.deepEqual(await audited(), []);
    await expire(1);
    assert.equal((await readHead(events)).firstPosition, 6);
    await rowsOf(admin, `UPDATE event_log SET time = now() - interval '100 days' WHERE position = 7`);
    await expire(1);
    assert.equal((await readHead(events)).firstPosition, 8, 'the newest one stays');
  });

  test('may let everything go, and its positions and its chain go on', async () => {
    await log(100, 95);
    await expire(1);
    assert.deepEqual(await readLog(events, 2, 10, {}, 100), {
      events: [],
      readTo: 2,
      head: { ...(await readHead(events)), position: 2, firstPosition: 3 },
    });
    await log(0);
    assert.equal((await readLog(events, 2, 10, {}, 100)).events[0]?.position, 3);
    assert.deepEqual(await audited(), []);
  });

  test('drops a partition once all its events have gone', async () => {
    await partitionsOf(3);
    await log(100, 100, 100, 100, 1, 1, 1);
    await expire(2);
    assert.equal((await partitions())[0], 'event_log_4');
    assert.equal((await readHead(events)).firstPosition, 5);
    assert.deepEqual(await audited(), []);
    const [row] = await rowsOf<{ digests: boolean }>(
      admin,
      `SELECT event_count = 4 AND digest <> 0 AS digests FROM log_seals`,
    );
    assert.equal(row!.digests, true);
  });

  test('keeps what a reader has not read, but not for more than twice its retention', async () => {
    await log(200, 170, 160, 100, 1);
    await readers(`VALUES ('a', 3::bigint), ('b', 2::bigint)`);
    await expire();
    assert.equal((await readHead(events)).firstPosition, 3);
    await readers(`VALUES ('a', 4::bigint)`);
    await expire();
    assert.equal((await readHead(events)).firstPosition, 5);

    stores = await cluster.createStores({ shards: 1 });
    [admin, events] = [stores.events.admin, stores.events.service];
    await log(200, 190, 170);
    await readers(`VALUES ('stopped', 0::bigint)`);
    await expire();
    assert.equal((await readHead(events)).firstPosition, 3);
  });

  test('is kept for Kafka, for consumers, and for all that a webhook endpoint has not delivered', async () => {
    const id = '11f0c2a4-5b6d-8e7f-8a9b-0c1d2e3f4a5b';
    const endpoint = (cursor: number): string =>
      `INSERT INTO webhook_endpoints (webhook_endpoint_id, url, ordering, cursor, secret) VALUES ('${id}', 'u', 'none', ${cursor}, '')`;
    const places: Readonly<Record<string, string>> = {
      kafka: `INSERT INTO log_cursors (name, position) VALUES ('kafka', 2)`,
      consumer: `INSERT INTO consumer_cursors (consumer, position) VALUES ('wallet_activity.1', 2)`,
      endpoint: endpoint(2),
      'what is tried again': `${endpoint(5)}; INSERT INTO webhook_deliveries (webhook_endpoint_id, position, type, subject, is_parking)
        VALUES ('${id}', 3, 't', 's', false)`,
      'what waits behind it': `${endpoint(5)}; INSERT INTO webhook_parked (webhook_endpoint_id, subject, read_to) VALUES ('${id}', 's', 2)`,
      'what is sent again': `${endpoint(5)}; INSERT INTO webhook_replays (replay_id, webhook_endpoint_id, body_hash, from_position, to_position, only_failed, read_to)
        VALUES ('${id}', '${id}', '', 1, 5, false, 2)`,
    };
    for (const [name, statement] of Object.entries(places)) {
      stores = await cluster.createStores({ shards: 1 });
      [admin, events] = [stores.events.admin, stores.events.service];
      await log(170, 160, 150, 100, 1);
      await rowsOf(admin, statement);
      await expire();
      assert.equal((await readHead(events)).firstPosition, 3, name);
    }
  });

  test('does not make its readers wait for a partition that is dropped, and is appended to meanwhile', async () => {
    await partitionsOf(3);
    await log(100, 100, 100, 1);
    const before = await partitions();
    const reader = await admin.$client.connect();
    try {
      await reader.query('BEGIN; LOCK TABLE event_log IN ACCESS SHARE MODE');
      await expire();
      assert.equal((await readHead(events)).firstPosition, 4);
      assert.deepEqual(await partitions(), before);
      // A new partition, too.
      await extendLog(events, 200_000);
      await log(0);
      assert.equal((await reader.query('SELECT FROM event_log')).rowCount, 5);
    } finally {
      await reader.query('ROLLBACK');
      reader.release();
    }
    await expire();
    assert.deepEqual(await partitions(), [...before.slice(1), 'event_log_100016']);
  });

  test('has partitions as large as a day, within bounds', async () => {
    const last = await extendLog(events, 150_000);
    assert.equal(last, 200_000);
    await rowsOf(
      admin,
      `INSERT INTO event_log (position, event_id, type, subject, time, source, payload, chain)
       SELECT n, n, 't', 's', now() - CASE WHEN n <= 60000 THEN interval '3 days' ELSE interval '3 hours' END, 'transfer', '{}', '' FROM generate_series(1, 190000) n`,
    );
    await rowsOf(admin, 'UPDATE log_head SET position = 190000');
    assert.equal(await extendLog(events, 200_001), 200_000 + 130_000);
  });

  test('is appended to in one partition, and read in one or two, however many there are', async () => {
    await partitionsOf(100);
    await log(...Array.from({ length: 250 }, () => 1));
    const touched = async (work: (database: Database) => Promise<unknown>): Promise<string[]> =>
      admin.transaction(async (tx) => {
        await work(tx as unknown as Database);
        const rows = await rowsOf<{ name: string }>(
          tx as unknown as Database,
          `SELECT DISTINCT relation::regclass::text AS name FROM pg_locks JOIN pg_class ON pg_class.oid = relation
           WHERE pid = pg_backend_pid() AND relispartition AND relkind = 'r' AND relation::regclass::text LIKE 'event_log%' ORDER BY 1`,
        );
        return rows.map(({ name }) => name);
      });
    assert.deepEqual(await touched((tx) => readLog(tx, 120, 10, {}, 50)), ['event_log_101']);
    assert.deepEqual(await touched((tx) => readLog(tx, 180, 50, {}, 100)), ['event_log_101', 'event_log_201']);
    const lease = await takeLease(events, 'relay', 'test', 60_000);
    const cursor = await openCursor(events, 'transfer', '');
    const statement = appendStatement(lease!.token, 250, cursor.source);
    assert.deepEqual(await touched((tx) => rowsOf(tx, statement)), ['event_log_201']);
  });
});

/** As appendEvents sends it, which needs a pool of its own. */
function appendStatement(token: number, position: number, source: string): string {
  return `SELECT append_events('relay', ${token}, ${position}, '${source}', NULL, NULL, NULL, NULL, NULL, 1, '00', 'e', 't', 's', '2026-01-31T12:00:00Z', '{}', '00')`;
}
