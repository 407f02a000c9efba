// An outbox is emptied of what is in the event log: of nothing else, with its counts kept, and without a movement that waits.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { pino } from 'pino';
import type { Database } from '../../db/database.ts';
import { CURRENT_SERVER } from '../../db/installation.ts';
import { truncateRelayed } from '../../db/outbox-queries.ts';
import type { FoldedEvents } from '../../domain/events/folded-events.ts';
import { createOutboxTruncation } from '../../workers/events/outbox-truncation.ts';
import { copyOutbox } from './copy-outbox.ts';
import { rowsOf, startCluster, type TestCluster, type TestStores } from './database.ts';
import { movementsOver } from './movements.ts';
import { userOnShard } from './wallets.ts';

const logger = pino({ level: 'silent' });
const PARTITION_SIZE = 65_536;

describe('an outbox', () => {
  let cluster: TestCluster;
  let stores: TestStores;
  let admin: Database;
  let outbox: Database;
  before(async () => {
    cluster = await startCluster();
    stores = await cluster.createStores();
    admin = stores.transfer.admin;
    outbox = cluster.open(stores.transfer.relayUrl);
  });
  after(() => cluster?.stop());

  beforeEach(async () => {
    await rowsOf(admin, 'TRUNCATE outbox_events, outbox_seals, outbox_seal_progress, outbox_truncation');
    await rowsOf(admin, `SELECT setval('outbox_sequence', 1, false)`);
    await rowsOf(stores.events.admin, 'TRUNCATE event_log, outbox_cursors');
    await rowsOf(stores.events.admin, 'UPDATE log_head SET position = 0');
  });

  const insertion = (...ids: string[]): string =>
    `INSERT INTO outbox_events (event_id, type, subject, payload) VALUES ${ids
      .map(
        (id) =>
          `('${id}', 'test.happened', 'a', '{"id": "${id}", "type": "test.happened", "subject": "a", "time": "2026-01-31T12:00:00.000Z", "data": {"id": "${id}"}}')`,
      )
      .join(', ')}`;
  const emit = (...ids: string[]): Promise<unknown> => rowsOf(admin, insertion(...ids));
  /** The next event is the first of a partition of the ring. */
  const beginPartition = (n: number): Promise<unknown> =>
    rowsOf(admin, `SELECT setval('outbox_sequence', ${n * PARTITION_SIZE}, false)`);
  const left = async (): Promise<string[]> =>
    (await rowsOf<{ event_id: string }>(admin, 'SELECT event_id FROM outbox_events ORDER BY sequence')).map(
      ({ event_id }) => event_id,
    );
  const seals = async (database = admin): Promise<unknown[]> =>
    rowsOf(database, 'SELECT type, event_count::int, digest, through_sequence::int FROM outbox_seals ORDER BY type');
  /** The digest of these events, by a statement of its own. */
  const digestOf = async (...ids: string[]): Promise<string> => {
    const rows = await rowsOf<{ digest: string }>(
      admin,
      `SELECT sum(event_digest(id, 'a', jsonb_build_object('id', id))) AS digest FROM unnest('{${ids.join()}}'::text[]) id`,
    );
    return rows[0]!.digest;
  };
  const copyAll = (): Promise<void> => copyOutbox(stores.events.service, new Map([['transfer', outbox]]), 'transfer');
  const truncate = async (): Promise<void> => {
    const step = createOutboxTruncation({ source: 'transfer', outbox, database: stores.events.service, logger });
    while (await step(false));
  };
  /** As the relay, with the present snapshot for its cursor. */
  const truncateStep = async (eventsMax = 1_000, onlyIfFull = false): Promise<boolean> => {
    const [row] = await rowsOf<{ snapshot: string; server_id: string }>(
      outbox,
      `SELECT pg_current_snapshot()::text AS snapshot, ${CURRENT_SERVER} AS server_id`,
    );
    const relayed = { snapshot: row!.snapshot, serverId: row!.server_id, witness: undefined };
    return truncateRelayed(outbox, relayed, { eventsMax, onlyIfFull });
  };

  test('loses the rows of a partition that is in the log, and keeps their counts and digests', async () => {
    await emit('1', '2', '3');
    await beginPartition(1);
    await emit('4');
    await copyAll();
    await truncate();
    assert.deepEqual(await left(), ['4']);
    const first = { type: 'test.happened', event_count: 3, digest: await digestOf('1', '2', '3'), through_sequence: 3 };
    assert.deepEqual(await seals(), [first]);
    await truncate();
    assert.deepEqual(await seals(), [first]);

    await beginPartition(2);
    await copyAll();
    await truncate();
    assert.deepEqual(await left(), []);
    assert.deepEqual(await seals(), [
      { ...first, event_count: 4, digest: await digestOf('1', '2', '3', '4'), through_sequence: PARTITION_SIZE },
    ]);
    // The newest row that was read is known although it is gone.
    await emit('5');
    await copyAll();
    const log = await rowsOf<{ event_id: string }>(
      stores.events.admin,
      'SELECT event_id FROM event_log ORDER BY position',
    );
    assert.deepEqual(
      log.map(({ event_id }) => event_id),
      ['1', '2', '3', '4', '5'],
    );
  });

  test('keeps what the stored cursor does not show: later rows, and the pages of an unfinished window', async () => {
    await emit('1');
    await copyAll();
    await emit('2');
    await beginPartition(1);
    await truncate();
    assert.deepEqual(await left(), ['1', '2']);

    await rowsOf(
      stores.events.admin,
      `UPDATE outbox_cursors SET window_end = '${(await rowsOf<{ s: string }>(admin, 'SELECT pg_current_snapshot()::text AS s'))[0]!.s}', window_sequence = 1`,
    );
    await truncate();
    assert.deepEqual(await left(), ['1', '2']);
    await copyAll();
    await truncate();
    assert.deepEqual(await left(), []);
  });

  test('keeps a partition while a transaction of it is open, and counts its row although it is committed late', async () => {
    const late = await admin.$client.connect();
    await late.query(`BEGIN; ${insertion('late')}`);
    await emit('1', '2');
    await beginPartition(1);
    // Counted, and not locked.
    assert.equal(await truncateStep(), true);
    assert.equal(await truncateStep(), false);
    await late.query('COMMIT');
    late.release();
    while (await truncateStep());
    assert.deepEqual(await left(), []);
    assert.deepEqual(await seals(), [
      { type: 'test.happened', event_count: 3, digest: await digestOf('1', '2', 'late'), through_sequence: 3 },
    ]);
    assert.deepEqual(await rowsOf(admin, 'SELECT * FROM outbox_seal_progress'), []);
  });

  test('may have rows of two laps of the ring in one partition', async () => {
    await emit('1', '2');
    await beginPartition(4);
    await emit('3');
    assert.equal(await truncateStep(), false, 'the partition that is written is left alone');
    await beginPartition(5);
    await emit('4');
    while (await truncateStep(2));
    assert.deepEqual(await left(), ['4']);
    assert.deepEqual(await seals(), [
      {
        type: 'test.happened',
        event_count: 3,
        digest: await digestOf('1', '2', '3'),
        through_sequence: 4 * PARTITION_SIZE,
      },
    ]);
  });

  test('leaves the next partition alone when the sequence is about to reach it', async () => {
    await emit('1');
    await rowsOf(admin, `SELECT setval('outbox_sequence', ${4 * PARTITION_SIZE - 100})`);
    assert.equal(await truncateStep(), false);
    assert.deepEqual(await left(), ['1']);
  });

  test('is emptied under load only while its next partition has rows', async () => {
    await emit('1');
    await beginPartition(2);
    assert.equal(await truncateStep(1_000, true), false);
    await beginPartition(3);
    assert.equal(await truncateStep(1_000, true), true);
  });

  test('counts each event of a row of many', async () => {
    const folded: FoldedEvents = {
      folded: 1,
      event: {
        specversion: '1.0',
        source: 'urn:counterpoise:test',
        type: 'test.happened',
        time: '2026-01-31T12:00:00.000Z',
        datacontenttype: 'application/json',
        dataschema: 'urn:counterpoise:event:test.happened:v1',
      },
      subject: 'subject',
      columns: ['id', 'subject', 'reason'],
      rows: [
        ['1', 'a', null],
        ['2', 'b', 'late'],
      ],
    };
    await rowsOf(
      admin,
      `INSERT INTO outbox_events (event_id, type, event_count, payload) VALUES ('folded/1', 'test.happened', 2, '${JSON.stringify(folded)}')`,
    );
    await beginPartition(1);
    while (await truncateStep(1));
    const [expected] = await rowsOf<{ digest: string }>(
      admin,
      `SELECT event_digest('test.happened/1', 'a', '{"id": "1", "subject": "a"}') + event_digest('test.happened/2', 'b', '{"id": "2", "subject": "b", "reason": "late"}') AS digest`,
    );
    assert.deepEqual(await seals(), [
      { type: 'test.happened', event_count: 2, digest: expected!.digest, through_sequence: 1 },
    ]);
  });

  test('is left alone in another life or place of its database', async () => {
    await emit('1');
    await copyAll();
    await beginPartition(1);
    const [cursor] = await rowsOf<{ snapshot: string; server_id: string }>(
      stores.events.admin,
      'SELECT snapshot::text, server_id FROM outbox_cursors',
    );
    const relayed = { snapshot: cursor!.snapshot, serverId: cursor!.server_id, witness: undefined };
    const limits = { eventsMax: 1_000, onlyIfFull: false };
    for (const other of [
      { serverId: 'another/1' },
      { snapshot: '999999998:999999999:' },
      { witness: { sequence: 1, eventId: 'lost' } },
    ])
      assert.equal(await truncateRelayed(outbox, { ...relayed, ...other }, limits), false);
    assert.deepEqual(await left(), ['1']);
    assert.equal(await truncateRelayed(outbox, relayed, limits), true);
  });

  test('is not emptied under a reader, who sees every row or its count', async () => {
    await emit('1', '2');
    await beginPartition(1);
    const reader = await admin.$client.connect();
    await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ; LOCK TABLE outbox_events IN ACCESS SHARE MODE');
    while (await truncateStep());
    assert.equal((await reader.query('SELECT FROM outbox_events')).rowCount, 2);
    await reader.query('COMMIT');
    reader.release();
    while (await truncateStep());
    assert.deepEqual(await left(), []);
  });

  test('is emptied without a movement that waits, also while the emptying itself waits', async () => {
    const movements = movementsOver(stores);
    const shard = stores.wallets[0]!;
    const [a, b] = [
      await movements.wallets.open(userOnShard(0, 2), '100.0000'),
      await movements.wallets.open(userOnShard(0, 2)),
    ];
    const t = await movements.acceptTransfer(a, b, '1.0000');
    for (const each of [shard.admin, stores.transfer.admin])
      await rowsOf(each, `SELECT setval('outbox_sequence', ${PARTITION_SIZE}, false)`);
    // What a truncation holds until its commit, in every outbox; movements give up after 3 s, which would fail this test.
    const holders = await Promise.all([shard.admin, stores.transfer.admin].map(({ $client }) => $client.connect()));
    for (const holder of holders) await holder.query('BEGIN; LOCK TABLE outbox_events_0 IN ACCESS EXCLUSIVE MODE');
    await movements.settle(t);
    for (const holder of holders) await holder.query('ROLLBACK');
    // A reader makes the truncation wait.
    for (const holder of holders) await holder.query('BEGIN; LOCK TABLE outbox_events_0 IN ACCESS SHARE MODE');
    const relay = cluster.open(shard.relayUrl);
    const step = `SELECT truncate_relayed_outbox(pg_current_snapshot(), ${CURRENT_SERVER}, 1000, false)`;
    const waiting = rowsOf(relay, step).then(() => rowsOf(relay, step));
    await movements.settle(await movements.acceptTransfer(a, b, '1.0000'));
    await waiting;
    for (const holder of holders) {
      await holder.query('ROLLBACK');
      holder.release();
    }
    assert.equal(await movements.wallets.balance(b), '2.0000');
  });
});
