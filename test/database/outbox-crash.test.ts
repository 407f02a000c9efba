// An outbox whose server crashes: PostgreSQL gives the numbers of transactions that left nothing behind out again, and the relay has
// claimed to have read none of them. And a relay that has lost its lease stops nobody's outbox.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { Database } from '../../db/database.ts';
import { takeLease } from '../../db/events/lease-queries.ts';
import { findCursor, openCursor, stopCursor } from '../../db/events/log-queries.ts';
import { openWindow, outboxServer, sumOutbox } from '../../db/outbox-queries.ts';
import { copyOutbox } from './copy-outbox.ts';
import { rowsOf, startCluster, type TestCluster, type TestStores } from './database.ts';

const LIMITS = { rowsMax: 2_000, eventsMax: 4_000 };
const SOURCE = 'transfer';

describe('an outbox', () => {
  let cluster: TestCluster;
  let stores: TestStores;
  let admin: Database;
  let outbox: Database;
  before(async () => {
    cluster = await startCluster();
  });
  beforeEach(async () => {
    stores = await cluster.createStores({ shards: 1 });
    admin = stores.transfer.admin;
    outbox = cluster.open(stores.transfer.relayUrl);
  });
  after(() => cluster?.stop());

  const event = (id: string): string =>
    `'${id}', 'test.happened', 'a', '{"id":"${id}","type":"test.happened","subject":"a","time":"2026-01-31T12:00:00.000Z","data":{}}'`;
  const emit = (id: string): Promise<unknown> =>
    rowsOf(admin, `INSERT INTO outbox_events (event_id, type, subject, payload) VALUES (${event(id)})`);
  /** A transaction that has a number and leaves nothing behind, not even in the server's log after a crash. */
  async function abort(): Promise<string> {
    const client = await admin.$client.connect();
    try {
      await client.query('BEGIN');
      const { rows } = await client.query<{ xid: string }>('SELECT pg_current_xact_id()::text AS xid');
      await client.query('ROLLBACK');
      return rows[0]!.xid;
    } finally {
      client.release();
    }
  }
  /** As after a crash that has taken a number back: the next transaction has it again. */
  const emitAs = (xid: string, id: string): Promise<unknown> =>
    rowsOf(admin, `INSERT INTO outbox_events (xid, event_id, type, subject, payload) VALUES ('${xid}', ${event(id)})`);

  test('a number that an aborted transaction had, and that is given out again after a crash, is not taken for read', async () => {
    await emit('1');
    const [first, second] = [await abort(), await abort()];
    await copyOutbox(stores.events.service, new Map([[SOURCE, outbox]]), SOURCE);
    await emitAs(first, '2');
    await emitAs(second, '3');
    await emit('4');
    await copyOutbox(stores.events.service, new Map([[SOURCE, outbox]]), SOURCE);
    const logged = await rowsOf<{ event_id: string }>(
      stores.events.admin,
      'SELECT event_id FROM event_log ORDER BY position',
    );
    assert.deepEqual(
      logged.map(({ event_id }) => event_id),
      ['1', '2', '3', '4'],
    );
  });

  test('is read without a gap and without a repeat while transactions abort, stay open and commit late', async () => {
    const late = await admin.$client.connect();
    let since: string | undefined;
    const read: string[] = [];
    const look = async (): Promise<void> => {
      const page = await openWindow(outbox, since, LIMITS);
      read.push(...page.rows.map(({ eventId }) => eventId));
      since = page.end;
    };
    try {
      await look();
      await late.query('BEGIN');
      await late.query(`INSERT INTO outbox_events (event_id, type, subject, payload) VALUES (${event('late')})`);
      await emit('1');
      await abort();
      await look();
      await look();
      await emit('2');
      await look();
      await late.query('COMMIT');
      await look();
      await abort();
      await look();
    } finally {
      late.release();
    }
    assert.deepEqual(read, ['1', '2', 'late']);
  });

  test('is summed in statements that are short, however many rows it has', async () => {
    await rowsOf(
      admin,
      `INSERT INTO outbox_events (event_id, type, subject, payload) SELECT n, 'test.happened', 'a', json_build_object('data', json_build_object('n', n)) FROM generate_series(1, 1700) n`,
    );
    const { end } = await openWindow(outbox, undefined, LIMITS);
    await emit('not in the snapshot');
    const [sum] = await sumOutbox(outbox, end);
    const [all] = await rowsOf<{ digest: string }>(
      admin,
      `SELECT sum(event_digest(event_id, subject, (payload -> 'data')::jsonb)) AS digest FROM outbox_events WHERE event_id <> 'not in the snapshot'`,
    );
    assert.deepEqual(sum, { type: 'test.happened', count: 1_700n, digest: BigInt(all!.digest) });
  });

  test('is not stopped by a relay that has lost its lease, or that has judged it by an older cursor', async () => {
    const events = stores.events.service;
    await emit('1');
    const frozen = await takeLease(events, 'relay', 'frozen', 0);
    const seen = await openCursor(events, SOURCE, await outboxServer(outbox));
    await copyOutbox(events, new Map([[SOURCE, outbox]]), SOURCE, 'successor');
    const now = (await findCursor(events, SOURCE))!;
    assert.equal(await stopCursor(events, frozen!, now, 'it was emptied'), false);
    const lease = await takeLease(events, 'relay', 'third', 60_000);
    assert.equal(await stopCursor(events, lease!, seen, 'it was emptied'), false);
    assert.equal((await findCursor(events, SOURCE))!.stoppedReason, undefined);
    assert.equal(await stopCursor(events, lease!, now, 'it was emptied'), true);
    assert.equal((await findCursor(events, SOURCE))!.stoppedReason, 'it was emptied');
  });

  test('a lease that was taken while the clock was a day ahead keeps nobody out', async () => {
    const events = stores.events.service;
    await takeLease(events, 'relay', 'of tomorrow', 10_000);
    await rowsOf(stores.events.admin, `UPDATE leases SET expires_at = expires_at + interval '25 hours'`);
    assert.notEqual(await takeLease(events, 'relay', 'of today', 10_000), undefined);
  });
});
