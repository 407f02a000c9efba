// The audit reads the event log against the outboxes and the ledgers: each kind of damage is named, and what retention takes away is
// none.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Invariant } from '../../audit/findings.ts';
import { startAuditedStack, type Audited, type AuditedStack } from './audited.ts';

/** Makes every chain anew, and the head, as somebody would who hides a change. */
const RECHAIN = `DO $$ DECLARE link bytea := decode(repeat('00', 32), 'hex'); one record; BEGIN
  FOR one IN SELECT position, payload FROM event_log ORDER BY position LOOP
    link := sha256(link || convert_to(one.payload::text, 'UTF8'));
    UPDATE event_log SET chain = link WHERE position = one.position;
    UPDATE log_head SET chain = link, position = one.position;
  END LOOP; END $$`;

/** Appends a copy of an event, with these columns changed, and makes the chain fit. */
function append(id: string, changes: Partial<Record<'event_id' | 'source' | 'payload', string>>): string {
  const { event_id = 'event_id', source = 'source', payload = 'payload' } = changes;
  return `INSERT INTO event_log (position, event_id, type, subject, time, source, payload, chain)
    SELECT (SELECT position + 1 FROM log_head), ${event_id}, type, subject, time, ${source}, ${payload}, chain FROM event_log WHERE event_id = '${id}'; ${RECHAIN}`;
}

/** Takes a partition of an outbox away, as the relay does. */
async function truncate({ rows }: Audited, place: 'sender' | 'receiver' | 'transfer', source: string): Promise<void> {
  const [cursor] = await rows(
    'events',
    `SELECT snapshot::text, server_id FROM outbox_cursors WHERE source = '${source}'`,
  );
  const snapshot = String(cursor!['snapshot']);
  await rows(place, `SELECT setval('outbox_sequence', greatest(last_value, 65536)) FROM outbox_sequence`);
  const step = `SELECT truncate_relayed_outbox('${snapshot}', '${String(cursor!['server_id'])}', 1000, false) AS has_more`;
  while ((await rows(place, step))[0]!['has_more']);
}

interface Breach {
  readonly what: string;
  readonly damage: (stack: Audited) => Promise<unknown>;
  readonly breaks?: readonly Invariant[];
  readonly said: readonly RegExp[];
}

