// A page of the event log costs what is near it, however much follows, also where PostgreSQL knows nothing yet of a young partition.
// PostgreSQL itself counts the rows, so a busy machine changes nothing.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { closeDatabases, openDatabase, type Database } from '../../db/database.ts';
import { readLog, type LogFilter } from '../../db/events/log-queries.ts';
import { rowsOf, startCluster, type TestCluster } from './database.ts';

const EVENTS = 30_000;
const POSITIONS_MAX = 20_000;
const RARE_AT = 5_000;

describe('a page of the event log', () => {
  let cluster: TestCluster;
  let log: Database;
  before(async () => {
    cluster = await startCluster();
    const { events } = await cluster.createStores();
    log = openDatabase(events.adminUrl, { applicationName: 'test', connectionsMax: 1, queryTimeoutMs: 30_000 });
    await rowsOf(
      log,
      `INSERT INTO event_log (position, event_id, type, subject, time, source, payload, chain)
       SELECT n, n, CASE WHEN n = ${RARE_AT} THEN 'rare' WHEN n % 4 = 0 THEN 'a' ELSE 'b' END, 's', now(), 'transfer', '{}', ''
       FROM generate_series(1, ${EVENTS}) n`,
    );
    await rowsOf(log, `UPDATE log_head SET position = ${EVENTS}`);
  });
  after(async () => {
    await closeDatabases([log]);
    await cluster?.stop();
  });

  const rowsRead = async (): Promise<number> => {
    await rowsOf(log, 'SELECT pg_stat_force_next_flush()');
    const [row] = await rowsOf<{ n: string }>(
      log,
      `SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) AS n FROM pg_stat_user_tables WHERE relname LIKE 'event\\_log\\_%'`,
    );
    return Number(row!.n);
  };

  const pages: Record<string, { filter: LogFilter; limit: number; found: number; readMax: number }> = {
    'of all events': { filter: {}, limit: 500, found: 500, readMax: 500 },
    'of some types': { filter: { types: ['a'] }, limit: 500, found: 500, readMax: 2_000 },
    'of many events of some types': { filter: { types: ['b'] }, limit: 2_000, found: 2_000, readMax: 4_000 },
  };
  for (const [what, { filter, limit, found, readMax }] of Object.entries(pages))
    test(`${what} does not read all that follows`, async () => {
      const earlier = await rowsRead();
      const { events } = await readLog(log, 0, limit, filter, POSITIONS_MAX);
      assert.equal(events.length, found);
      const read = (await rowsRead()) - earlier;
      assert.ok(read <= readMax, `${read} rows were read for a page of ${found}`);
    });

  test('has what is far away all the same, and says how far was looked', async () => {
    const { events, readTo } = await readLog(log, 0, 10, { types: ['rare'] }, POSITIONS_MAX);
    assert.deepEqual(
      events.map(({ position }) => position),
      [RARE_AT],
    );
    assert.equal(readTo, POSITIONS_MAX);
    assert.equal((await readLog(log, RARE_AT, 10, { types: ['rare'] }, POSITIONS_MAX)).readTo, RARE_AT + POSITIONS_MAX);
    assert.equal((await readLog(log, EVENTS - 10, 10, { types: ['rare'] }, POSITIONS_MAX)).readTo, EVENTS);
  });
});
