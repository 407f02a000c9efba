// An outbox or an event log that was restored from a backup: the relay sees it and stops, and goes on when an operator says so. Then
// everything that the outbox has is in the log, and the audit knows what was lost.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { pino } from 'pino';
import { checkEventLog } from '../../audit/event-log.ts';
import { collectFindings } from '../../audit/findings.ts';
import { withSnapshots } from '../../audit/reader.ts';
import type { Database } from '../../db/database.ts';
import { findCursor } from '../../db/events/log-queries.ts';
import { listSources, resumeSource } from '../../db/events/source-queries.ts';
import { createOutboxSighting } from '../../workers/events/outbox-sighting.ts';
import { createOutboxTruncation } from '../../workers/events/outbox-truncation.ts';
import { copyOutbox } from './copy-outbox.ts';
import { rowsOf, startCluster, type TestCluster, type TestStores } from './database.ts';

const logger = pino({ level: 'silent' });
const SOURCE = 'transfer';

describe('a restored database', () => {
  let cluster: TestCluster;
  let stores: TestStores;
  let admin: Database;
  let outbox: Database;
  let events: Database;
  before(async () => {
    cluster = await startCluster();
  });
  beforeEach(async () => {
    stores = await cluster.createStores({ shards: 1 });
    admin = stores.transfer.admin;
    outbox = cluster.open(stores.transfer.relayUrl);
    events = stores.events.service;
  });
  after(() => cluster?.stop());

  /** Events with a time of their own, which each has that is written again. */
  const emit = (...ids: string[]): Promise<unknown> =>
    rowsOf(
      admin,
      `INSERT INTO outbox_events (event_id, type, subject, payload) VALUES ${ids
        .map(
          (id) =>
            `('${id}', 'test.happened', 'a', json_build_object('id', '${id}', 'type', 'test.happened', 'subject', 'a', 'time', to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'data', json_build_object('id', '${id}')))`,
        )
        .join(', ')}`,
    );
  const copy = (): Promise<void> => copyOutbox(events, new Map([[SOURCE, outbox]]), SOURCE);
  const logged = async (): Promise<string[]> =>
    (await rowsOf<{ event_id: string }>(stores.events.admin, 'SELECT event_id FROM event_log ORDER BY position')).map(
      ({ event_id }) => event_id,
    );
  const truncate = async (): Promise<void> => {
    await rowsOf(
      admin,
      `SELECT setval('outbox_sequence', (last_value / 65536 + 1) * 65536, false) FROM outbox_sequence`,
    );
    const step = createOutboxTruncation({ source: SOURCE, outbox, database: events, logger });
    while (await step(false));
  };
  const stoppedReason = async (): Promise<string | undefined> => (await findCursor(events, SOURCE))!.stoppedReason;
  const resume = (): Promise<string> => resumeSource(events, SOURCE, 'a drill', { acting: { actor: 'alice' } });
  const audited = async (): Promise<string[]> => {
    const findings = collectFindings();
    const read = [
      { database: stores.events.admin, locked: ['event_log', 'outbox_events'] },
      { database: admin, locked: ['outbox_events'] },
    ];
    await withSnapshots(read, ([log, transfer]) =>
      checkEventLog(log!, [{ name: SOURCE, reader: transfer! }], findings),
    );
    return findings.violations().map(({ subject, detail }) => `${subject}: ${detail}`);
  };
  /** As a restore does: these rows are gone, and their sequences come again. */
  async function loseNewest(...ids: string[]): Promise<void> {
    await rowsOf(admin, `DELETE FROM outbox_events WHERE event_id = ANY('{${ids.join()}}')`);
    await rowsOf(admin, `SELECT setval('outbox_sequence', (SELECT max(sequence) FROM outbox_events))`);
  }

  test('an outbox goes on with what it has, and the log keeps what the outbox lost, by its number', async () => {
    await emit('1', '2', '3', '4');
    await copy();
    await loseNewest('3', '4');
    await emit('5');
    await copy();
    assert.match((await stoppedReason())!, /it lacks 4, which is in the log: it was restored/);
    assert.equal(await resume(), 'resumed');
    await copy();
    assert.deepEqual(await logged(), ['1', '2', '3', '4', '5']);
    assert.deepEqual(await audited(), []);
    const [source] = await listSources(events, SOURCE);
    assert.deepEqual([source!.eventCount, source!.isResuming, source!.lastPosition], [3, false, 5]);
    const { actor, comment, lostInOutbox, lostInLog, completedAt } = source!.lastResume!;
    assert.deepEqual([actor, comment, lostInOutbox, lostInLog], ['alice', 'a drill', 2, 0]);
    assert.ok(completedAt);

    await emit('6');
    await copy();
    await truncate();
    await emit('7');
    await copy();
    assert.deepEqual(await logged(), ['1', '2', '3', '4', '5', '6', '7']);
    assert.equal(await stoppedReason(), undefined);
    assert.deepEqual(await audited(), []);
  });

  test('a change that is made again after it was lost is another event', async () => {
    await emit('1', '2');
    await copy();
    await loseNewest('2');
    await emit('3', '2');
    await copy();
    await resume();
    await copy();
    assert.deepEqual(await logged(), ['1', '2', '3', '2']);
    assert.deepEqual(await audited(), []);
  });

  test('an outbox in another place is read again from its beginning, without what the log has', async () => {
    await emit('1', '2');
    await copy();
    await rowsOf(stores.events.admin, `UPDATE outbox_cursors SET server_id = 'another/1'`);
    await emit('3');
    await copy();
    assert.match((await stoppedReason())!, /in another database/);
    await resume();
    await copy();
    assert.deepEqual(await logged(), ['1', '2', '3']);
    assert.deepEqual(await audited(), []);
  });

  test('a relay that ends anywhere in the resuming leaves it to the next one', async () => {
    const ids = Array.from({ length: 4_500 }, (_, n) => `e${n}`);
    await emit(...ids);
    await copy();
    await rowsOf(stores.events.admin, `UPDATE outbox_cursors SET stopped_reason = 'a drill'`);
    await emit('later');
    await resume();
    // Each of these ends in the middle: with a page that the log has, and with everything but the counts.
    await assert.rejects(copyOutbox(events, new Map([[SOURCE, outbox]]), SOURCE, 'killed', 1), /ended/);
    assert.equal((await findCursor(events, SOURCE))!.isResuming, true);
    await assert.rejects(copyOutbox(events, new Map([[SOURCE, outbox]]), SOURCE, 'killed', 2), /ended/);
    assert.equal((await findCursor(events, SOURCE))!.isResuming, true);
    await copy();
    assert.equal((await findCursor(events, SOURCE))!.isResuming, false);
    assert.deepEqual(await logged(), [...ids, 'later']);
    assert.deepEqual(await audited(), []);
  });

  test('an event log that was restored is noticed by what was taken away since, and what it lacks is counted', async () => {
    await emit('1', '2');
    await copy();
    const backup = await rowsOf<Record<string, string>>(
      stores.events.admin,
      `SELECT snapshot::text, server_id, witness_sequence::text, witness_event_id FROM outbox_cursors`,
    );
    await truncate();
    await emit('3');
    await copy();
    await truncate();
    await emit('4');
    // As the restore of a backup does.
    await rowsOf(
      stores.events.admin,
      `DELETE FROM event_log WHERE position > 2; UPDATE log_head SET position = 2, chain = (SELECT chain FROM event_log WHERE position = 2);
       UPDATE outbox_cursors SET snapshot = '${backup[0]!['snapshot']}', event_count = 2, witness_sequence = ${backup[0]!['witness_sequence']}, witness_event_id = '${backup[0]!['witness_event_id']}'`,
    );
    await copy();
    assert.match((await stoppedReason())!, /the event log was restored/);
    assert.deepEqual(await logged(), ['1', '2']);
    await resume();
    await copy();
    assert.deepEqual(await logged(), ['1', '2', '4']);
    const { lostInOutbox, lostInLog } = (await listSources(events, SOURCE))[0]!.lastResume!;
    assert.deepEqual([lostInOutbox, lostInLog], [0, 1]);
    assert.deepEqual(await audited(), []);
    await emit('5');
    await copy();
    assert.deepEqual(await logged(), ['1', '2', '4', '5']);
  });

  test('an event log that was restored and lacks nothing goes on by itself', async () => {
    await emit('1');
    await copy();
    const [backup] = await rowsOf<{ snapshot: string }>(
      stores.events.admin,
      'SELECT snapshot::text FROM outbox_cursors',
    );
    await emit('2');
    await copy();
    await rowsOf(
      stores.events.admin,
      `DELETE FROM event_log WHERE position > 1; UPDATE log_head SET position = 1, chain = (SELECT chain FROM event_log WHERE position = 1);
       UPDATE outbox_cursors SET snapshot = '${backup!.snapshot}', event_count = 1, witness_sequence = 1, witness_event_id = '1'`,
    );
    await copy();
    assert.deepEqual(await logged(), ['1', '2']);
    assert.deepEqual(await audited(), []);
  });

  test('only a stopped outbox is resumed', async () => {
    assert.equal(await resume(), 'unknown');
    await emit('1');
    await copy();
    assert.equal(await resume(), 'not_stopped');
    assert.deepEqual(await audited(), []);
  });

  test('it is known how many events wait in an outbox, and since when', async () => {
    await emit('1');
    await copy();
    await emit('2', '3');
    await createOutboxSighting({ source: SOURCE, outbox, database: events })();
    const [source] = await listSources(events);
    assert.deepEqual([source!.source, source!.waitingEvents], [SOURCE, 2]);
    assert.ok(source!.waitingSince! <= source!.seenAt!);
    await copy();
    await createOutboxSighting({ source: SOURCE, outbox, database: events })();
    const [calm] = await listSources(events);
    assert.deepEqual([calm!.waitingEvents, calm!.waitingSince], [0, undefined]);
  });
});
