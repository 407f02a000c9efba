// A reconciliation looks at what changed since the last one, whatever the clocks of the databases did in between: a mark in the
// future hides nothing, runs are ordered by their beginning, and each shard is asked by its own clock.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { claimDueTransfers } from '../../db/transfer/due-transfers.ts';
import type { WalletId } from '../../domain/ids.ts';
import { rowsOf, startCluster, type TestCluster, type TestStores } from './database.ts';
import { createReconciliation, type Reconciliation } from './reconciliation.ts';
import { movementsOver, type Movements } from './movements.ts';
import { userOnShard } from './wallets.ts';

describe('a reconciliation after a clock has leapt', () => {
  let cluster: TestCluster;
  let stores: TestStores;
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
    movements = movementsOver(stores);
    reconciliation = createReconciliation(stores);
    sender = await movements.wallets.open(userOnShard(0, 2));
    receiver = await movements.wallets.open(userOnShard(1, 2));
    await movements.transact(await movements.acceptTransaction('CREDIT', sender, '1000.0000'));
    await reconciliation.run();
  });

  const onTransfer = (statement: string) => rowsOf(stores.transfer.admin, statement);
  const onShard = (shard: number, statement: string) => rowsOf(stores.wallets[shard]!.admin, statement);
  /** As if everything until now had happened so long ago that only a mark of long ago leads to it. */
  async function anHourPasses(): Promise<void> {
    await onTransfer(
      `UPDATE reconciliation_runs SET from_mark = from_mark - interval '1 hour', to_mark = to_mark - interval '1 hour', started_at = started_at - interval '1 hour',
       shard_windows = (SELECT jsonb_object_agg(key, jsonb_build_object('fromMs', (value->>'fromMs')::numeric - 3600000, 'untilMs', (value->>'untilMs')::numeric - 3600000)) FROM jsonb_each(shard_windows))`,
    );
    await onTransfer(
      `UPDATE transfers SET created_at = created_at - interval '1 hour', updated_at = updated_at - interval '1 hour'`,
    );
    for (const shard of [0, 1])
      for (const table of ['ledger_entries', 'operation_fences'])
        await onShard(shard, `UPDATE ${table} SET created_at = created_at - interval '1 hour'`);
  }
  const windowOfLastRun = async () => {
    const [row] = await onTransfer(
      `SELECT extract(epoch FROM from_mark) * 1000 AS from_ms, shard_windows FROM reconciliation_runs ORDER BY run_number DESC LIMIT 1`,
    );
    const { from_ms: fromMs, shard_windows: shards } = row as {
      from_ms: string;
      shard_windows: Record<string, { fromMs: number }>;
    };
    return { fromMs: Number(fromMs), shards };
  };
  /** What did not change is not looked at either. */
  const pastThePatrol = () =>
    onTransfer(
      `UPDATE reconciliation_runs SET patrol = jsonb_build_object('ended/transfer', jsonb_build_object('atMs', 4102444800000, 'key', '00000000-0000-0000-0000-000000000000'))`,
    );

  test('ahead and back: what changed before the leap and after it is looked at', async () => {
    await anHourPasses();
    const t = await movements.acceptTransfer(sender, receiver, '1.0000');
    await movements.settle(t);
    // A run while the clock was a year ahead, which has left its mark there.
    await reconciliation.run();
    await onTransfer(
      `UPDATE reconciliation_runs SET from_mark = from_mark + interval '1 year', to_mark = to_mark + interval '1 year', started_at = started_at + interval '1 year'
       WHERE run_number = (SELECT max(run_number) FROM reconciliation_runs)`,
    );
    await onTransfer(`UPDATE transfers SET updated_at = now() - interval '30 minutes', captured_amount = 1`);
    await onTransfer(
      `UPDATE transfers SET failure_reason = 'timed_out', status = 'FAILED' WHERE transfer_id = '${t.transferId}'`,
    );
    await pastThePatrol();
    const { findings } = await reconciliation.run();
    assert.ok(findings.some(({ subject }) => subject === `transfer/${t.transferId}`));
    assert.ok((await windowOfLastRun()).fromMs < Date.now() - 3_600_000);
    await reconciliation.run();
    assert.ok((await windowOfLastRun()).fromMs > Date.now() - 3_600_000, 'the run after it goes on from it');
  });

  test('of a shard that is a day ahead: what it did is looked at by its own clock', async () => {
    await anHourPasses();
    const t = await movements.acceptTransaction('CREDIT', receiver, '1.0000');
    await movements.transact(t);
    await onTransfer(`DELETE FROM transactions WHERE transaction_id = '${t.transactionId}'`);
    for (const table of ['ledger_entries', 'operation_fences'])
      await onShard(
        1,
        `UPDATE ${table} SET created_at = created_at + interval '1 day' WHERE transaction_id = '${t.transactionId}'`,
      );
    // It has written that just now, by its clock.
    reconciliation.clocksAheadMs[1] = 86_401_000;
    const { findings } = await reconciliation.run();
    assert.ok(findings.some(({ subject }) => subject === `movement/${t.transactionId}`));
    const { shards } = await windowOfLastRun();
    assert.ok(shards['1']!.fromMs < Date.now() + 86_400_000 - 3_000_000);
  });

  test('a movement that was accepted in the leap is started by the sweep, and looked at, without waiting for its time', async () => {
    const t = await movements.acceptTransfer(sender, receiver, '1.0000');
    await onTransfer(
      `UPDATE transfers SET created_at = created_at + interval '1 year', updated_at = updated_at + interval '1 year', start_due_at = start_due_at + interval '1 year' WHERE transfer_id = '${t.transferId}'`,
    );
    const due = await claimDueTransfers(stores.transfer.service, { limit: 10, leaseSeconds: 10 });
    assert.deepEqual(
      due.map(({ transferId }) => transferId),
      [t.transferId],
    );
    await reconciliation.run();
    assert.deepEqual(reconciliation.started, [`transfer/${t.transferId}`]);
  });
});
