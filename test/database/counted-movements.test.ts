// The metrics of movements: each end is counted once, by the call that has written it, and the gauges show what has not ended and
// whether the money is all there.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createBatchTransferActivities } from '../../activities/transfer/batch.ts';
import { createTransferActivities } from '../../activities/transfer/transfer.ts';
import { acceptBatch } from '../../db/transfer/batch-acceptance.ts';
import { listOpenMovements, moneyUnderWay, presentInstant, summarizeCases } from '../../db/transfer/state-queries.ts';
import { ledgerOf } from '../../db/wallet/ledger.ts';
import { batchId, batchTransferId } from '../../domain/derived-id.ts';
import type { WalletId } from '../../domain/ids.ts';
import { isBalanced } from '../../domain/transfer/money-under-way.ts';
import type { MovementCounts } from '../../domain/transfer/movement-counts.ts';
import { rowsOf, startCluster, type TestCluster, type TestStores } from './database.ts';
import { movementsOver, type Movements } from './movements.ts';
import { fresh, trace, transfer, USD, userOnShard } from './wallets.ts';

function recorded() {
  const told: string[] = [];
  const lasted: string[] = [];
  const counts: MovementCounts = {
    accepted: () => {},
    ended: ({ kind, status, reason }, count) => told.push(`${count} ${kind} ${status} ${reason}`),
    lasted: (kind, seconds) => {
      assert.ok(seconds >= 0 && seconds < 60, `${seconds}`);
      lasted.push(kind);
    },
    compensated: (cause, count) => told.push(`${count} compensated ${cause}`),
  };
  return { told, lasted, counts };
}