describe('the audit of the event log', () => {
  let stack: AuditedStack;
  before(async () => {
    stack = await startAuditedStack();
  });
  after(() => stack?.stop());

  test('finds nothing wrong with a log that is in order', () =>
    stack.use(async ({ audit }) => {
      const report = await audit({ withLog: true });
      assert.deepEqual(report.violations, []);
      assert.equal(report.checked.logged_events, report.checked.events);
      assert.ok(report.checked.events > 20);
    }));

  test('finds nothing wrong when outboxes are emptied of what is in the log', () =>
    stack.use(async (audited) => {
      const before = await audited.audit({ withLog: true });
      await truncate(audited, 'sender', 'wallet-0');
      await truncate(audited, 'transfer', 'transfer');
      assert.deepEqual(await audited.rows('transfer', 'SELECT * FROM outbox_events'), []);
      const report = await audited.audit({ withLog: true });
      assert.deepEqual(report.violations, []);
      assert.deepEqual(report.checked, before.checked);
    }));

  const run = ({ what, damage, breaks = ['I8'], said }: Breach): void => {
    test(`names it: ${what}`, () =>
      stack.use(async (audited) => {
        await damage(audited);
        const report = await audited.audit({ withLog: true });
        const sentences = report.violations.map(
          ({ invariant, subject, detail }) => `${invariant} ${subject}: ${detail}`,
        );
        assert.deepEqual(Object.keys(report.totals).sort(), breaks, sentences.join('\n'));
        for (const each of said) assert.match(sentences.join('\n'), each);
      }));
  };

  run({
    what: 'an event that was removed',
    damage: ({ damage, ids }) =>
      damage('events', `DELETE FROM event_log WHERE event_id = 'wallet.debited/${ids.completed}'`),
    said: [
      /I8 position \d+: 1 positions before it are missing/,
      /I8 the outbox wallet-0: \d+ events of wallet.debited were copied, and the log has \d+/,
      /I8 the event wallet.debited\/.* of the outbox wallet-0: it was copied, but the log lacks it/,
    ],
  });
  run({
    what: 'the newest event, removed',
    damage: ({ damage }) => damage('events', 'DELETE FROM event_log WHERE position = (SELECT position FROM log_head)'),
    said: [/I8 the event log: its last position is \d+, and its head says \d+/],
  });
  run({
    what: 'an event that was removed, with every later position and chain made to fit',
    damage: ({ damage, ids }) =>
      damage(
        'events',
        `DELETE FROM event_log WHERE event_id = 'transfer.completed/${ids.completed}';
         CREATE TEMP TABLE kept AS SELECT * FROM event_log; DELETE FROM event_log;
         INSERT INTO event_log SELECT row_number() OVER (ORDER BY position), event_id, type, subject, tenant, time, source, payload, chain FROM kept;
         DROP TABLE kept; ${RECHAIN}`,
      ),
    said: [/1 events of transfer.completed were copied, and the log has 0/, /it was copied, but the log lacks it/],
  });
  run({
    what: 'an event whose text was changed',
    damage: ({ damage, ids }) =>
      damage(
        'events',
        `UPDATE event_log SET payload = replace(payload::text, '20.0000', '21.0000')::json WHERE event_id = 'wallet.credited/${ids.completed}'`,
      ),
    said: [
      /I8 position \d+: its chain does not follow from its text/,
      /the log has as many events of wallet.credited as were copied, 1, but not the same/,
      /at position \d+ it tells of something else than it did/,
    ],
  });
  run({
    what: 'an event whose text was changed, with every later chain made to fit',
    damage: ({ damage, ids }) =>
      damage(
        'events',
        `UPDATE event_log SET payload = replace(payload::text, '20.0000', '21.0000')::json WHERE event_id = 'wallet.credited/${ids.completed}'; ${RECHAIN}`,
      ),
    said: [/at position \d+ it tells of something else than it did/],
  });
  run({
    what: 'a time that was changed, which no outbox can tell',
    damage: ({ damage, ids }) =>
      damage(
        'events',
        `UPDATE event_log SET payload = replace(payload::text, '"time"', '"tim3"')::json WHERE event_id = 'wallet.credited/${ids.completed}'`,
      ),
    said: [/I8 position \d+: its chain does not follow from its text/],
  });
  run({
    what: 'a column that says something else than the text',
    damage: ({ damage, ids }) =>
      damage('events', `UPDATE event_log SET subject = 'nobody' WHERE event_id = 'wallet.credited/${ids.completed}'`),
    said: [/I8 position \d+: its columns say wallet.credited\/.* of nobody, and its text tells of something else/],
  });
  run({
    what: 'two events that have changed places',
    damage: ({ damage, ids }) =>
      damage('events', swap(`wallet.debited/${ids.timedOut}`, `wallet.refunded/${ids.timedOut}`)),
    said: [
      /its chain does not follow from its text/,
      /I8 wallet .*: wallet.refunded\/.* stands in the log before wallet.debited\/.*, in the ledger behind it/,
    ],
  });
  run({
    what: 'two events that have changed places, with every later chain made to fit',
    damage: ({ damage, ids }) =>
      damage('events', `${swap(`wallet.debited/${ids.timedOut}`, `wallet.refunded/${ids.timedOut}`)}; ${RECHAIN}`),
    said: [/I8 wallet .*: wallet.refunded\/.* stands in the log before wallet.debited\/.*, in the ledger behind it/],
  });
  run({
    what: 'an event that is there twice',
    damage: ({ damage, ids }) => damage('events', append(`wallet.debited/${ids.completed}`, {})),
    said: [
      /events of wallet.debited were copied, and the log has/,
      /wallet.debited\/.*: it has several positions: \d+, \d+/,
    ],
  });
  run({
    what: 'a chain that was cut at its head',
    damage: ({ damage }) => damage('events', `UPDATE log_head SET chain = sha256('')`),
    said: [/I8 the event log: the chain of its last event, \d+, is not that of its head/],
  });
  run({
    what: 'a chain that was cut at its beginning',
    damage: ({ damage }) => damage('events', `UPDATE log_head SET first_chain = sha256('')`),
    said: [/I8 position 1: its chain does not follow/],
  });
  run({
    what: 'an event that no outbox ever had',
    damage: ({ damage, ids }) =>
      damage(
        'events',
        append(`wallet.credited/${ids.completed}`, {
          event_id: `'wallet.credited/invented'`,
          payload: `replace(payload::text, 'wallet.credited/${ids.completed}', 'wallet.credited/invented')::json`,
        }),
      ),
    said: [/wallet.credited\/invented of the outbox wallet-1: it is at position \d+, but the outbox never had it/],
  });
  run({
    what: 'an event of an outbox that does not exist',
    damage: ({ damage, ids }) => damage('events', append(`wallet.credited/${ids.completed}`, { source: `'wallet-7'` })),
    said: [/I8 the outbox wallet-7: the log has 1 events of wallet.credited of it, and there is no such outbox/],
  });
  run({
    what: 'events that were dropped from the log without their seals',
    damage: ({ damage }) =>
      damage(
        'events',
        `UPDATE log_head SET first_position = 3, first_chain = (SELECT chain FROM event_log WHERE position = 2); DELETE FROM event_log WHERE position < 3`,
      ),
    said: [/were copied, and the log has/],
  });
  run({
    what: 'a seal of the log that was changed',
    damage: ({ damage }) => damage('events', `INSERT INTO log_seals VALUES ('transfer', 'transfer.completed', 0, 7)`),
    said: [/the log has as many events of transfer.completed as were copied, \d+, but not the same/],
  });
  run({
    what: 'a seal of an outbox that was changed',
    damage: async (audited) => {
      await truncate(audited, 'transfer', 'transfer');
      await audited.damage('transfer', `UPDATE outbox_seals SET digest = digest + 1 WHERE type = 'transfer.failed'`);
    },
    breaks: ['I6', 'I8'],
    said: [
      /I6 the outbox of transfer: the \d+ events of transfer.failed that were taken away are not those that its tables tell of/,
      /I8 the outbox transfer: the log has as many events of transfer.failed as were copied, \d+, but not the same/,
    ],
  });
  run({
    what: 'rows of an outbox that were taken away without a seal',
    damage: async (audited) => {
      await truncate(audited, 'transfer', 'transfer');
      await audited.damage(
        'transfer',
        `UPDATE outbox_seals SET event_count = event_count - 1 WHERE type = 'transfer.initiated'`,
      );
    },
    breaks: ['I6', 'I8'],
    said: [
      /I6 the outbox of transfer: its tables tell of 6 events of transfer.initiated that are not there, and 5 were taken away/,
      /I8 the outbox transfer: 5 events of transfer.initiated were copied, and the log has 6/,
    ],
  });
  run({
    what: 'a movement that was changed after its events were taken away',
    damage: async (audited) => {
      await truncate(audited, 'sender', 'wallet-0');
      await audited.damage(
        'sender',
        `UPDATE operation_fences SET amount = 19 WHERE transaction_id = '${audited.ids.debited}'`,
      );
    },
    breaks: ['I1', 'I2', 'I6'],
    said: [/I6 the outbox of wallet-0: the \d+ events of wallet.debited that were taken away are not those/],
  });
  run({
    what: 'events that do not reach the log, and why',
    damage: ({ damage }) =>
      damage(
        'events',
        `DELETE FROM event_log; UPDATE log_head SET position = 0, chain = first_chain; UPDATE outbox_cursors SET snapshot = '1:1:', stopped_reason = 'it was told to' WHERE source = 'transfer';
         DELETE FROM outbox_cursors WHERE source <> 'transfer'`,
      ),
    said: [
      /I8 the outbox transfer: \d+ events of it have not reached the log; the relay has stopped reading it: it was told to/,
      /I8 the outbox wallet-0: \d+ events of it have not reached the log/,
    ],
  });
  run({
    what: 'an outbox in another place than the one that was copied',
    damage: ({ damage }) =>
      damage('events', `UPDATE outbox_cursors SET server_id = 'another/1' WHERE source = 'wallet-1'`),
    said: [/I8 the outbox wallet-1: it is not the one that was copied: it was restored or moved/],
  });
});

function swap(one: string, other: string): string {
  return `WITH places AS (
      SELECT event_id, position, CASE event_id WHEN '${one}' THEN '${other}' ELSE '${one}' END AS becomes FROM event_log WHERE event_id IN ('${one}', '${other}')
    ), taken AS (SELECT log.*, places.becomes FROM event_log log JOIN places USING (event_id))
    UPDATE event_log SET event_id = taken.event_id, type = taken.type, subject = taken.subject, time = taken.time, source = taken.source, payload = taken.payload
    FROM taken WHERE event_log.event_id = taken.becomes`;
}
