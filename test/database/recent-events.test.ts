import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { takeLease } from '../../db/events/lease-queries.ts';
import { openCursor, readLog } from '../../db/events/log-queries.ts';
import type { CloudEvent } from '../../domain/event.ts';
import { openLog, type LogWriter } from '../../workers/events/log-writer.ts';
import { createRecentEvents, type RecentEvents } from '../../workers/events/recent-events.ts';
import { startWalletActivity } from '../../workers/events/wallet-activity.ts';
import { until } from './consuming.ts';
import { rowsOf, startCluster, type TestCluster, type TestDatabase } from './database.ts';

const LIMIT = 2_000;

describe('the events that this process has appended', () => {
  let cluster: TestCluster;
  let events: TestDatabase;
  let recent: RecentEvents;
  let log: LogWriter;
  before(async () => {
    cluster = await startCluster();
  });
  after(() => cluster?.stop());
  beforeEach(async () => {
    ({ events } = await cluster.createStores({ shards: 1 }));
    recent = createRecentEvents({ keptMs: 600_000 });
    log = await openWriter('one', recent);
  });

  async function openWriter(holder: string, noted?: RecentEvents): Promise<LogWriter> {
    await rowsOf(events.admin, 'DELETE FROM leases');
    return openLog(events.service, (await takeLease(events.service, 'relay', holder, 600_000))!, noted);
  }

  /** The log as it was after its first events. */
  const restore = (position: number): Promise<unknown> =>
    rowsOf(
      events.admin,
      `DELETE FROM event_log WHERE position > ${position};
       UPDATE log_head SET position = ${position}, chain = (SELECT chain FROM event_log WHERE position = ${position})`,
    );

  async function append(first: number, count: number, type = 'test.happened'): Promise<boolean> {
    const all = Array.from({ length: count }, (_, n): CloudEvent => {
      const id = `${type}/${first + n}`;
      return {
        specversion: '1.0',
        id,
        source: 'urn:counterpoise:test',
        type,
        subject: `11111111-1111-8111-8111-11111111111${n % 3}`,
        time: '2026-01-31T12:00:00.000Z',
        datacontenttype: 'application/json',
        dataschema: `urn:counterpoise:event:${type}:v1`,
        data: { amount: `${n}.0000` },
      };
    });
    return log.append(
      all.map((event) => ({ event, payload: JSON.stringify(event) })),
      await openCursor(events.service, 'transfer', 'server'),
    );
  }

  /** Undefined if nothing is read there. */
  const readTo = async (after: number): Promise<number | undefined> =>
    (await recent.read(events.service, after, LIMIT))?.readTo;

  /** The same from the database. */
  const stored = async (from: number, to: number): Promise<unknown[]> =>
    (await readLog(events.service, from, to - from, {}, to - from)).events.map(({ position, event }) => ({
      position,
      ...event,
    }));

  test('are read as the database has them, from any position, over several appends', async () => {
    await append(1, 10);
    await append(11, 1);
    await append(12, 30);
    for (const from of [0, 4, 10, 11, 40]) {
      const page = (await recent.read(events.service, from, LIMIT))!;
      assert.deepEqual(page.events, await stored(from, 41));
      assert.deepEqual([page.readTo, page.head.position, page.head.firstPosition], [41, 41, 1]);
    }
    assert.equal(await readTo(41), undefined);
  });

  test('are read in pages, over the ends of appends, and no further back than twenty thousand of them', async () => {
    for (let n = 0; n < 6; n += 1) await append(4_000 * n + 1, 4_000);
    assert.equal(await readTo(3_999), undefined);
    assert.equal(await readTo(4_000), 6_000);
    const page = (await recent.read(events.service, 7_000, LIMIT))!;
    assert.deepEqual([page.events[0]!.position, page.events.length, page.readTo], [7_001, 2_000, 9_000]);
    assert.equal(await readTo(23_500), 24_000);
  });

  test('are not read if the log was restored and has others at their positions', async () => {
    await append(1, 5);
    await append(6, 5);
    await restore(5);
    assert.equal(await readTo(5), undefined);
    assert.equal(await readTo(3), undefined);

    log = await openWriter('after the restore', recent);
    await append(100, 5);
    assert.deepEqual((await recent.read(events.service, 5, LIMIT))!.events, await stored(5, 10));
    assert.equal(await readTo(3), undefined);
  });

  test('are not read if another process has written others at their positions, even once this one goes on there', async () => {
    await append(1, 5);
    await append(6, 5);
    await restore(5);
    log = await openWriter('another process');
    await append(100, 5);
    log = await openWriter('this one', recent);
    await append(200, 5);
    assert.equal(await readTo(5), undefined);
    assert.deepEqual((await recent.read(events.service, 10, LIMIT))!.events, await stored(10, 15));
  });

  test('are not those of an append that was refused', async () => {
    await append(1, 5);
    await rowsOf(events.admin, 'UPDATE leases SET token = token + 1');
    assert.equal(await append(6, 5), false);
    assert.equal(await readTo(5), undefined);
    assert.equal(await readTo(0), 5);
  });

  test('are not looked for where another process has written since', async () => {
    await append(1, 5);
    log = await openWriter('another process');
    await append(6, 5);
    const page = (await recent.read(events.service, 0, LIMIT))!;
    assert.deepEqual([page.readTo, page.head.position], [5, 10]);
    assert.equal(await readTo(5), undefined);
  });

  test('are let go after a while', async () => {
    recent = createRecentEvents({ keptMs: 1 });
    log = await openWriter('one', recent);
    await append(1, 5);
    await sleep(50);
    assert.equal(await readTo(0), undefined);
  });

  test('are what a projection is made of, and not what the database would send of them', async () => {
    await append(1, 30, 'wallet.credited');
    await rowsOf(events.admin, `UPDATE event_log SET payload = '{}'`);
    const projection = startWalletActivity({
      database: events.service,
      logger: pino({ level: 'silent' }),
      recent,
    });
    try {
      const counted = (): Promise<{ count: number; sum: string }[]> =>
        rowsOf(events.admin, 'SELECT sum(event_count)::int AS count, sum(sum)::text AS sum FROM wallet_activity');
      await until('all is counted', async () => (await counted())[0]!.count === 30);
      assert.deepEqual(await counted(), [{ count: 30, sum: '435.0000' }]);
    } finally {
      await projection.stop();
    }
  });
});
