// What the reconciliation finds and changes in the databases.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Workflows } from '../../activities/transfer/reconciliation.ts';
import { repair, REPAIRS_AT_ONCE } from '../../activities/transfer/repair.ts';
import {
  closeDisagreement,
  listCaseActions,
  listCases,
  openDisagreement,
  resolveCase,
} from '../../db/transfer/case-queries.ts';
import { acceptBatch } from '../../db/transfer/batch-acceptance.ts';
import { beginRun, findRun, finishRun } from '../../db/transfer/run-queries.ts';
import { batchId, batchTransferId } from '../../domain/derived-id.ts';
import type { BatchId, RunId } from '../../domain/ids.ts';
import { batchBodyHash, transferBodyHash } from '../../domain/transfer/movement-body.ts';
import { EMPTY_TALLY, OVERLAP_SECONDS } from '../../domain/transfer/reconciliation.ts';
import { rowsOf, startCluster, type TestCluster, type TestStores } from './database.ts';
import { createReconciliation, type Reconciliation } from './reconciliation.ts';
import { minutesAgo, standingOrdersIn } from './standing-orders.ts';
import { movementsOver, type Movements } from './movements.ts';
import { fresh, trace, transfer, userOnShard } from './wallets.ts';

describe('the reconciliation', () => {
  let cluster: TestCluster;
  let stores: TestStores;
  let movements: Movements;
  let reconciliation: Reconciliation;
  before(async () => {
    cluster = await startCluster();
  });
  beforeEach(async () => {
    stores = await cluster.createStores();
    movements = movementsOver(stores);
    reconciliation = createReconciliation(stores);
  });
  after(() => cluster?.stop());

  const onTransfer = (statement: string) => rowsOf(stores.transfer.admin, statement);
  const onShard = (shard: number, statement: string) => rowsOf(stores.wallets[shard]!.admin, statement);
  const wallet = (shard: number, balance?: string) => movements.wallets.open(userOnShard(shard, 2), balance);
  const fund = async (shard: number, amount: string) => {
    const id = await wallet(shard);
    const t = await movements.acceptTransaction('CREDIT', id, amount);
    await movements.transact(t);
    return id;
  };
  const grownOld = () => onTransfer(`UPDATE transfers SET created_at = created_at - interval '2 minutes'`);

  test('finds nothing wrong with movements in every state', async () => {
    const [sender, receiver] = [await fund(0, '100.0000'), await wallet(1)];
    const accept = () => movements.acceptTransfer(sender, receiver, '5.0000');
    await movements.settle(await accept());
    const canceled = await accept();
    await movements.debit(canceled);
    await movements.giveUp(canceled, 'canceled');
    await movements.settle(await movements.acceptTransfer(receiver, sender, '5000.0000'));
    const debited = await accept();
    await movements.debit(debited);
    reconciliation.states.set(`transfer/${debited.transferId}`, 'open');
    await accept(); // so young that nobody may have started it
    const { found, repaired, looks } = await reconciliation.run();
    assert.deepEqual([found, repaired, reconciliation.started], [0, 0, []]);
    assert.equal(looks['changed/transfer'], 5);
  });

  test('starts the workflow of a movement that has none, once it is old enough to have one, and of one that was closed at once', async () => {
    const [sender, receiver] = [await fund(0, '100.0000'), await wallet(1)];
    const young = await movements.acceptTransfer(sender, receiver, '1.0000');
    const terminated = await movements.acceptTransfer(sender, receiver, '1.0000');
    reconciliation.states.set(`transfer/${terminated.transferId}`, 'closed');
    assert.equal((await reconciliation.run()).repaired, 1);
    assert.deepEqual(reconciliation.started, [`transfer/${terminated.transferId}`]);
    await grownOld();
    const { repaired, found } = await reconciliation.run();
    assert.deepEqual([repaired, found, reconciliation.started.length], [1, 0, 2]);
    assert.equal(reconciliation.started[1], `transfer/${young.transferId}`);
    assert.equal((await reconciliation.run()).repaired, 0);
  });

  test('keeps a case of a movement that cannot be started, counts the tries, and closes it once it can', async () => {
    const t = await movements.acceptTransfer(await fund(0, '9.0000'), await wallet(1), '1.0000');
    const workflowId = `transfer/${t.transferId}`;
    reconciliation.lost.add(workflowId);
    await grownOld();
    const first = await reconciliation.run();
    assert.deepEqual([first.casesOpened, first.findings.map(({ reason }) => reason)[0]], [1, 'workflow_missing']);
    await reconciliation.run();
    const [opened] = (await listCases(stores.transfer.service, { limit: 10 })).rows;
    assert.ok(opened!.attempts >= 2, String(opened!.attempts));
    assert.deepEqual([opened!.transferId, opened!.status], [t.transferId, 'OPEN']);
    reconciliation.lost.clear();
    const healed = await reconciliation.run();
    assert.deepEqual([healed.repaired, healed.casesClosed, healed.found], [1, 1, 0]);
  });

  test('finds nothing wrong with what waits for approvals, which has no workflow before', async () => {
    const sender = await fund(0, '9.0000');
    await movements.acceptTransfer(sender, await wallet(1), '1.0000');
    await movements.acceptTransaction('DEBIT', sender, '1.0000');
    for (const table of ['transfers', 'transactions'])
      await onTransfer(`
        UPDATE ${table} SET status = 'AWAITING_APPROVAL', created_at = created_at - interval '2 minutes' WHERE status = 'PENDING'`);
    const { found, repaired, casesOpened } = await reconciliation.run();
    assert.deepEqual([found, repaired, casesOpened, reconciliation.started], [0, 0, 0, []]);
  });

  describe('a batch without a workflow', () => {
    const acceptItems = async (count: number): Promise<BatchId> => {
      const key = fresh('batch');
      const id = batchId(key);
      const [sender, receiver] = [await fund(0, '5000.0000'), await wallet(1)];
      const items = Array.from({ length: count }, (_, n) => {
        const terms = { ...transfer(sender, receiver, '1.0000'), transferId: batchTransferId(id, n) };
        return { ...terms, reference: undefined, bodyHash: transferBodyHash(terms) };
      });
      const bodyHash = batchBodyHash(items.map((item) => item.bodyHash));
      const acceptance = { batchId: id, items, idempotencyKey: key, bodyHash, deadlineSeconds: 600 };
      assert.ok(await acceptBatch(stores.transfer.service, acceptance, trace));
      return id;
    };
    const open = async () =>
      (await listCases(stores.transfer.service, { status: 'OPEN', limit: 50 })).rows.map((c) => c.subject);
    const batchesGrownOld = async () => {
      await grownOld();
      await onTransfer(`UPDATE transfer_batches SET created_at = created_at - interval '2 minutes'`);
    };

    test('is started again once, however many items it has, and at once where it was closed from outside', async () => {
      const young = await acceptItems(1_200);
      assert.deepEqual([(await reconciliation.run()).repaired, reconciliation.started], [0, []]);
      const closed = await acceptItems(3);
      reconciliation.states.set(`batch/${closed}`, 'closed');
      const look = {
        place: { of: 'closed_workflows' },
        window: { fromMs: 0, untilMs: Date.now() },
        cursor: null,
      } as const;
      assert.deepEqual((await reconciliation.activities.lookAt(look)).suspects, [`batch/${closed}`]);
      assert.deepEqual([(await reconciliation.run()).repaired, reconciliation.started], [1, [`batch/${closed}`]]);
      await batchesGrownOld();
      const { repaired, found } = await reconciliation.run();
      assert.deepEqual(
        [repaired, found, reconciliation.started.slice(1), await open()],
        [1, 0, [`batch/${young}`], []],
      );
      assert.deepEqual([(await reconciliation.run()).repaired, reconciliation.started.length], [0, 2]);
    });

    test('that cannot be started is one case, also in the place of one of its items, and is closed once it can', async () => {
      const id = await acceptItems(1_200);
      reconciliation.lost.add(`batch/${id}`);
      await batchesGrownOld();
      const first = await reconciliation.run();
      assert.deepEqual([first.casesOpened, first.repaired, first.found], [1, 0, 1]);
      assert.deepEqual(
        first.findings.map((each) => [each.subject, each.reason]),
        [[`batch/${id}`, 'workflow_missing']],
      );
      assert.deepEqual(await open(), [`batch/${id}`]);
      const subject = `transfer/${batchTransferId(id, 7)}`;
      const item = { subject, reason: 'workflow_missing', detail: 'as it was once kept' } as const;
      await openDisagreement(stores.transfer.service, item, 1);
      const second = await reconciliation.run();
      assert.deepEqual([second.casesOpened, second.casesClosed, await open()], [0, 1, [`batch/${id}`]]);
      const asked = await reconciliation.activities.settleSuspects({ subjects: [subject] });
      assert.deepEqual([asked.found, asked.findings[0]?.subject], [1, `batch/${id}`]);
      const [kept] = (await listCases(stores.transfer.service, { status: 'OPEN', limit: 1 })).rows;
      assert.ok(kept!.attempts >= 2, String(kept!.attempts));

      reconciliation.lost.clear();
      const retried = await reconciliation.activities.settleSuspects({ subjects: [kept!.subject] });
      assert.deepEqual([retried.repaired, retried.casesClosed, await open()], [1, 1, []]);
    });

    test('is a case where an item is left open by a batch that says it is COMPLETED', async () => {
      const id = await acceptItems(2);
      await onTransfer(`UPDATE transfer_batches SET status = 'COMPLETED', completed_count = 2`);
      reconciliation.states.set(`batch/${id}`, 'closed');
      reconciliation.lost.add(`batch/${id}`);
      assert.deepEqual(
        (await reconciliation.run()).findings.map(({ subject }) => subject),
        [`batch/${id}`],
      );
    });

    test('opens no case while Temporal cannot be asked or does not start it', async () => {
      const id = await acceptItems(3);
      reconciliation.states.set(`batch/${id}`, 'closed');
      for (const fails of ['stateOf', 'startBatch'] as const) {
        reconciliation.unreachable.add(fails);
        await assert.rejects(reconciliation.run(), /Temporal is gone/);
        reconciliation.unreachable.clear();
        assert.deepEqual(await open(), []);
      }
      assert.equal((await reconciliation.run()).repaired, 1);
    });
  });

  test('puts the Schedule of an active recurring transfer right that somebody stopped, or keeps a case until it runs', async () => {
    const { create, change } = standingOrdersIn(stores.transfer);
    const [paused, missing, lost, fine] = [await create(), await create(), await create(), await create()];
    const over = await create({ startsAt: minutesAgo(30), endsAt: minutesAgo(10) });
    const none = await create({ everySeconds: null, calendar: { year: 2020 } });
    const resting = await create();
    await change(resting, 'PAUSED');
    reconciliation.schedules.set(paused, 'paused').set(missing, 'missing').set(lost, 'paused');
    for (const id of [over, none, resting]) reconciliation.schedules.set(id, 'missing');
    reconciliation.lost.add(`recurring/${lost}`);
    const { repaired, found, findings, looks } = await reconciliation.run();
    assert.deepEqual([repaired, found, looks['schedules']], [2, 1, 5]);
    assert.deepEqual(reconciliation.tended.toSorted(), [paused, missing, lost].toSorted());
    assert.ok(!reconciliation.schedules.has(fine));
    assert.deepEqual(findings, [
      { subject: `recurring/${lost}`, reason: 'schedule_stopped', detail: 'it is ACTIVE, and its Schedule is paused' },
    ]);
    reconciliation.lost.clear();
    const { casesClosed } = await reconciliation.run();
    assert.equal(casesClosed, 1);
    assert.equal((await reconciliation.run()).repaired, 0);
  });

  test('puts some Schedules right at a time, and in an attempt that takes too long begins no more, which the next one does', async () => {
    const { create } = standingOrdersIn(stores.transfer);
    const ids = await Promise.all(Array.from({ length: 3 * REPAIRS_AT_ONCE }, () => create()));
    for (const id of ids) reconciliation.schedules.set(id, 'paused');
    const findings = ids.map((id) => ({ subject: `recurring/${id}`, reason: 'schedule_stopped', detail: '' }) as const);
    const { database, workflows } = reconciliation;
    let [atWork, atWorkMax] = [0, 0];
    const tendRecurring: Workflows['tendRecurring'] = async (row) => {
      atWork += 1;
      atWorkMax = Math.max(atWorkMax, atWork);
      // So that others may begin meanwhile.
      await sleep(20);
      await workflows.tendRecurring(row);
      atWork -= 1;
    };
    const counting = { database, workflows: { ...workflows, tendRecurring } };
    await repair(findings, counting);
    assert.deepEqual([atWorkMax, reconciliation.tended.toSorted()], [REPAIRS_AT_ONCE, ids.toSorted()]);

    reconciliation.tended.length = 0;
    await assert.rejects(repair(findings, { ...counting, limitMs: 10 }), /the rest is next/);
    assert.deepEqual([reconciliation.tended.length, atWork], [REPAIRS_AT_ONCE, 0]);
  });

  test('sees an entry that does not follow from the one before it, also far from the end of a ledger', async () => {
    const id = await fund(1, '10.0000');
    for (let i = 0; i < 3; i += 1) await movements.transact(await movements.acceptTransaction('CREDIT', id, '1.0000'));
    await reconciliation.run();
    await onShard(1, `UPDATE ledger_entries SET balance_after = 12 WHERE wallet_id = '${id}' AND sequence = 2`);
    const { findings } = await reconciliation.run();
    assert.deepEqual(findings, [
      {
        subject: `wallet/${id}`,
        reason: 'balance_disagrees',
        detail: '2 of its entries say another balance than the entries before them lead to',
      },
    ]);
  });

  test('sees an entry that is missing, and one whose fence is', async () => {
    const [sender, receiver] = [await fund(0, '10.0000'), await wallet(1)];
    const t = await movements.acceptTransfer(sender, receiver, '4.0000');
    await movements.settle(t);
    await onShard(1, `DELETE FROM operation_fences WHERE transaction_id = '${t.transferId}'`);
    const { findings } = await reconciliation.run();
    assert.deepEqual(
      findings.map(({ subject, reason }) => [subject, reason]),
      [[`transfer/${t.transferId}`, 'entries_disagree']],
    );
    await onShard(1, `DELETE FROM ledger_entries WHERE transaction_id = '${t.transferId}'`);
    const again = await reconciliation.run();
    assert.deepEqual(
      again.findings.map(({ subject }) => subject).sort(),
      [`transfer/${t.transferId}`, `wallet/${receiver}`].sort(),
    );
  });

  test('judges a movement that ended long ago when a shard writes for it again', async () => {
    const [sender, receiver] = [await fund(0, '10.0000'), await wallet(1)];
    const t = await movements.acceptTransfer(sender, receiver, '4.0000');
    await movements.settle(t);
    await reconciliation.run();
    await onTransfer(
      `UPDATE transfers SET created_at = now() - interval '1 day', updated_at = now() - interval '1 day'`,
    );
    await onShard(
      0,
      `INSERT INTO operation_fences (transaction_id, leg, outcome, wallet_id, currency, amount) VALUES ('${t.transferId}', 'refund', 'applied', '${sender}', 'USD', 4)`,
    );
    const { findings, looks } = await reconciliation.run();
    assert.equal(looks['changed/transfer'], 0);
    assert.deepEqual(
      findings.map(({ subject, reason }) => [subject, reason]),
      [[`transfer/${t.transferId}`, 'entries_disagree']],
    );
  });

  test('over everything finds what a shard wrote for a movement without a row, however long ago', async () => {
    const [sender, receiver] = [await fund(0, '100.0000'), await wallet(1)];
    const t = await movements.acceptTransfer(sender, receiver, '5.0000');
    await movements.settle(t);
    assert.equal((await reconciliation.run()).found, 0);
    for (const table of ['transfer_steps', 'transfers'])
      await onTransfer(`DELETE FROM ${table} WHERE transfer_id = '${t.transferId}'`);
    for (const table of ['operation_fences', 'ledger_entries'])
      for (const shard of [0, 1])
        await onShard(shard, `UPDATE ${table} SET created_at = created_at - interval '1 day'`);
    assert.equal((await reconciliation.run()).found, 0, 'of what changed it is none');
    const { findings } = await reconciliation.run('all');
    assert.deepEqual(
      findings.map(({ subject, reason }) => [subject, reason]),
      [[`movement/${t.transferId}`, 'entries_without_movement']],
    );
  });

  test('looks back beyond the mark, so that what was committed late is not missed', async () => {
    await reconciliation.run();
    const [first] = await onTransfer(`SELECT to_mark FROM reconciliation_runs`);
    const id = await fund(0, '1.0000');
    // Written just before the mark, by a statement that took its time to commit.
    const late = `'${(first!['to_mark'] as Date | string).toString()}'::timestamptz - interval '4 seconds'`;
    await onTransfer(`UPDATE transactions SET updated_at = ${late}`);
    await onShard(0, `UPDATE ledger_entries SET created_at = ${late}`);
    const { looks } = await reconciliation.run();
    assert.deepEqual([looks['changed/transaction'], looks['entries/0'], looks['fences/0']], [1, 2, 1], id);
  });

  test('a run that fails moves no mark; one whose workflow is gone has failed; and requests cannot pile up', async () => {
    const database = stores.transfer.service;
    const begin = (name: string) =>
      beginRun(database, { runId: name as RunId, workflowId: `reconciliation/${name}`, trigger: 'request' });
    const [one, two] = [crypto.randomUUID(), crypto.randomUUID()];
    const first = await begin(one);
    assert.deepEqual(await begin(one), first, 'a repeat answers the same run');
    await finishRun(database, one as RunId, { status: 'FAILED', tally: EMPTY_TALLY, error: 'by a test' });
    const second = await begin(two);
    assert.equal(second!.fromMark.getTime(), 0);
    for (let i = 0; i < 3; i += 1) assert.ok(await begin(crypto.randomUUID()));
    assert.equal(await begin(crypto.randomUUID()), undefined);
    await finishRun(database, two as RunId, { status: 'CLEAN', tally: EMPTY_TALLY });
    // Their workflows are not known to Temporal, so they are over.
    await reconciliation.activities.beginReconciliation({
      runId: crypto.randomUUID() as RunId,
      workflowId: 'reconciliation/scheduled',
      trigger: 'schedule',
    });
    const third = await begin(crypto.randomUUID());
    assert.equal(third!.fromMark.getTime(), second!.toMark.getTime() - OVERLAP_SECONDS * 1_000);
    await finishRun(database, two as RunId, { status: 'FAILED', tally: EMPTY_TALLY });
    assert.equal((await findRun(database, two as RunId))?.status, 'CLEAN', 'a result is written once');
  });

  test('a subject has one open case; a finding that an operator has closed is not opened again, a different one is', async () => {
    const database = stores.transfer.service;
    const finding = { subject: 'wallet/w', reason: 'balance_disagrees', detail: 'one more' } as const;
    const opened = await Promise.all(Array.from({ length: 8 }, () => openDisagreement(database, finding, 0)));
    assert.deepEqual(opened.toSorted(), ['known', 'known', 'known', 'known', 'known', 'known', 'known', 'opened']);
    const [row] = (await listCases(database, { status: 'OPEN', limit: 10 })).rows;
    const resolved = await Promise.all(
      Array.from({ length: 4 }, () => resolveCase(database, row!.caseId, 'Known.', { acting: { actor: 'alice' } })),
    );
    assert.equal(resolved.filter((each) => each !== undefined).length, 1);
    assert.deepEqual(
      (await listCaseActions(database, row!.caseId)).map(({ action, actor }) => `${action} ${actor}`),
      ['opened counterpoise', 'resolved alice'],
    );
    assert.equal(await openDisagreement(database, finding, 0), 'resolved');
    assert.equal(await openDisagreement(database, { ...finding, detail: 'two more' }, 0), 'opened');
    assert.equal(await closeDisagreement(database, finding.subject), true);
    assert.equal(await closeDisagreement(database, finding.subject), false);
  });

  test('leaves the case of a compensation alone', async () => {
    const database = stores.transfer.service;
    const subject = `transfer/${crypto.randomUUID()}`;
    await onTransfer(
      `INSERT INTO cases (subject, reason, last_error) VALUES ('${subject}', 'refund_failing', 'no shard')`,
    );
    const finding = { subject, reason: 'workflow_missing', detail: 'no workflow' } as const;
    assert.equal(await openDisagreement(database, finding, 1), 'known');
    assert.equal(await closeDisagreement(database, subject), false);
    const [row] = (await listCases(database, { limit: 1 })).rows;
    assert.deepEqual([row!.status, row!.reason, row!.lastError], ['OPEN', 'refund_failing', 'no shard']);
  });
});
