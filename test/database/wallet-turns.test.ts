// Compensation while somebody holds a wallet locked, over a real database: what took nothing is given up at once, and what took
// something is given back as soon as the wallet is free.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createBatchWalletActivities } from '../../activities/wallet/batch.ts';
import { createShardTurns } from '../../activities/wallet/turns.ts';
import { createWalletActivities } from '../../activities/wallet/wallet.ts';
import type { WalletId } from '../../domain/ids.ts';
import type { Tenant } from '../../domain/tenant.ts';
import type { TransferTerms } from '../../domain/transfer/transfer.ts';
import { startCluster, type TestCluster, type TestDatabase } from './database.ts';
import { fresh, trace, transfer, walletsOver } from './wallets.ts';

const STUCK_DEBITS = 20;
/** A refund that waits with the debits takes three seconds, their lock_timeout, or is given back. */
const AT_ONCE_MS = 1_500;
const CANCELED = { outcome: 'canceled', reason: 'timed_out' };

describe('while somebody holds a wallet locked', () => {
  let cluster: TestCluster;
  let store: TestDatabase;
  before(async () => {
    cluster = await startCluster();
    store = (await cluster.createStores({ shards: 1 })).wallets[0]!;
  });
  after(() => cluster?.stop());

  async function scene() {
    const wallets = walletsOver([store.service]);
    const [locked, other] = [await wallets.open(fresh('locked'), '100'), await wallets.open(fresh('other'))];
    const turnsOf = createShardTurns();
    let legs: readonly TransferTerms[] = [];
    const batch = createBatchWalletActivities(
      () => store.service,
      async () => ({
        indexes: legs.map((_, index) => index),
        transferIds: legs.map(({ transferId }) => transferId),
        walletIds: legs.map(({ senderWalletId }) => senderWalletId),
        currencies: legs.map(({ currency }) => currency),
        amounts: legs.map(({ amount }) => amount),
        counterpartyIds: legs.map(({ receiverWalletId }) => receiverWalletId),
        elsewhere: 0,
      }),
      turnsOf,
    );
    return {
      ...{ wallets, locked, other },
      activities: createWalletActivities(() => store.service, turnsOf),
      refundBatch: (items: readonly TransferTerms[]) => {
        legs = items;
        const places = items.length === 1 ? '0' : `0-${items.length - 1}`;
        return batch.refundBatch({
          ...{ batchId: 'batch' as never, places, shard: 0, shardCount: 1, trace },
          reason: 'timed_out',
        });
      },
    };
  }

  async function lock(walletId: WalletId): Promise<() => Promise<void>> {
    const holder = await store.admin.$client.connect();
    await holder.query('BEGIN');
    await holder.query('SELECT FROM wallets WHERE wallet_id = $1 FOR UPDATE', [walletId]);
    return async () => {
      await holder.query('ROLLBACK');
      holder.release();
    };
  }

  async function assertAtOnce<T>(what: string, promise: Promise<T>): Promise<T> {
    const startedAt = performance.now();
    const answer = await promise;
    const tookMs = performance.now() - startedAt;
    assert.ok(tookMs < AT_ONCE_MS, `${what} took ${Math.round(tookMs)} ms`);
    return answer;
  }

  test('transfers that took nothing are given up at once, however many debits are stuck there', async () => {
    const { activities, locked, other } = await scene();
    const release = await lock(locked);
    const debits = Array.from({ length: STUCK_DEBITS }, () =>
      activities.debit({ terms: transfer(locked, other, '1.0000'), trace }).catch(() => {}),
    );
    const asked = { credited: '0', reason: 'timed_out', trace } as const;
    const [given, writtenOff] = [transfer(locked, other, '1.0000'), transfer(locked, other, '1.0000')];
    try {
      assert.deepEqual(await assertAtOnce('the refund', activities.refund({ terms: given, ...asked })), CANCELED);
      assert.deepEqual(
        await assertAtOnce('the write-off', activities.writeOff({ terms: writtenOff, ...asked })),
        CANCELED,
      );
      // Given back meanwhile, and still stuck.
      await sleep(700);
      const late = transfer(locked, other, '1.0000');
      assert.deepEqual(await assertAtOnce('the late refund', activities.refund({ terms: late, ...asked })), CANCELED);
    } finally {
      await release();
    }
    await Promise.all(debits);
    assert.deepEqual(await activities.debit({ terms: given, trace }), CANCELED);
  });

  test('another tenant’s tries at it are refused at once, and learn nothing of those who wait there', async () => {
    const { activities, locked, other } = await scene();
    const release = await lock(locked);
    const tries = (tenant?: Tenant) =>
      Array.from({ length: STUCK_DEBITS }, () =>
        activities.debit({ terms: { ...transfer(locked, other, '1.0000'), ...(tenant && { tenant }) }, trace }),
      );
    const own = Promise.allSettled(tries());
    try {
      // Until the line is known to be stuck.
      await sleep(700);
      const theirs = await assertAtOnce('the tries', Promise.all(tries('acme' as Tenant)));
      for (const { outcome, reason } of theirs as { outcome: string; reason?: string }[])
        assert.deepEqual([outcome, reason], ['rejected', 'sender_not_found']);
    } finally {
      await release();
    }
    await own;
  });

  test('a batch that took nothing is given up at once, and only the wallets that it debited are locked', async () => {
    const { activities, wallets, refundBatch, locked, other } = await scene();
    const third = await wallets.open(fresh('third'), '100');
    const debited = transfer(third, other, '5.0000');
    await activities.debit({ terms: debited, trace });
    const release = await lock(locked);
    try {
      const nothing = [transfer(locked, other, '1.0000'), transfer(locked, other, '2.0000')];
      assert.deepEqual(await assertAtOnce('the refund of nothing', refundBatch(nothing)), [
        { places: '0-1', answer: CANCELED },
      ]);
      const one = [transfer(locked, other, '1.0000'), debited];
      assert.deepEqual(await assertAtOnce('the refund of one', refundBatch(one)), [{ places: '0', answer: CANCELED }]);
    } finally {
      await release();
    }
    assert.equal(await wallets.balance(third), '100.0000');
  });

  test('a debit that is applied while its refund is under way is given back all the same', async () => {
    const { activities, wallets, locked, other } = await scene();
    const terms = transfer(locked, other, '1.0000');
    const release = await lock(locked);
    // It has written its fence, and waits for the wallet: nobody else sees whether it is applied.
    const debit = activities.debit({ terms, trace });
    await sleep(300);
    const refund = activities.refund({ terms, credited: '0', reason: 'timed_out', trace });
    await sleep(300);
    await release();
    assert.deepEqual([await debit, await refund], [{ outcome: 'applied' }, { outcome: 'applied' }]);
    assert.equal(await wallets.balance(locked), '100.0000');
    assert.deepEqual((await wallets.entries(locked)).slice(1), ['DEBIT 1.0000 99.0000', 'REFUND 1.0000 100.0000']);
  });
});
