// A wallet shard that was restored to an earlier time: only this shard has lost what it did since, and each movement and wallet
// that it still has agrees with itself. Its watermark reveals the loss, whatever its clock says; the patrol finds each lost
// movement.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { compareWatermark } from '../../activities/transfer/shard-watermarks.ts';
import { closeDisagreement, listCases, resolveCase } from '../../db/transfer/case-queries.ts';
import { shardsBehind } from '../../db/transfer/watermark-queries.ts';
import { ledgerOf } from '../../db/wallet/ledger.ts';
import type { Ledger } from '../../domain/ledger.ts';
import type { WalletId } from '../../domain/ids.ts';
import type { TransferTerms } from '../../domain/transfer/transfer.ts';
import { rowsOf, startCluster, type TestCluster, type TestStores } from './database.ts';
import { createReconciliation, type Reconciliation } from './reconciliation.ts';
import { movementsOver, type Movements } from './movements.ts';
import { userOnShard } from './wallets.ts';

describe('a wallet shard that was restored from before', () => {
  let cluster: TestCluster;
  let stores: TestStores;
  let ledger: Ledger;
  let movements: Movements;
  let reconciliation: Reconciliation;
  let sender: WalletId;
  let receiver: WalletId;

  before(async () => {
    cluster = await startCluster();
  });
  after(() => cluster?.stop());
  beforeEach(async () => {
    stores = await cluster.createStores();
    ledger = ledgerOf(stores.wallets.map(({ service }) => service));
    movements = movementsOver(stores);
    reconciliation = createReconciliation(stores);
    sender = await movements.wallets.open(userOnShard(0, 2));
    receiver = await movements.wallets.open(userOnShard(1, 2));
    await movements.transact(await movements.acceptTransaction('CREDIT', sender, '1000.0000'));
  });

  async function moved(count: number): Promise<TransferTerms[]> {
    const all: TransferTerms[] = [];
    for (let n = 0; n < count; n += 1) {
      const t = await movements.acceptTransfer(sender, receiver, '10.0000');
      await movements.settle(t);
      all.push(t);
    }
    return all;
  }

  /** Takes away what the receiver's shard did for these, and leaves its wallet consistent with itself. */
  async function lose(lost: readonly TransferTerms[]): Promise<void> {
    const { admin } = stores.wallets[1]!;
    const ids = lost.map(({ transferId }) => `'${transferId}'`).join(',');
    for (const table of ['ledger_entries', 'operation_fences'])
      await rowsOf(admin, `DELETE FROM ${table} WHERE transaction_id IN (${ids})`);
    await rowsOf(admin, `DELETE FROM outbox_events WHERE split_part(event_id, '/', 2) IN (${ids})`);
    await rowsOf(
      admin,
      `UPDATE wallets SET balance = balance - 10 * ${lost.length}, last_sequence = last_sequence - ${lost.length} WHERE wallet_id = '${receiver}'`,
    );
  }

  /** As if all of it had happened a day ago, and every run since had come to its end. */
  async function ageByADay(): Promise<void> {
    await rowsOf(
      stores.transfer.admin,
      `UPDATE transfers SET created_at = created_at - interval '1 day', updated_at = updated_at - interval '1 day'`,
    );
    for (const { admin } of stores.wallets)
      for (const table of ['ledger_entries', 'operation_fences'])
        await rowsOf(admin, `UPDATE ${table} SET created_at = created_at - interval '1 day'`);
    await rowsOf(stores.transfer.admin, `UPDATE shard_watermarks SET decided_at = decided_at - interval '1 day'`);
    await reconciliation.run();
  }

  test('has lost a credit of long ago: the patrol finds it, though nothing has changed', async () => {
    const transfers = await moved(3);
    await ageByADay();
    await lose(transfers.slice(2));
    const [first, second] = [await reconciliation.run(), await reconciliation.run()];
    const subject = `transfer/${transfers[2]!.transferId}`;
    assert.ok([...first.findings, ...second.findings].some((finding) => finding.subject === subject));
    const [open] = (await listCases(stores.transfer.service, { limit: 10 })).rows;
    assert.deepEqual([open!.subject, open!.reason], [subject, 'entries_disagree']);
  });

  test('lacks the leg that it is known to have decided: that is a case, until an operator closes it', async () => {
    const transfers = await moved(2);
    assert.equal(await compareWatermark(stores.transfer.service, ledger, 1), undefined);
    await lose(transfers.slice(1));
    await moved(1);

    const behind = await compareWatermark(stores.transfer.service, ledger, 1);
    assert.deepEqual([behind?.known.movement, behind?.isNew], [transfers[1]!.transferId, true]);
    assert.deepEqual(await shardsBehind(stores.transfer.service), [1]);
    assert.equal((await compareWatermark(stores.transfer.service, ledger, 1))?.isNew, false, 'it is told once');
    assert.equal(
      await compareWatermark(stores.transfer.service, ledger, 0),
      undefined,
      'the other shard is not behind',
    );

    const { findings } = await reconciliation.run();
    assert.ok(findings.some(({ subject, reason }) => subject === 'shard/1' && reason === 'shard_behind'));
    assert.deepEqual(await shardsBehind(stores.transfer.service), [1], 'a run does not close it');

    const [found] = (await listCases(stores.transfer.service, { limit: 10 })).rows.filter(
      ({ subject }) => subject === 'shard/1',
    );
    await resolveCase(stores.transfer.service, found!.caseId, 'It is known.', { acting: { actor: 'somebody' } });
    assert.deepEqual(await shardsBehind(stores.transfer.service), []);
    assert.equal(await compareWatermark(stores.transfer.service, ledger, 1), undefined);
    assert.deepEqual(await shardsBehind(stores.transfer.service), [], 'it is not opened again');
    assert.equal(await compareWatermark(stores.transfer.service, ledger, 1), undefined);
  });

  test('has back what it lacked: the next look closes its case', async () => {
    const [t] = await moved(1);
    const { admin } = stores.wallets[1]!;
    const fence = `operation_fences WHERE transaction_id = '${t!.transferId}'`;
    await rowsOf(admin, `CREATE TABLE backup AS SELECT * FROM ${fence}`);
    await compareWatermark(stores.transfer.service, ledger, 1);
    await lose([t!]);
    await compareWatermark(stores.transfer.service, ledger, 1);
    assert.deepEqual(await shardsBehind(stores.transfer.service), [1]);

    // Another run of its workflow asks for it again: that brings back this leg, and nothing else that was lost.
    await new Promise((resolve) => setTimeout(resolve, 2));
    await movements.settle(t!);
    await reconciliation.run();
    assert.deepEqual(await shardsBehind(stores.transfer.service), [1], 'it is behind still');
    assert.equal((await compareWatermark(stores.transfer.service, ledger, 1))?.isNew, false);

    await rowsOf(admin, `DELETE FROM ${fence}; INSERT INTO operation_fences SELECT * FROM backup`);
    const { casesClosed } = await reconciliation.run();
    assert.ok(casesClosed > 0);
    assert.deepEqual(await shardsBehind(stores.transfer.service), []);
    assert.equal(await closeDisagreement(stores.transfer.service, 'shard/1'), false);
  });

  test('was restored from before its first leg, or is empty', async () => {
    const transfers = await moved(1);
    await compareWatermark(stores.transfer.service, ledger, 1);
    await lose(transfers);
    assert.equal((await compareWatermark(stores.transfer.service, ledger, 1))?.isNew, true);
    const [found] = (await listCases(stores.transfer.service, { limit: 1 })).rows;
    await resolveCase(stores.transfer.service, found!.caseId, 'It is known.', { acting: { actor: 'somebody' } });
    assert.equal(await compareWatermark(stores.transfer.service, ledger, 1), undefined);
  });

  test('is compared as a whole by a run that is asked for everything', async () => {
    const transfers = await moved(5);
    await ageByADay();
    await lose(transfers.slice(2));
    // As if the patrol had just passed them.
    await rowsOf(
      stores.transfer.admin,
      `UPDATE reconciliation_runs SET patrol = jsonb_build_object('ended/transfer', jsonb_build_object('atMs', 4102444800000, 'key', '00000000-0000-0000-0000-000000000000'))`,
    );
    assert.deepEqual((await reconciliation.run()).findings, []);
    const { found, looks } = await reconciliation.run('all');
    assert.equal(found, 3);
    assert.ok(looks['ended/transfer']! >= 5);
  });
});
