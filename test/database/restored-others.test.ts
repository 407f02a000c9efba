// What else does not fit once one database was restored: a hold that its shard has lost, one that the shards have settled while
// its row says that it is held, and workflows that Temporal takes for open although what they move has ended.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { decideCapture } from '../../db/transfer/queries.ts';
import type { TransferTerms } from '../../domain/transfer.ts';
import { rowsOf } from './database.ts';
import { startKinds, type Kinds, type Pair } from './kinds.ts';
import { reconciling, type Reconciling } from './reconciling.ts';

describe('the reconciliation, of databases that do not fit', () => {
  let kinds: Kinds;
  let here: Reconciling;
  let pair: Pair;
  beforeEach(async () => {
    kinds = await startKinds();
    here = reconciling(kinds.stores);
    pair = await kinds.fund('100.0000');
  });
  afterEach(() => kinds?.stop());

  const onTransfer = (statement: string) => rowsOf(kinds.stores.transfer.admin, statement);
  const grownOld = () =>
    onTransfer(
      `UPDATE transfers SET created_at = created_at - interval '2 minutes', updated_at = updated_at - interval '2 minutes'`,
    );
  const held = async (): Promise<TransferTerms> => {
    const t = await kinds.debited(pair, '10.0000', true);
    here.states.set(`transfer/${t.transferId}`, 'open');
    return t;
  };

  test('a hold whose debit its shard has lost is a case, and one that is there is none', async () => {
    const [lost] = [await held(), await held()];
    await grownOld();
    assert.deepEqual((await here.run()).findings, []);
    for (const table of ['operation_fences', 'ledger_entries'])
      await rowsOf(kinds.stores.wallets[0]!.admin, `DELETE FROM ${table} WHERE transaction_id = '${lost.transferId}'`);
    const { findings } = await here.run();
    const own = findings.filter(({ subject }) => subject === `transfer/${lost.transferId}`);
    assert.deepEqual(
      own.map(({ reason, detail }) => [reason, detail]),
      [['entries_disagree', 'it is DEBITED with the entries: none']],
    );
    assert.ok(
      (await kinds.violations()).some(
        ({ invariant, subject }) => invariant === 'I2' && subject.includes(lost.transferId),
      ),
    );
  });

  test('a hold that the shards have settled is settled by its workflow, which is asked to', async () => {
    const [captured, released, waits] = [await held(), await held(), await held()];
    await decideCapture(kinds.stores.transfer.service, captured.transferId, '4.0000');
    await kinds.credit(captured, '4.0000');
    await kinds.refund(captured, '4.0000');
    await onTransfer(`UPDATE transfers SET captured_amount = NULL WHERE transfer_id = '${captured.transferId}'`);
    const { wallets } = kinds;
    await kinds.giveUp(released);
    await onTransfer(
      `UPDATE transfers SET status = 'DEBITED', failure_reason = NULL WHERE transfer_id = '${released.transferId}'`,
    );
    assert.equal(await wallets.balance(pair.receiver), '4.0000');
    await grownOld();
    for (const t of [captured, released]) here.lost.add(`transfer/${t.transferId}`);
    const behind = await here.run();
    const expected = [captured, released].map((t) => `transfer/${t.transferId}`).toSorted();
    assert.deepEqual([...new Set(here.canceled)].toSorted(), expected);
    assert.deepEqual(
      behind.findings.map(({ subject, reason }) => `${subject} ${reason}`).toSorted(),
      expected.map((id) => `workflow/${id} workflow_behind`),
    );
    assert.ok(!here.canceled.includes(`transfer/${waits.transferId}`));

    // Then it does what it was asked for.
    await onTransfer(
      `UPDATE transfers SET status = 'CANCELED' WHERE transfer_id IN ('${captured.transferId}', '${released.transferId}')`,
    );
    for (const t of [captured, released]) here.states.set(`transfer/${t.transferId}`, 'closed');
    assert.equal((await here.run()).casesClosed, 2);
  });

  test('an open workflow of what has ended is asked to end, but not while it may just be ending', async () => {
    const t = await kinds.debited(pair, '10.0000', false);
    await kinds.credit(t, '10.0000');
    await kinds.complete(t);
    const workflowId = `transfer/${t.transferId}`;
    here.states.set(workflowId, 'open');
    await here.run();
    assert.deepEqual(here.canceled, []);
    await grownOld();
    const { repaired, found } = await here.run();
    assert.deepEqual([here.canceled, repaired, found], [[workflowId], 1, 0]);
    assert.deepEqual([(await here.run()).repaired, here.canceled.length], [0, 1]);
  });
});