describe('the metrics of movements', () => {
  let cluster: TestCluster;
  let stores: TestStores;
  let movements: Movements;
  let wallets: readonly [WalletId, WalletId];

  before(async () => {
    cluster = await startCluster();
    stores = await cluster.createStores();
    movements = movementsOver(stores);
    const { open } = movements.wallets;
    wallets = [await open(userOnShard(0, 2)), await open(userOnShard(1, 2))];
    await movements.transact(await movements.acceptTransaction('CREDIT', wallets[0], '1000.0000'));
  });
  after(() => cluster?.stop());

  test('an end that many calls write at once is counted once, and so is one that is written again', async () => {
    const { told, lasted, counts } = recorded();
    const activities = createTransferActivities(stores.transfer.service, undefined, counts);
    const { transferId } = await movements.acceptTransfer(...wallets, '1.0000');
    const write = { transferId, next: { status: 'COMPLETED' }, trace, debitedAtMs: Date.now() } as const;
    await Promise.all(Array.from({ length: 5 }, () => activities.recordTransferStatus(write)));
    await activities.recordTransferStatus(write);
    await activities.recordTransferStatus({ ...write, next: { status: 'CANCELED' } });
    assert.deepEqual([told, lasted], [['1 transfer COMPLETED none'], ['transfer']]);
  });

  test('a status that is no end is not counted, and a debit that was given back is a compensation', async () => {
    const { told, counts } = recorded();
    const activities = createTransferActivities(stores.transfer.service, undefined, counts);
    const { transferId } = await movements.acceptTransfer(...wallets, '1.0000');
    await activities.recordTransferStatus({ transferId, next: { status: 'DEBITED' }, trace, debitedAtMs: 1 });
    assert.deepEqual(told, []);
    const timedOut = { status: 'FAILED', failureReason: 'timed_out' } as const;
    await activities.recordTransferStatus({ transferId, next: timedOut, trace, debitedAtMs: 1 });
    const refused = await movements.acceptTransfer(...wallets, '1.0000');
    const poor = { status: 'FAILED', failureReason: 'insufficient_funds' } as const;
    await activities.recordTransferStatus({ transferId: refused.transferId, next: poor, trace });
    assert.deepEqual(told, [
      '1 transfer FAILED timed_out',
      '1 compensated timed_out',
      '1 transfer FAILED insufficient_funds',
    ]);
  });

  test('the end of a transaction is counted once', async () => {
    const { told, lasted, counts } = recorded();
    const activities = createTransferActivities(stores.transfer.service, undefined, counts);
    const { transactionId } = await movements.acceptTransaction('DEBIT', wallets[0], '1.0000');
    const write = { transactionId, end: { status: 'PROCESSED' }, trace } as const;
    await Promise.all([activities.recordTransactionEnd(write), activities.recordTransactionEnd(write)]);
    assert.deepEqual([told, lasted], [['1 withdrawal PROCESSED none'], ['withdrawal']]);
  });

  test('the items of a batch are counted once each, however often and from how many calls its ends come', async () => {
    const { told, lasted, counts } = recorded();
    const { recordBatchEnds } = createBatchTransferActivities(stores.transfer.service, counts);
    const id = batchId(fresh('batch'));
    const items = Array.from({ length: 2_001 }, (_, n) => ({
      ...transfer(...wallets, '1.0000'),
      transferId: batchTransferId(id, n),
      reference: undefined,
      bodyHash: '00',
    }));
    const accepted = { batchId: id, items, idempotencyKey: fresh('key'), bodyHash: '00', deadlineSeconds: 600 };
    await acceptBatch(stores.transfer.service, accepted, trace);
    const poor = { status: 'FAILED', failureReason: 'insufficient_funds' } as const;
    const unknown = { status: 'FAILED', failureReason: 'receiver_not_found' } as const;
    const ends = [
      { places: '0-9', end: poor },
      { places: '1500', end: unknown },
    ];
    const write = { batchId: id, places: '0-2000', ends, trace };
    await Promise.all([recordBatchEnds(write), recordBatchEnds(write)]);
    await recordBatchEnds(write);
    const sums = new Map<string, number>();
    for (const line of told) {
      const [count, ...what] = line.split(' ');
      sums.set(what.join(' '), (sums.get(what.join(' ')) ?? 0) + Number(count));
    }
    assert.deepEqual(Object.fromEntries(sums), {
      'batch_item COMPLETED none': 1_990,
      'batch_item FAILED insufficient_funds': 10,
      'batch_item FAILED receiver_not_found': 1,
      'compensated receiver_not_found': 1,
    });
    assert.deepEqual(lasted, ['batch']);
  });

  describe('the gauges', () => {
    let own: TestStores;
    let others: Movements;
    let pair: readonly [WalletId, WalletId];
    const ledger = () => ledgerOf(own.wallets.map(({ service }) => service));

    before(async () => {
      own = await cluster.createStores();
      others = movementsOver(own);
      pair = [await others.wallets.open(userOnShard(0, 2)), await others.wallets.open(userOnShard(1, 2))];
      await others.transact(await others.acceptTransaction('CREDIT', pair[0], '1000.0000'));
    });

    /** Whether the money is all there, with `meanwhile` in the middle of the look. */
    async function isAllThere(meanwhile = async (): Promise<void> => {}): Promise<boolean> {
      const since = await presentInstant(own.transfer.service);
      const first = await ledger().totals(0);
      await meanwhile();
      const totals = [...first, ...(await ledger().totals(1))];
      const [underWay = { surely: '0', perhaps: '0' }] = await moneyUnderWay(own.transfer.service, since);
      return isBalanced({ currency: USD, balances: totals.map(({ balance }) => balance), ...underWay });
    }

    test('show what has not ended, since when, and what is stuck', async () => {
      await others.acceptTransfer(...pair, '1.0000');
      const debited = await others.acceptTransfer(...pair, '2.0000');
      await others.debit(debited);
      const stuck = await others.acceptTransfer(...pair, '3.0000');
      await rowsOf(
        own.transfer.admin,
        `UPDATE transfers SET created_at = now() - interval '6 minutes' WHERE transfer_id = '${stuck.transferId}'`,
      );
      const open = await listOpenMovements(own.transfer.service);
      const shown = open.map(({ kind, status, count, stuck: number }) => `${kind} ${status} ${count} ${number}`);
      assert.deepEqual(shown.sort(), ['transfer DEBITED 1 0', 'transfer PENDING 2 1']);
      const oldest = Math.max(...open.map(({ oldestSeconds }) => oldestSeconds));
      assert.ok(oldest >= 360 && oldest < 420, `${oldest}`);
      assert.deepEqual(await summarizeCases(own.transfer.service), { byReason: new Map(), oldestSeconds: 0 });
    });

    test('show a transfer that is stuck behind more holds than are counted', async () => {
      const [hold, stuck] = [
        await others.acceptTransfer(...pair, '1.0000'),
        await others.acceptTransfer(...pair, '1.0000'),
      ];
      for (const each of [hold, stuck]) await others.debit(each);
      const set = (what: string, { transferId }: { transferId: string }) =>
        rowsOf(own.transfer.admin, `UPDATE transfers SET ${what} WHERE transfer_id = '${transferId}'`);
      await set(
        `capture_method = 'manual', expires_at = now() + interval '1 day', created_at = now() - interval '1 day'`,
        hold,
      );
      // The newest, and stuck all the same.
      await set(`attention_since = now()`, stuck);
      try {
        const open = await listOpenMovements(own.transfer.service, 1);
        const shown = open.filter(({ status }) => status === 'DEBITED').map((each) => `${each.kind} ${each.stuck}`);
        assert.deepEqual(shown.sort(), ['hold 0', 'transfer 1']);
      } finally {
        await set(`capture_method = 'automatic', expires_at = NULL`, hold);
        await set(`attention_since = NULL`, stuck);
      }
    });

    test('say that the money is there while transfers are under way, and move while it is counted', async () => {
      assert.equal(await isAllThere(), true);
      const meanwhile = async (): Promise<void> => others.settle(await others.acceptTransfer(...pair, '100.0000'));
      assert.equal(await isAllThere(meanwhile), true);
      const back = async (): Promise<void> => others.settle(await others.acceptTransfer(pair[1], pair[0], '50.0000'));
      assert.equal(await isAllThere(back), true);
    });

    test('say it if money is missing, or came from nowhere', async () => {
      for (const change of ['- 500', '+ 500']) {
        const set = (by: string) =>
          rowsOf(own.wallets[0]!.admin, `UPDATE wallets SET balance = balance ${by} WHERE wallet_id = '${pair[0]}'`);
        await set(change);
        assert.equal(await isAllThere(), false, change);
        await set(change.startsWith('-') ? '+ 500' : '- 500');
      }
      assert.equal(await isAllThere(), true);
    });
  });
});
