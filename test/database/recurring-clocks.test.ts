// Standing orders that were changed while a clock was wrong: orders that were made or resumed run, times within a pause do not,
// and the audit finds nothing wrong.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { collectFindings } from '../../audit/findings.ts';
import { checkRecurring } from '../../audit/recurring.ts';
import type { Database } from '../../db/database.ts';
import * as orders from '../../db/transfer/recurring-queries.ts';
import * as runs from '../../db/transfer/recurring-runs.ts';
import type { RecurringTransferId } from '../../domain/ids.ts';
import { rowsOf, startCluster, type TestCluster } from './database.ts';
import { DEADLINE_SECONDS, MINUTE_MS, minutesAgo, standingOrdersIn } from './standing-orders.ts';

describe('recurring transfers, of a clock that was wrong', () => {
  let cluster: TestCluster;
  let database: Database;
  let admin: Database;
  let { create, outcomeOf, missed, change } = {} as ReturnType<typeof standingOrdersIn>;

  before(async () => {
    cluster = await startCluster();
    const stores = await cluster.createStores({ shards: 1 });
    ({ service: database, admin } = stores.transfer);
    ({ create, outcomeOf, missed, change } = standingOrdersIn(stores.transfer));
  });
  after(() => cluster?.stop());

  test('a pause counts that was written while the clock was behind: none of the runs that fell into it is made up for', async () => {
    const id = await create();
    await change(id, 'PAUSED');
    await rowsOf(
      admin,
      `UPDATE recurring_transfer_changes SET created_at = created_at - interval '2 days' WHERE recurring_transfer_id = '${id}' AND status = 'PAUSED'`,
    );
    await change(id, 'ACTIVE');
    assert.equal(await outcomeOf(id, minutesAgo(5)), 'not_due');
    assert.deepEqual(await missed(id, [minutesAgo(5)]), []);
  });

  test('one that was made or resumed while the clock was ahead is run all the same, and what it lacks since is made up for', async () => {
    for (const isResumed of [false, true]) {
      const id = await create();
      if (isResumed) await pausedSince(id, minutesAgo(30));
      await makeLastChangeLater(id, '1 hour');
      const at = minutesAgo(0);
      assert.equal(await outcomeOf(id, at), 'accepted');
      assert.equal(await outcomeOf(id, at), 'accepted');
      // Once it is noted, it needs no clock: a later run, also where that is late, and what is missed.
      const next = new Date(at.getTime() + MINUTE_MS);
      assert.deepEqual(await missed(id, [next]), [next]);
      assert.equal(await outcomeOf(id, new Date(at.getTime() + 90 * MINUTE_MS)), 'accepted');
      const log = await changesOf(id);
      assert.equal(log.length, isResumed ? 4 : 2, log.join());
      assert.ok((await orders.findRecurringTransfer(database, id))!.accountedUntil <= new Date());
    }
  });

  test('one that was made while the clock was ahead is run also while it is ahead still, by the clock of whoever runs it', async () => {
    const id = await create();
    const behind = new Date(minutesAgo(180).getTime() + 1_000);
    assert.equal(
      (await runs.acceptScheduledRun(database, id, minutesAgo(180), DEADLINE_SECONDS, behind)).outcome,
      'accepted',
    );
  });

  test('a pause counts that was written while the clock was ahead: none of the runs that fell into it is made up for', async () => {
    const id = await create();
    await change(id, 'PAUSED');
    await makeLastChangeLater(id, '1 hour');
    // As whoever makes its Schedule agree does at once.
    assert.equal((await orders.putBackChange(database, id))!.status, 'PAUSED');
    assert.equal(await orders.putBackChange(database, id), undefined, 'once');
    await sleep(10);
    const during = new Date();
    await sleep(10);
    await change(id, 'ACTIVE');
    assert.deepEqual(await missed(id, [during]), []);
  });

  test('one clock that is behind puts nothing back: no run is made up for of before an order was made, or of its pause', async () => {
    for (const isResumed of [false, true]) {
      const id = await create();
      if (isResumed) await pausedSince(id, minutesAgo(50));
      const { accountedUntil } = (await orders.findRecurringTransfer(database, id))!;
      // A run of now, in a process whose clock is behind, and one of before, in a process that says it was late.
      const behind = minutesAgo(45);
      for (const nominalAt of [minutesAgo(0), minutesAgo(49)])
        assert.equal(await orders.putBackChange(database, id, { nominalAt, now: behind }), undefined);
      assert.deepEqual((await orders.findRecurringTransfer(database, id))!.accountedUntil, accountedUntil);
      assert.deepEqual(await missed(id, isResumed ? [minutesAgo(30)] : []), []);
    }
  });

  test('no future run is noted as accounted for, even by a process that read the row before its time was put back', async () => {
    const id = await create();
    const row = (await orders.findRecurringTransfer(database, id))!;
    await orders.noteTended(database, row, new Date(Date.now() + 365 * 86_400_000), 3_600);
    assert.ok((await orders.findRecurringTransfer(database, id))!.accountedUntil <= new Date());
  });

  test('clocks that differ by some seconds put nothing back, and a run that fell into a pause is not made due by it', async () => {
    const id = await create();
    await pausedSince(id, minutesAgo(30));
    assert.equal(
      await orders.putBackChange(database, id, arrived(minutesAgo(1), new Date(Date.now() - 30_000))),
      undefined,
    );
    await makeLastChangeLater(id, '1 hour');
    assert.equal(await outcomeOf(id, minutesAgo(10)), 'not_due');
  });

  function arrived(nominalAt: Date, now: Date): orders.ArrivedRun {
    return { nominalAt, now };
  }

  /** Until now. */
  async function pausedSince(id: RecurringTransferId, at: Date): Promise<void> {
    await change(id, 'PAUSED');
    await change(id, 'ACTIVE');
    await rowsOf(
      admin,
      `UPDATE recurring_transfer_changes SET created_at = '${at.toISOString()}' WHERE recurring_transfer_id = '${id}' AND status = 'PAUSED'`,
    );
  }

  /** As if it had been written while the clock was so much ahead. */
  async function makeLastChangeLater(id: RecurringTransferId, ahead: string): Promise<void> {
    await rowsOf(
      admin,
      `UPDATE recurring_transfer_changes SET created_at = clock_timestamp() + interval '${ahead}'
         WHERE change_id = (SELECT max(change_id) FROM recurring_transfer_changes WHERE recurring_transfer_id = '${id}');
       UPDATE recurring_transfers SET updated_at = clock_timestamp() + interval '${ahead}',
         created_at = CASE version WHEN 1 THEN clock_timestamp() + interval '${ahead}' ELSE created_at END,
         settled_until = clock_timestamp() + interval '${ahead}' WHERE recurring_transfer_id = '${id}'`,
    );
  }

  async function changesOf(id: RecurringTransferId): Promise<string[]> {
    const rows = await rowsOf<{ status: string }>(
      admin,
      `SELECT status FROM recurring_transfer_changes WHERE recurring_transfer_id = '${id}' ORDER BY change_id`,
    );
    return rows.map(({ status }) => status);
  }

  test('the audit finds nothing wrong with all of the above', async () => {
    const findings = collectFindings();
    await checkRecurring(admin, findings);
    assert.deepEqual(findings.violations(), []);
  });
});
