// Recurring transfers in the transfer database: a run is accepted once and only while it is due, a pause counts as soon as it is
// answered, missed runs are found, and the audit sees what breaks any of this.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { collectFindings } from '../../audit/findings.ts';
import { checkRecurring } from '../../audit/recurring.ts';
import type { Database } from '../../db/database.ts';
import * as orders from '../../db/transfer/recurring-queries.ts';
import * as runs from '../../db/transfer/recurring-runs.ts';
import { recurringRunId, recurringTransferId } from '../../domain/derived-id.ts';
import type { RecurringTransferId } from '../../domain/ids.ts';
import { scheduledRunName } from '../../domain/transfer/recurring.ts';
import { rowsOf, startCluster, type TestCluster } from './database.ts';
import { DEADLINE_SECONDS, minutesAgo, standingOrdersIn } from './standing-orders.ts';
import { trace } from './wallets.ts';

const AT_ONCE = 12;

describe('recurring transfers', () => {
  let cluster: TestCluster;
  let database: Database;
  let admin: Database;
  let { create, run, outcomeOf, missed, change } = {} as ReturnType<typeof standingOrdersIn>;

  before(async () => {
    cluster = await startCluster();
    const stores = await cluster.createStores({ shards: 1, connectionsMax: AT_ONCE });
    ({ service: database, admin } = stores.transfer);
    ({ create, run, outcomeOf, missed, change } = standingOrdersIn(stores.transfer));
  });
  after(() => cluster?.stop());

  const breaches = async (): Promise<string[]> => {
    const findings = collectFindings();
    await checkRecurring(admin, findings);
    return findings.violations().map(({ invariant, detail }) => `${invariant} ${detail}`);
  };

  test('a run that is accepted many times at once is one transfer with one step and one event', async () => {
    const id = await create();
    const at = minutesAgo(5);
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => run(id, at)));
    const transferId = recurringRunId(id, scheduledRunName(at));
    assert.deepEqual(
      new Set(answers.map((answer) => answer.outcome === 'accepted' && answer.transfer.transferId)),
      new Set([transferId]),
    );
    const [row] = await rowsOf(
      admin,
      `SELECT status, amount, reference, metadata, recurring_transfer_id,
         (SELECT count(*)::int FROM transfers WHERE recurring_transfer_id = '${id}') AS transfers,
         (SELECT count(*)::int FROM transfer_steps s WHERE s.transfer_id = t.transfer_id) AS steps,
         (SELECT count(*)::int FROM outbox_events WHERE subject = '${transferId}') AS events
       FROM transfers t WHERE transfer_id = '${transferId}'`,
    );
    assert.deepEqual(row, {
      status: 'PENDING',
      amount: '12.5000',
      reference: 'rent',
      metadata: { flat: '7' },
      recurring_transfer_id: id,
      transfers: 1,
      steps: 1,
      events: 1,
    });
  });

  test('a run is not due before the start, after the end, before it was made, or without a recurring transfer', async () => {
    const id = await create({ startsAt: minutesAgo(30), endsAt: minutesAgo(10) });
    assert.equal(await outcomeOf(id, minutesAgo(31)), 'not_due');
    assert.equal(await outcomeOf(id, minutesAgo(30)), 'accepted');
    assert.equal(await outcomeOf(id, minutesAgo(10)), 'accepted');
    assert.equal(await outcomeOf(id, minutesAgo(9)), 'not_due');
    assert.equal(await outcomeOf(await create(), minutesAgo(90)), 'not_due');
    assert.equal(await outcomeOf(recurringTransferId('nobody'), minutesAgo(1)), 'not_due');
  });

  test('a paused one accepts no run, and after it goes on none of those that fell into the pause', async () => {
    const id = await create();
    await change(id, 'PAUSED');
    await rowsOf(
      admin,
      `UPDATE recurring_transfer_changes SET created_at = '${minutesAgo(20).toISOString()}' WHERE recurring_transfer_id = '${id}' AND status = 'PAUSED';
       UPDATE recurring_transfers SET tend_due_at = NULL WHERE recurring_transfer_id = '${id}'`,
    );
    assert.equal(await outcomeOf(id, minutesAgo(25)), 'not_due');
    // A Schedule that runs all the same does not agree with it, and is not to wait.
    assert.ok((await orders.findRecurringTransfer(database, id))!.tendDueAt! <= new Date());
    await change(id, 'ACTIVE');
    assert.equal(await outcomeOf(id, minutesAgo(25)), 'accepted');
    assert.equal(await outcomeOf(id, minutesAgo(20)), 'not_due');
    assert.equal(await outcomeOf(id, minutesAgo(1)), 'not_due');
    const times = [minutesAgo(25), minutesAgo(24), minutesAgo(20), minutesAgo(1)];
    assert.deepEqual(await missed(id, times), [minutesAgo(24)]);
  });

  test('a pause waits for the run that is being accepted, and no later one is', async () => {
    const id = await create();
    const at = minutesAgo(5);
    const blocker = await admin.$client.connect();
    await blocker.query('BEGIN');
    // The acceptance of the run writes the same step, and waits for this one.
    await blocker.query(
      `INSERT INTO transfer_steps (transfer_id, step) VALUES ('${recurringRunId(id, scheduledRunName(at))}', 'PENDING')`,
    );
    const accepting = run(id, at);
    await sleep(300);
    let isPaused = false;
    const pausing = change(id, 'PAUSED').then(() => (isPaused = true));
    await sleep(300);
    assert.equal(isPaused, false);
    await blocker.query('ROLLBACK');
    blocker.release();
    assert.equal((await accepting).outcome, 'accepted');
    await pausing;
    assert.equal(await outcomeOf(id, minutesAgo(4)), 'not_due');
  });

  test('a status changes once, a repeat changes nothing, and a deleted one stays so', async () => {
    const id = await create();
    const versions: string[] = [];
    for (const status of ['PAUSED', 'PAUSED', 'ACTIVE', 'DELETED', 'DELETED', 'ACTIVE', 'PAUSED'] as const) {
      const row = await change(id, status);
      versions.push(`${row!.status} ${row!.version}`);
    }
    assert.deepEqual(versions, [
      'PAUSED 2',
      'PAUSED 2',
      'ACTIVE 3',
      'DELETED 4',
      'DELETED 4',
      'DELETED 4',
      'DELETED 4',
    ]);
    const log = await rowsOf<{ status: string }>(
      admin,
      `SELECT status FROM recurring_transfer_changes WHERE recurring_transfer_id = '${id}' ORDER BY change_id`,
    );
    assert.deepEqual(
      log.map(({ status }) => status),
      ['ACTIVE', 'PAUSED', 'ACTIVE', 'DELETED'],
    );
    assert.equal(await change(recurringTransferId('nobody'), 'PAUSED'), undefined);
  });

  test('a trigger pays while it is paused, once a key, and not once it is deleted', async () => {
    const id = await create();
    const recurring = (await change(id, 'PAUSED'))!;
    const trigger = (key: string) => runs.acceptTriggeredRun(database, recurring, key, DEADLINE_SECONDS, trace);
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => trigger('now')));
    assert.equal(answers.filter((answer) => answer !== undefined).length, 1);
    assert.notEqual(await trigger('again'), undefined);
    await change(id, 'DELETED');
    assert.equal(await trigger('too late'), undefined);
    assert.deepEqual(
      (await runs.listRuns(database, id, { limit: 10 })).map(({ nominalAt }) => nominalAt),
      [null, null],
    );
  });

  test('skipped runs are listed once, the latest first, until one is made up for after all', async () => {
    const id = await create();
    const times = [5, 4, 3, 2].map(minutesAgo);
    await Promise.all([runs.recordSkips(database, id, times), runs.recordSkips(database, id, times.slice(1))]);
    assert.deepEqual(await runs.listSkips(database, id, { limit: 2 }), [minutesAgo(2), minutesAgo(3)]);
    assert.deepEqual(await runs.listSkips(database, id, { limit: 9, before: minutesAgo(3) }), [
      minutesAgo(4),
      minutesAgo(5),
    ]);
    await run(id, minutesAgo(4));
    assert.deepEqual(await runs.listSkips(database, id, { limit: 9, before: minutesAgo(3) }), [minutesAgo(5)]);
  });

  test('one that is due to be looked after goes to one sweep at a time, and at once again if it changed meanwhile', async () => {
    const id = await create();
    await change(id, 'PAUSED');
    await rowsOf(
      admin,
      `UPDATE recurring_transfers SET tend_due_at = CASE WHEN recurring_transfer_id = '${id}' THEN now() - interval '1 second' END`,
    );
    const claim = () => orders.claimDueRecurring(database, { limit: 10, leaseSeconds: 30 });
    const claimed = (await Promise.all([claim(), claim(), claim()])).flat();
    assert.deepEqual(
      claimed.map(({ recurringTransferId }) => recurringTransferId),
      [id],
    );
    await change(id, 'ACTIVE');
    await orders.noteTended(database, claimed[0]!, minutesAgo(3), 3_600);
    assert.equal((await claim()).length, 1);
    const latest = (await orders.findRecurringTransfer(database, id))!;
    await orders.noteTended(database, latest, minutesAgo(4), null);
    const noted = (await orders.findRecurringTransfer(database, id))!;
    assert.equal(noted.tendDueAt, null);
    assert.ok(noted.accountedUntil >= minutesAgo(3), 'runs that are accounted for stay so');
    assert.equal((await claim()).length, 0);
  });

  test('the service changes nothing of what was asked for, and removes nothing', async () => {
    const id = await create();
    await runs.recordSkips(database, id, [minutesAgo(5)]);
    for (const statement of [
      `UPDATE recurring_transfers SET amount = 1`,
      `UPDATE recurring_transfers SET every_seconds = 61`,
      'DELETE FROM recurring_transfers',
      `UPDATE recurring_transfer_changes SET status = 'ACTIVE'`,
      'DELETE FROM recurring_transfer_changes',
      'DELETE FROM recurring_transfer_skips',
      `UPDATE recurring_transfer_skips SET nominal_at = now()`,
    ])
      await assert.rejects(
        rowsOf(database, statement),
        (error: Error) => (error.cause as { code?: string } | undefined)?.code === '42501',
        statement,
      );
  });

  describe('the audit', () => {
    test('finds nothing wrong with all of the above', async () => {
      assert.deepEqual(await breaches(), []);
    });

    const damages: [what: string, damage: (id: RecurringTransferId) => string, said: RegExp][] = [
      [
        'an amount that was changed',
        (id) => `UPDATE recurring_transfers SET amount = 13 WHERE recurring_transfer_id = '${id}'`,
        /its body is not the one/,
      ],
      [
        'a rhythm that was changed',
        (id) => `UPDATE recurring_transfers SET every_seconds = 61 WHERE recurring_transfer_id = '${id}'`,
        /its body is not the one/,
      ],
      [
        'another key',
        (id) => `UPDATE recurring_transfers SET idempotency_key = 'other' WHERE recurring_transfer_id = '${id}'`,
        /does not follow from its key/,
      ],
      [
        'a run to somebody else',
        (id) => `UPDATE transfers SET receiver_wallet_id = gen_random_uuid() WHERE recurring_transfer_id = '${id}'`,
        /does not move what/,
      ],
      [
        'a run of another time',
        (id) =>
          `UPDATE transfers SET nominal_at = nominal_at + interval '1 minute' WHERE recurring_transfer_id = '${id}'`,
        /is not that of its time/,
      ],
      [
        'a run during a pause',
        (id) => `UPDATE recurring_transfer_changes SET status = 'PAUSED' WHERE recurring_transfer_id = '${id}'`,
        /was not active at/,
      ],
    ];
    for (const [what, damage, said] of damages) {
      test(`names it: ${what}`, async () => {
        const id = await create();
        await run(id, minutesAgo(5));
        const isDone = new Error('done');
        await assert.rejects(
          admin.transaction(async (tx) => {
            await rowsOf(tx as unknown as Database, damage(id));
            const findings = collectFindings();
            await checkRecurring(tx, findings);
            const details = findings.violations().map(({ detail }) => detail);
            assert.ok(
              details.some((detail) => said.test(detail)),
              details.join('\n'),
            );
            throw isDone;
          }),
          isDone,
        );
      });
    }
  });

  test('of a time that comes twice the second is no run, and where a program of before has paid for it, the first is paid', async () => {
    const order = { everySeconds: null, calendar: { hour: 2, minute: 30 }, timeZone: 'Europe/Berlin' };
    const [first, second] = [new Date('2025-10-26T00:30:00Z'), new Date('2025-10-26T01:30:00Z')];
    const made = async () => {
      const id = await create(order);
      await rowsOf(
        admin,
        `UPDATE recurring_transfer_changes SET created_at = '2025-01-01' WHERE recurring_transfer_id = '${id}'`,
      );
      return id;
    };
    const id = await made();
    assert.deepEqual(await missed(id, [first, second]), [first]);
    assert.deepEqual([await outcomeOf(id, second), await outcomeOf(id, first)], ['not_due', 'accepted']);
    assert.equal(await outcomeOf(id, new Date('2025-03-30T01:00:00Z')), 'accepted');

    const former = await made();
    await outcomeOf(former, new Date('2025-06-01T00:30:00Z'));
    await rowsOf(
      admin,
      `UPDATE transfers SET nominal_at = '${second.toISOString()}' WHERE recurring_transfer_id = '${former}'`,
    );
    assert.deepEqual(await missed(former, [first, second]), []);
    assert.equal(await outcomeOf(former, first), 'not_due');
    await rowsOf(
      admin,
      `UPDATE transfers SET nominal_at = '2025-06-01T00:30:00Z' WHERE recurring_transfer_id = '${former}'`,
    );
    assert.deepEqual(await breaches(), []);
  });
});
