// Further disagreements after one database was restored: a hold that its shard has lost, a hold that the shards have settled
// while its row says that it is held, and workflows that Temporal takes for open although their movements have ended.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { listCaseActions } from '../../db/transfer/case-queries.ts';
import { decideCapture } from '../../db/transfer/queries.ts';
import * as shard from '../../db/wallet/queries.ts';
import { transferId } from '../../domain/derived-id.ts';
import type { CaseId } from '../../domain/ids.ts';
import type { TransferTerms } from '../../domain/transfer/transfer.ts';
import { rowsOf } from './database.ts';
import { startTransferKinds, type TransferKinds, type Pair } from './transfer-kinds.ts';
import { createReconciliation, type Reconciliation } from './reconciliation.ts';
import { fresh, trace, USD } from './wallets.ts';

describe('the reconciliation, of databases that do not fit', () => {
  let kinds: TransferKinds;
  let reconciliation: Reconciliation;
  let pair: Pair;
  beforeEach(async () => {
    kinds = await startTransferKinds();
    reconciliation = createReconciliation(kinds.stores);
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
    reconciliation.states.set(`transfer/${t.transferId}`, 'open');
    return t;
  };

  test('a hold whose debit its shard has lost is a case, and one that is there is none', async () => {
    const [lost] = [await held(), await held()];
    await grownOld();
    assert.deepEqual((await reconciliation.run()).findings, []);
    for (const table of ['operation_fences', 'ledger_entries'])
      await rowsOf(kinds.stores.wallets[0]!.admin, `DELETE FROM ${table} WHERE transaction_id = '${lost.transferId}'`);
    const { findings } = await reconciliation.run();
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
    for (const t of [captured, released]) reconciliation.lost.add(`transfer/${t.transferId}`);
    const behind = await reconciliation.run();
    const expected = [captured, released].map((t) => `transfer/${t.transferId}`).toSorted();
    assert.deepEqual([...new Set(reconciliation.canceled)].toSorted(), expected);
    assert.deepEqual(
      behind.findings.map(({ subject, reason }) => `${subject} ${reason}`).toSorted(),
      expected.map((id) => `workflow/${id} workflow_behind`),
    );
    assert.ok(!reconciliation.canceled.includes(`transfer/${waits.transferId}`));

    // Then it does what it was asked for.
    await onTransfer(
      `UPDATE transfers SET status = 'CANCELED' WHERE transfer_id IN ('${captured.transferId}', '${released.transferId}')`,
    );
    for (const t of [captured, released]) reconciliation.states.set(`transfer/${t.transferId}`, 'closed');
    assert.equal((await reconciliation.run()).casesClosed, 2);
  });

  test('the case of a lost row tells once what its refund gave back, or that its receiver had been credited', async () => {
    const lost = async (): Promise<TransferTerms> => {
      const ends = { senderWalletId: pair.sender, receiverWalletId: pair.receiver };
      const t = { transferId: transferId(fresh('key')), ...ends, amount: '10.0000', currency: USD };
      await shard.debit(kinds.wallets.shardOf(pair.sender), t, trace, { isHold: false, total: t.amount });
      return t;
    };
    const [halfDone, whole] = [await lost(), await lost()];
    await kinds.credit(whole, '10.0000');
    await reconciliation.run();
    await shard.cancelCredit(kinds.wallets.shardOf(pair.receiver), halfDone, 'canceled', '10.0000');
    await kinds.refund(halfDone, '0');
    const toldOf = async (t: TransferTerms): Promise<unknown[]> => {
      const subject = `movement/${t.transferId}`;
      const [found] = await onTransfer(`SELECT case_id AS id FROM cases WHERE subject = '${subject}'`);
      const refunded = { caseId: found!['id'] as CaseId, runId: 'run' };
      for (let call = 0; call < 2; call += 1)
        await reconciliation.activities.settleSuspects({ subjects: [subject], refunded });
      const log = await listCaseActions(kinds.stores.transfer.service, refunded.caseId);
      return log.filter(({ action }) => action === 'refund').map(({ actor, comment }) => [actor, comment]);
    };
    assert.deepEqual(await toldOf(halfDone), [['counterpoise', `Given back to wallet ${pair.sender}: 10.0000 USD.`]]);
    assert.deepEqual(await toldOf(whole), [
      ['counterpoise', `Nothing was given back. Wallet ${pair.receiver} had been credited 10.0000 USD and keeps it.`],
    ]);
  });

  test('an open workflow of what has ended is asked to end, but not while it may just be ending', async () => {
    const t = await kinds.debited(pair, '10.0000', false);
    await kinds.credit(t, '10.0000');
    await kinds.complete(t);
    const workflowId = `transfer/${t.transferId}`;
    reconciliation.states.set(workflowId, 'open');
    await reconciliation.run();
    assert.deepEqual(reconciliation.canceled, []);
    await grownOld();
    const { repaired, found } = await reconciliation.run();
    assert.deepEqual([reconciliation.canceled, repaired, found], [[workflowId], 1, 0]);
    assert.deepEqual([(await reconciliation.run()).repaired, reconciliation.canceled.length], [0, 1]);
  });
});
