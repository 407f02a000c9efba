// What a movement waits for a person or for its time: it is neither old nor stuck by it, nor does it count as time that it took.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { createTransferActivities } from '../../activities/transfer/transfer.ts';
import { transferOverview } from '../../db/transfer/overview-queries.ts';
import { listOpenMovements, type OpenMovements } from '../../db/transfer/state-queries.ts';
import type { TransferId, WalletId } from '../../domain/ids.ts';
import { DEFAULT_TENANT } from '../../domain/tenant.ts';
import { UNCOUNTED, type MovementCounts } from '../../domain/transfer/movement-counts.ts';
import { rowsOf, startCluster, type TestCluster, type TestStores } from './database.ts';
import { movementsOver, type Movements } from './movements.ts';
import { trace, userOnShard } from './wallets.ts';

describe('a movement that waits before it can begin', () => {
  let cluster: TestCluster;
  let stores: TestStores;
  let movements: Movements;
  let wallets: readonly [WalletId, WalletId];
  before(async () => {
    cluster = await startCluster();
  });
  beforeEach(async () => {
    stores = await cluster.createStores();
    movements = movementsOver(stores);
    const { open } = movements.wallets;
    wallets = [await open(userOnShard(0, 2)), await open(userOnShard(1, 2))];
  });
  after(() => cluster?.stop());

  const admin = (statement: string) => rowsOf(stores.transfer.admin, statement);
  async function accepted(changed: string): Promise<TransferId> {
    const { transferId } = await movements.acceptTransfer(...wallets, '1.0000');
    await admin(`UPDATE transfers SET ${changed} WHERE transfer_id = '${transferId}'`);
    return transferId;
  }
  const approved = (id: string, ago: string) =>
    admin(
      `INSERT INTO approvals (approval_id, status, reason, body_hash, currency, policy_version, needed, expires_at, decided_at)
       VALUES ('${id}', 'APPROVED', 'above', '\\x00', 'USD', 1, 1, now(), now() - interval '${ago}')`,
    );
  /** How long each took that was told, in seconds, by activities that end it so. */
  async function lastedBy(
    end: (activities: ReturnType<typeof createTransferActivities>) => Promise<unknown>,
  ): Promise<number[]> {
    const told: number[] = [];
    const counts: MovementCounts = { ...UNCOUNTED, lasted: (_, seconds) => told.push(seconds) };
    await end(createTransferActivities(stores.transfer.service, undefined, counts));
    return told;
  }
  const completed = (transferId: TransferId) =>
    lastedBy(({ recordTransferStatus }) =>
      recordTransferStatus({ transferId, next: { status: 'COMPLETED' }, trace, debitedAtMs: Date.now() }),
    );
  const only = async (openMax?: number): Promise<OpenMovements> => {
    const [open, ...others] = await listOpenMovements(stores.transfer.service, openMax);
    assert.deepEqual(others, []);
    const overview = await transferOverview(stores.transfer.service, DEFAULT_TENANT);
    if (openMax === undefined)
      assert.deepEqual(
        overview.open.map(({ stuck }) => stuck),
        [open!.stuck],
        'the overview agrees',
      );
    return open!;
  };

  test('for its approval took the time from then on, and is old and stuck from then on', async () => {
    const id = await accepted(`created_at = now() - interval '1 hour'`);
    assert.equal((await only()).stuck, 1);
    await approved(id, '20 seconds');
    const { stuck, oldestSeconds } = await only();
    assert.equal(stuck, 0);
    assert.ok(oldestSeconds >= 20 && oldestSeconds < 300, `${oldestSeconds}`);
    const [lasted] = await completed(id);
    assert.ok(lasted! >= 20 && lasted! < 300, `${lasted}`);
  });

  test('for its approval, as a withdrawal, took the time from then on', async () => {
    const { transactionId } = await movements.acceptTransaction('DEBIT', wallets[0], '1.0000');
    await admin(`UPDATE transactions SET created_at = now() - interval '1 hour'`);
    assert.equal((await only()).stuck, 1);
    await approved(transactionId, '20 seconds');
    assert.equal((await only()).stuck, 0);
    const [lasted] = await lastedBy(({ recordTransactionEnd }) =>
      recordTransactionEnd({ transactionId, end: { status: 'PROCESSED' }, trace }),
    );
    assert.ok(lasted! >= 20 && lasted! < 300, `${lasted}`);
  });

  test('for its scheduled time took the time from then on, and none if it was canceled before', async () => {
    const due = await accepted(
      `created_at = now() - interval '1 hour', scheduled_at = now() - interval '20 seconds', status = 'PENDING'`,
    );
    const [lasted] = await completed(due);
    assert.ok(lasted! >= 20 && lasted! < 300, `${lasted}`);
    const next = await accepted(`scheduled_at = now() + interval '30 days', status = 'SCHEDULED'`);
    const told = await lastedBy(({ recordTransferStatus }) =>
      recordTransferStatus({ transferId: next, next: { status: 'CANCELED' }, trace }),
    );
    assert.deepEqual(told, []);
  });

  test('for next month is neither old nor stuck, and more of these than are counted do not hide one that is due', async () => {
    const nextMonth = `scheduled_at = now() + interval '30 days', status = 'SCHEDULED'`;
    await accepted(`created_at = now() - interval '3 days', ${nextMonth}`);
    const { stuck, oldestSeconds, count } = await only();
    assert.deepEqual([count, stuck, oldestSeconds], [1, 0, 0]);
    await accepted(`created_at = now() - interval '2 days', ${nextMonth}`);
    await accepted(
      `created_at = now() - interval '1 day', scheduled_at = now() - interval '10 minutes', status = 'SCHEDULED'`,
    );
    const all = await only();
    assert.deepEqual([all.status, all.count, all.stuck], ['SCHEDULED', 3, 1]);
    const bounded = await only(1);
    assert.deepEqual([bounded.count, bounded.stuck], [2, 1]);
    assert.ok(bounded.oldestSeconds >= 600 && bounded.oldestSeconds < 900, `${bounded.oldestSeconds}`);
  });
});
