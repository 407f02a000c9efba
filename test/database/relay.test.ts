import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import type { Database } from '../../db/database.ts';
import { appendEvents, openCursor, readHead } from '../../db/events/log-queries.ts';
import { leaveLease, takeLease } from '../../db/events/lease-queries.ts';
import type { CloudEvent } from '../../domain/event.ts';
import { unfoldEvents, type FoldedEvents } from '../../domain/events/folded-events.ts';
import { openLog } from '../../workers/events/log-writer.ts';
import { createOutboxCopy } from '../../workers/events/outbox-copy.ts';
import { startRelay } from '../../workers/events/relay.ts';
import { copyOutbox, openOutboxes } from './copy-outbox.ts';
import { rowsOf, startCluster, type TestCluster, type TestStores } from './database.ts';

const logger = pino({ level: 'silent' });
const untilBurstIsOver = async (): Promise<void> => {};

describe('the relay', () => {
  let cluster: TestCluster;
  let stores: TestStores;
  let outboxes: Map<string, Database>;
  before(async () => {
    cluster = await startCluster();
  });
  after(() => cluster?.stop());

  async function fresh(): Promise<void> {
    stores = await cluster.createStores();
    outboxes = openOutboxes(cluster, stores);
  }

  const log = (): Promise<
    { position: number; event_id: string; subject: string; source: string; text: string; chain: string }[]
  > =>
    rowsOf(
      stores.events.admin,
      `SELECT position::int, event_id, subject, source, payload::text AS text, encode(chain, 'hex') AS chain FROM event_log ORDER BY position`,
    );
  const eventIds = async (): Promise<string[]> => (await log()).map(({ event_id }) => event_id);

  const copyAll = (source: string, holder?: string): Promise<void> =>
    copyOutbox(stores.events.service, outboxes, source, holder);

  const event = (id: string, subject = 'a'): CloudEvent => ({
    specversion: '1.0',
    id,
    source: 'urn:counterpoise:test',
    type: 'test.happened',
    subject,
    time: '2026-01-31T12:00:00.000Z',
    datacontenttype: 'application/json',
    dataschema: 'urn:counterpoise:event:test.happened:v1',
    data: {},
  });
  const insertion = (events: readonly CloudEvent[]): string =>
    `INSERT INTO outbox_events (event_id, type, subject, payload) VALUES ${events
      .map((each) => `('${each.id}', '${each.type}', '${each.subject}', '${JSON.stringify(each)}')`)
      .join(', ')}`;
  const emit = (database: Database, ...ids: string[]): Promise<unknown> =>
    rowsOf(database, insertion(ids.map((id) => event(id))));

  test('a transaction that commits late is not skipped, whatever was read meanwhile', async () => {
    await fresh();
    const { admin } = stores.transfer;
    const late = await admin.$client.connect();
    await late.query('BEGIN');
    await late.query(insertion([event('late')]));
    await emit(admin, 'early');
    await copyAll('transfer');
    assert.deepEqual(await eventIds(), ['early']);
    await emit(admin, 'later');
    await copyAll('transfer');
    await late.query('COMMIT');
    late.release();
    await copyAll('transfer');
    await copyAll('transfer');
    assert.deepEqual(await eventIds(), ['early', 'later', 'late']);
  });

  test('what was rolled back is never in the log', async () => {
    await fresh();
    const { admin } = stores.transfer;
    const client = await admin.$client.connect();
    await client.query('BEGIN');
    await client.query(insertion([event('undone')]));
    await copyAll('transfer');
    await client.query('ROLLBACK');
    client.release();
    await emit(admin, 'done');
    await copyAll('transfer');
    assert.deepEqual(await eventIds(), ['done']);
  });

  test('the events of one subject keep their order, although an earlier transaction wrote the later one', async () => {
    await fresh();
    const { admin } = stores.transfer;
    await rowsOf(admin, 'CREATE TABLE subjects (name text PRIMARY KEY)');
    await rowsOf(admin, `INSERT INTO subjects VALUES ('a')`);
    const [first, second] = await Promise.all([admin.$client.connect(), admin.$client.connect()]);
    const lock = `SELECT FROM subjects WHERE name = 'a' FOR NO KEY UPDATE`;
    // The second one has the lower transaction number, and the lock only after the first one's commit.
    await second.query('BEGIN; SELECT pg_current_xact_id()');
    await first.query(`BEGIN; SELECT pg_current_xact_id(); ${lock}`);
    const waiting = second.query(lock);
    await first.query(insertion([event('1')]));
    await copyAll('transfer');
    await first.query('COMMIT');
    await waiting;
    await second.query(insertion([event('2')]));
    await copyAll('transfer');
    await second.query('COMMIT');
    await copyAll('transfer');
    first.release();
    second.release();
    assert.deepEqual(await eventIds(), ['1', '2']);
  });

  test('positions have no gap, and each chain is made of the one before and the payload', async () => {
    await fresh();
    await emit(stores.transfer.admin, 't1', 't2');
    await emit(stores.wallets[0]!.admin, 'w1');
    await copyAll('transfer');
    await copyAll('wallet-0');
    await emit(stores.transfer.admin, 't3');
    await copyAll('transfer');
    const rows = await log();
    assert.deepEqual(
      rows.map(({ position, event_id, source }) => [position, event_id, source]),
      [
        [1, 't1', 'transfer'],
        [2, 't2', 'transfer'],
        [3, 'w1', 'wallet-0'],
        [4, 't3', 'transfer'],
      ],
    );
    let chain = Buffer.alloc(32);
    for (const row of rows) {
      chain = createHash('sha256').update(chain).update(row.text).digest();
      assert.equal(row.chain, chain.toString('hex'));
    }
    assert.equal((await readHead(stores.events.service)).chain, chain.toString('hex'));
  });

  test('a window of many pages is copied once and whole, also if the relay ends between two pages', async () => {
    await fresh();
    const { admin } = stores.transfer;
    const count = 9_500;
    await rowsOf(
      admin,
      `INSERT INTO outbox_events (event_id, type, subject, payload)
       SELECT 'e' || n, 'test.happened', 's' || n % 7, replace(replace('${JSON.stringify(event('ID', 'SUBJECT'))}', 'ID', 'e' || n), 'SUBJECT', 's' || n % 7)::json
       FROM generate_series(1, ${count}) n ORDER BY n`,
    );
    const database = stores.events.service;
    for (let relay = 1; ; relay += 1) {
      const lease = await takeLease(database, 'relay', `relay ${relay}`, 60_000);
      const copy = createOutboxCopy({
        source: 'transfer',
        outbox: outboxes.get('transfer')!,
        database,
        log: await openLog(database, lease!),
        untilBurstIsOver,
        logger,
      });
      // The first look at a burst only waits for its end.
      const first = await copy();
      const { hasMore } = first.events === 0 && first.hasMore ? await copy() : first;
      await leaveLease(database, 'relay', `relay ${relay}`);
      // What is written between two pages is in a later window, behind the whole of this one.
      if (relay === 2) await emit(admin, 'newer');
      if (!hasMore) break;
    }
    await copyAll('transfer');
    assert.deepEqual(await eventIds(), [...Array.from({ length: count }, (_, n) => `e${n + 1}`), 'newer']);
  });

  test('a row of many events is as many in the log, in its order', async () => {
    await fresh();
    const { id: _, subject: __, data: ___, ...envelope } = event('');
    const folded: FoldedEvents = {
      folded: 1,
      event: envelope,
      subject: 'wallet_id',
      columns: ['transfer_id', 'wallet_id', 'amount', 'reason'],
      rows: [
        ['t1', 'w1', '1.0000', null],
        ['t2', 'w1', '2.0000', 'late'],
      ],
    };
    await rowsOf(
      stores.wallets[1]!.admin,
      `INSERT INTO outbox_events (event_id, type, event_count, payload) VALUES ('folded/1', 'test.happened', 2, '${JSON.stringify(folded)}')`,
    );
    await copyAll('wallet-1');
    const rows = await log();
    assert.deepEqual(
      rows.map(({ text }) => JSON.parse(text) as unknown),
      [
        {
          ...envelope,
          id: 'test.happened/t1',
          subject: 'w1',
          data: { transfer_id: 't1', wallet_id: 'w1', amount: '1.0000' },
        },
        {
          ...envelope,
          id: 'test.happened/t2',
          subject: 'w1',
          data: { transfer_id: 't2', wallet_id: 'w1', amount: '2.0000', reason: 'late' },
        },
      ],
    );
    assert.deepEqual(
      rows.map(({ subject }) => subject),
      ['w1', 'w1'],
    );
    assert.equal(unfoldEvents(folded).length, 2);
  });

  test('a relay that was frozen past its lease appends nothing and moves no cursor when it thaws', async () => {
    await fresh();
    const database = stores.events.service;
    await emit(stores.transfer.admin, 'once');
    const frozen = await takeLease(database, 'relay', 'frozen', 0);
    const writer = await openLog(database, frozen!);
    await copyAll('transfer', 'successor');
    const before = await openCursor(database, 'transfer', '');
    const copy = createOutboxCopy({
      source: 'transfer',
      outbox: outboxes.get('transfer')!,
      database,
      log: writer,
      untilBurstIsOver,
      logger,
    });
    await emit(stores.transfer.admin, 'twice');
    assert.equal((await copy()).isLost, true);
    assert.deepEqual(await openCursor(database, 'transfer', ''), before);
    assert.deepEqual(await eventIds(), ['once']);
  });

  test('an append behind anything but the head changes nothing', async () => {
    await fresh();
    const database = stores.events.service;
    const lease = await takeLease(database, 'relay', 'one', 60_000);
    const cursor = await openCursor(database, 'transfer', 'server');
    const chained = [{ event: event('1'), payload: JSON.stringify(event('1')), chain: '00'.repeat(32) }];
    assert.equal(await appendEvents(database, lease!, 0, chained, cursor), true);
    assert.equal(await appendEvents(database, lease!, 0, chained, cursor), false);
    assert.equal(await appendEvents(database, { ...lease!, token: lease!.token - 1 }, 1, chained, cursor), false);
    assert.deepEqual(await eventIds(), ['1']);
  });

  test('an outbox that was restored is read no further, and the others are', async () => {
    await fresh();
    const { admin } = stores.transfer;
    await emit(admin, '1', '2');
    await copyAll('transfer');
    // As a restore does: the newest rows are gone, and their sequences come again.
    await rowsOf(admin, `DELETE FROM outbox_events WHERE event_id = '2'`);
    await rowsOf(admin, `SELECT setval('outbox_sequence', 1)`);
    await emit(admin, 'other');
    await copyAll('transfer');
    await emit(stores.wallets[0]!.admin, 'w');
    await copyAll('wallet-0');
    assert.deepEqual(await eventIds(), ['1', '2', 'w']);
    assert.match((await openCursor(stores.events.service, 'transfer', '')).stoppedReason!, /lacks 2, .* restored/);
  });

  test('an outbox that is written to all the time has no other read more often than by itself', async () => {
    await fresh();
    const relay = startRelay({ database: stores.events.service, outboxes, retentionDays: 90, logger });
    let reads = 0;
    const read = (): void => void (reads += 1);
    const other = outboxes.get('wallet-0')!.$client.on('acquire', read);
    try {
      const endsAt = performance.now() + 2_000;
      for (; performance.now() < endsAt; await sleep(5)) relay.wake('transfer');
      // Every 150 ms, and now and then to see what waits and what can go.
      assert.ok(reads < 25, `${reads} reads`);
    } finally {
      other.off('acquire', read);
      await relay.stop();
    }
  });

  test('two relays copy everything once, and an outbox that hangs delays no other', async () => {
    await fresh();
    const database = stores.events.service;
    const hanging = cluster.open(stores.wallets[1]!.relayUrl);
    const relays = [1, 2].map(() =>
      startRelay({ database, outboxes: new Map([...outboxes, ['wallet-1', hanging]]), retentionDays: 90, logger }),
    );
    const locked = await stores.wallets[1]!.admin.$client.connect();
    await locked.query('BEGIN; LOCK TABLE outbox_events');
    try {
      const ids = Array.from({ length: 30 }, (_, n) => `t${n}`);
      for (const id of ids) {
        await emit(stores.transfer.admin, id);
        for (const relay of relays) relay.wake('transfer');
      }
      const deadline = performance.now() + 30_000;
      while ((await log()).length < 30) assert.ok(performance.now() < deadline, 'the log does not catch up');
      assert.deepEqual(await eventIds(), ids);
    } finally {
      await locked.query('ROLLBACK');
      locked.release();
      await Promise.all(relays.map((relay) => relay.stop()));
    }
  });
});
