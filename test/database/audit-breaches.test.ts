// The audit can fail: each invariant is broken by hand in a database, and the audit reports that invariant and no other.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Invariant } from '../../audit/findings.ts';
import { EVENTS, startAuditedStack, type Audited, type AuditedStack } from './audited.ts';

interface Breach {
  readonly what: string;
  readonly damage: (stack: Audited) => Promise<void>;
  /** Every invariant that is broken by it, and no other. */
  readonly breaks: readonly Invariant[];
  /** One of the sentences that say so. */
  readonly said: RegExp;
}

describe('the audit', () => {
  let stack: AuditedStack;
  before(async () => {
    stack = await startAuditedStack();
  });
  after(() => stack?.stop());

  test('finds nothing wrong with a stack that is in order', () =>
    stack.use(async ({ audit }) => {
      const report = await audit();
      assert.deepEqual(report.violations, []);
      assert.equal(report.ok, true);
      assert.deepEqual(report.undone, { under_way: 2, attention: 0, overdue: 0 });
      assert.deepEqual(report.money, { USD: { wallets: '975.0000', external: '-995.0000', in_flight: '20.0000' } });
      const { transfers, transactions, wallets, entries, fences, events } = report.checked;
      assert.deepEqual([transfers, transactions, wallets, entries, fences, events], [6, 3, 4, 9, 13, 25]);
    }));

  const run = ({ what, damage, breaks, said }: Breach): void => {
    test(`names it: ${what}`, () =>
      stack.use(async (audited) => {
        await damage(audited);
        const report = await audited.audit();
        const sentences = report.violations.map(
          ({ invariant, subject, detail }) => `${invariant} ${subject}: ${detail}`,
        );
        assert.deepEqual(Object.keys(report.totals).sort(), breaks, sentences.join('\n'));
        assert.ok(
          sentences.some((sentence) => said.test(sentence)),
          sentences.join('\n'),
        );
        assert.equal(report.ok, false);
      }));
  };

  describe('I1', () => {
    run({
      what: 'a balance that was raised',
      damage: ({ damage, receiver }) =>
        damage('receiver', `UPDATE wallets SET balance = balance + 0.0001 WHERE wallet_id = '${receiver.id}'`),
      breaks: ['I1', 'I3'],
      said: /I1 USD in wallet shard 1: 0.0001 came from nowhere/,
    });
    run({
      what: 'money in two shards that is wrong by the same amount',
      damage: async ({ damage, sender, receiver }) => {
        await damage('sender', `UPDATE wallets SET balance = balance - 3 WHERE wallet_id = '${sender.id}'`);
        await damage('receiver', `UPDATE wallets SET balance = balance + 3 WHERE wallet_id = '${receiver.id}'`);
      },
      breaks: ['I1', 'I3'],
      said: /I1 USD in wallet shard 0: 3.0000 is missing/,
    });
    run({
      what: 'an entry that was invented together with its balance',
      damage: ({ damage, receiver }) =>
        damage(
          'receiver',
          `
        WITH moved AS (UPDATE wallets SET balance = balance + 7, last_sequence = last_sequence + 1 WHERE wallet_id = '${receiver.id}' RETURNING *)
        INSERT INTO ledger_entries SELECT gen_random_uuid(), wallet_id, gen_random_uuid(), 'CREDIT', 7, last_sequence, balance, now() FROM moved`,
        ),
      breaks: ['I1', 'I2'],
      said: /I2 movement .*a CREDIT entry of 7.0000 .*no fence says that it was applied/,
    });
  });

  describe('I2', () => {
    run({
      what: 'a completed transfer whose credit was taken back, balance and all',
      damage: ({ damage, receiver, ids }) =>
        damage(
          'receiver',
          `
        DELETE FROM ledger_entries WHERE transaction_id = '${ids.completed}';
        UPDATE wallets SET balance = balance - 20, last_sequence = last_sequence - 1 WHERE wallet_id = '${receiver.id}'`,
        ),
      breaks: ['I1', 'I2'],
      said: /I2 transfer .*: it is COMPLETED with the entries: DEBIT 20.0000 USD on/,
    });
    run({
      what: 'a fence that is gone',
      damage: ({ damage, ids }) =>
        damage('sender', `DELETE FROM operation_fences WHERE transaction_id = '${ids.timedOut}' AND leg = 'refund'`),
      breaks: ['I1', 'I2', 'I6'],
      said: /I2 movement .*a REFUND entry of 20.0000 .*no fence/,
    });
    run({
      what: 'the fence of a canceled credit that is gone',
      damage: ({ damage, ids }) =>
        damage('receiver', `DELETE FROM operation_fences WHERE transaction_id = '${ids.canceled}' AND leg = 'credit'`),
      breaks: ['I2'],
      said: /it is CANCELED, but its fences say nothing of the kind/,
    });
    run({
      what: 'a fence for another amount',
      damage: ({ damage, ids }) =>
        damage('receiver', `UPDATE operation_fences SET amount = 1 WHERE transaction_id = '${ids.canceled}'`),
      breaks: ['I2'],
      said: /its credit was for 1.0000 USD/,
    });
    run({
      what: 'a status that is not what the fences say, with its event and step',
      damage: ({ damage, ids }) =>
        damage(
          'transfer',
          `
        UPDATE transfers SET status = 'COMPLETED', failure_reason = NULL WHERE transfer_id = '${ids.timedOut}';
        UPDATE transfer_steps SET step = 'COMPLETED', reason = NULL WHERE transfer_id = '${ids.timedOut}' AND step = 'FAILED';
        UPDATE outbox_events SET event_id = replace(event_id, 'failed', 'completed'), type = 'transfer.completed',
          payload = (replace(payload::text, 'transfer.failed', 'transfer.completed')::jsonb) #- '{data,reason}'
          WHERE event_id = 'transfer.failed/${ids.timedOut}'`,
        ),
      breaks: ['I2'],
      said: /it is COMPLETED, but its fences say FAILED timed_out/,
    });
    run({
      what: 'a step that is missing',
      damage: ({ damage, ids }) =>
        damage('transfer', `DELETE FROM transfer_steps WHERE transfer_id = '${ids.completed}' AND step = 'COMPLETED'`),
      breaks: ['I2'],
      said: /it is COMPLETED with the steps: PENDING; DEBITED/,
    });
    run({
      what: 'money that moved for a transfer that nobody asked for',
      damage: ({ damage, ids }) =>
        damage(
          'transfer',
          `
        DELETE FROM transfer_steps WHERE transfer_id = '${ids.completed}';
        DELETE FROM outbox_events WHERE subject = '${ids.completed}';
        DELETE FROM transfers WHERE transfer_id = '${ids.completed}'`,
        ),
      breaks: ['I2'],
      said: /I2 movement .*nobody asked for it/,
    });
    run({
      what: 'a processed transaction that the external wallet knows nothing of',
      damage: ({ damage, ids }) =>
        damage(
          'sender',
          `
        DELETE FROM ledger_entries WHERE transaction_id = '${ids.withdrawal}' AND type = 'CREDIT';
        UPDATE wallets SET balance = balance - 5, last_sequence = last_sequence - 1 WHERE kind = 'external'`,
        ),
      breaks: ['I1', 'I2'],
      said: /I2 transaction .*: it is PROCESSED with the entries: DEBIT 5.0000 USD on [0-9a-f-]{36}$/,
    });
    run({
      what: 'a transaction that failed and moved money',
      damage: ({ damage, ids }) =>
        damage(
          'transfer',
          `
        UPDATE transactions SET status = 'FAILED', failure_reason = 'timed_out' WHERE transaction_id = '${ids.deposit}'`,
        ),
      breaks: ['I2', 'I6'],
      said: /it is FAILED timed_out, but its fences say PROCESSED/,
    });
  });

  describe('I3', () => {
    run({
      what: 'an entry that was deleted',
      damage: ({ damage, ids }) =>
        damage('sender', `DELETE FROM ledger_entries WHERE transaction_id = '${ids.timedOut}' AND type = 'REFUND'`),
      breaks: ['I2', 'I3'],
      said: /I3 wallet .*entries are not numbered one after the other/,
    });
    run({
      what: 'a balance below zero',
      damage: ({ damage, sender }) =>
        damage(
          'sender',
          `
        ALTER TABLE wallets DROP CONSTRAINT wallets_balance_not_negative;
        UPDATE wallets SET balance = -1 WHERE wallet_id = '${sender.id}'`,
        ),
      breaks: ['I1', 'I3'],
      said: /I3 wallet .*balance -1.0000 is negative/,
    });
    run({
      what: 'an entry that shows another balance',
      damage: ({ damage, ids }) =>
        damage(
          'sender',
          `UPDATE ledger_entries SET balance_after = balance_after + 1 WHERE transaction_id = '${ids.timedOut}' AND type = 'DEBIT'`,
        ),
      breaks: ['I3'],
      said: /1 entries say another balance/,
    });
    run({
      what: 'a gap in a sequence',
      damage: ({ damage, sender }) =>
        damage(
          'sender',
          `
        UPDATE ledger_entries SET sequence = sequence + 1 WHERE wallet_id = '${sender.id}' AND sequence = (SELECT last_sequence FROM wallets WHERE wallet_id = '${sender.id}');
        UPDATE wallets SET last_sequence = last_sequence + 1 WHERE wallet_id = '${sender.id}'`,
        ),
      breaks: ['I3'],
      said: /1 entries are not numbered/,
    });
    run({
      what: 'another sum than what is counted for a limit',
      damage: ({ damage, sender }) =>
        damage(
          'sender',
          `UPDATE wallets SET limit_outgoing_24h = 100, outgoing_from = 1, outgoing_sum = 1 WHERE wallet_id = '${sender.id}'`,
        ),
      breaks: ['I3'],
      said: /1.0000 is counted for its limit of 24 hours, but the entries since number 1 sum to/,
    });
  });

  describe('I4', () => {
    const changes = {
      'another key': `idempotency_key = 'another'`,
      'another body': `reference = 'another'`,
      'another hash': `body_hash = sha256('another')`,
    };
    for (const [what, change] of Object.entries(changes)) {
      run({
        what: `a transfer with ${what} than was acknowledged`,
        damage: ({ damage, ids }) =>
          damage('transfer', `UPDATE transfers SET ${change} WHERE transfer_id = '${ids.completed}'`),
        breaks: ['I4'],
        said: /I4 transfer .*(does not follow from its key|not the one that was acknowledged)/,
      });
      run({
        what: `a transaction with ${what} than was acknowledged`,
        damage: ({ damage, ids }) =>
          damage('transfer', `UPDATE transactions SET ${change} WHERE transaction_id = '${ids.deposit}'`),
        breaks: ['I4'],
        said: /I4 transaction .*(does not follow from its key|not the one that was acknowledged)/,
      });
    }
  });

  describe('I5', () => {
    run({
      what: 'a database of another installation',
      damage: ({ damage }) => damage('receiver', `UPDATE installation SET installation_id = gen_random_uuid()`),
      breaks: ['I5'],
      said: /I5 the installation: different installations: .*wallet-1 is of/,
    });
    run({
      what: 'a database that is a copy of the one that was bound',
      damage: ({ damage }) => damage('transfer', `UPDATE installation SET server_id = 'another/1'`),
      breaks: ['I5'],
      said: /I5 the installation: copied, restored, upgraded or moved since they were bound: transfer/,
    });
    run({
      what: 'a database that is bound to another Temporal namespace',
      damage: ({ damage }) => damage('sender', `UPDATE installation SET namespace_id = 'another'`),
      breaks: ['I5'],
      said: /I5 the installation: bound to the Temporal namespace another, .*: wallet-0/,
    });
    run({
      what: 'a transfer under way whose workflow was terminated',
      damage: async ({ open, ids }) => void open.delete(`transfer/${ids.debited}`),
      breaks: ['I5'],
      said: /I5 transfer .*it has not ended, but no workflow of it is open/,
    });
    run({
      what: 'an open workflow of a transfer that has ended',
      damage: async ({ open, ids }) => void open.add(`transfer/${ids.completed}`),
      breaks: ['I5'],
      said: /I5 transfer .*its workflow is open, but it has ended/,
    });
    run({
      what: 'an open workflow of a transaction that never was',
      damage: async ({ open, ids }) => void open.add(`transaction/${ids.completed}`),
      breaks: ['I5'],
      said: /I5 transaction .*never was/,
    });

    test('what Temporal still lists but no longer runs is no breach', () =>
      stack.use(async ({ audit, ids }) => {
        assert.equal((await audit({ visible: [`transfer/${ids.completed}`, 'something/else'] })).ok, true);
      }));

    test('a transfer that was accepted a moment ago need not be started yet', () =>
      stack.use(async ({ audit, damage, ids, open }) => {
        open.delete(`transfer/${ids.pending}`);
        await damage('transfer', `UPDATE transfers SET created_at = now() WHERE status = 'PENDING'`);
        assert.equal((await audit()).ok, true);
      }));
  });

  describe('I6', () => {
    for (const [type, movement, database] of EVENTS) {
      run({
        what: `a ${type} that is missing`,
        damage: ({ damage, ids }) =>
          damage(database, `DELETE FROM outbox_events WHERE event_id = '${type}/${ids[movement]}'`),
        breaks: ['I6'],
        said: new RegExp(`its event ${type}/.* is missing`),
      });
      run({
        what: `a ${type} that bears another tenant`,
        damage: ({ damage, ids }) =>
          damage(
            database,
            `UPDATE outbox_events SET payload = payload::jsonb || '{"tenant": "acme"}' WHERE event_id = '${type}/${ids[movement]}'`,
          ),
        breaks: ['I6'],
        said: new RegExp(`its event ${type}/.* is of the tenant acme, and not of default`),
      });
    }
    run({
      what: 'an event that is there twice, under another id',
      damage: ({ damage, ids }) =>
        damage(
          'receiver',
          `
        INSERT INTO outbox_events (event_id, type, subject, payload) SELECT event_id || '/2', type, subject, payload FROM outbox_events WHERE event_id = 'wallet.credited/${ids.completed}'`,
        ),
      breaks: ['I6'],
      said: /an event wallet.credited\/.*\/2, which tells of nothing that happened/,
    });
    run({
      what: 'an event of an end that was not reached',
      damage: ({ damage, ids }) =>
        damage(
          'transfer',
          `
        INSERT INTO outbox_events (event_id, type, subject, payload) VALUES ('transfer.failed/${ids.completed}', 'transfer.failed', '${ids.completed}', '{}')`,
        ),
      breaks: ['I6'],
      said: /I6 movement .*transfer.failed\/.*tells of nothing/,
    });
    for (const [database, type, movement] of [
      ['receiver', 'wallet.credited', 'completed'],
      ['transfer', 'transfer.initiated', 'completed'],
    ] as const) {
      run({
        what: `a ${type} with another amount`,
        damage: ({ damage, ids }) =>
          damage(
            database,
            `UPDATE outbox_events SET payload = jsonb_set(payload::jsonb, '{data,amount}', '"21.0000"') WHERE event_id = '${type}/${ids[movement]}'`,
          ),
        breaks: ['I6'],
        said: /tells of something else/,
      });
    }
  });

  describe('I7', () => {
    run({
      what: 'a transfer under way more than five minutes after its deadline',
      damage: ({ damage, ids }) =>
        damage(
          'transfer',
          `
        UPDATE transfers SET deadline_at = now() - interval '6 minutes', attention_reason = 'refund_failing', attention_since = now() WHERE transfer_id = '${ids.debited}'`,
        ),
      breaks: ['I7'],
      said: /I7 transfer .*still DEBITED since its deadline .* refund_failing/,
    });

    test('one that waits for somebody is counted, and no breach until then', () =>
      stack.use(async ({ audit, damage }) => {
        await damage(
          'transfer',
          `UPDATE transfers SET deadline_at = now() - interval '4 minutes', attention_reason = 'refund_failing', attention_since = now() WHERE status = 'DEBITED'`,
        );
        const report = await audit();
        assert.deepEqual([report.ok, report.undone], [true, { under_way: 2, attention: 1, overdue: 0 }]);
      }));
  });

  test('lists the first breaches of an invariant and counts them all', () =>
    stack.use(async ({ audit, damage }) => {
      await damage(
        'transfer',
        `INSERT INTO outbox_events (event_id, type, subject, payload) SELECT n::text, 'unknown', n::text, '{}' FROM generate_series(1, 50) n`,
      );
      const report = await audit();
      assert.deepEqual(report.totals, { I6: 50 });
      assert.equal(report.violations.length, 20);
    }));
});
