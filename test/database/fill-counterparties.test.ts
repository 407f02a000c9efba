// Legs that were decided before fences kept the counterparty get it from the rows of their transfers, once and in pages; after
// that, the key of a lost row credits nobody else. Legs without a row stay as they were.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { fillCounterparties } from '../../db/fill-counterparties.ts';
import * as shard from '../../db/wallet/queries.ts';
import type { WalletId } from '../../domain/ids.ts';
import type { TransferTerms } from '../../domain/transfer/transfer.ts';
import { rowsOf, startCluster, type TestCluster, type TestStores } from './database.ts';
import { trace, transfer, userOnShard, walletsOver, type Wallets } from './wallets.ts';

const SHARDS = 2;
const PAGE_SIZE = 3;

interface Row {
  /** Of a hold: what was captured of it; null where that is not decided. */
  readonly captured?: string | null;
  readonly failureReason?: string;
}

describe('filling in counterparties', () => {
  let cluster: TestCluster;
  let stores: TestStores;
  let wallets: Wallets;
  /** Two in each shard. */
  let ids: WalletId[];

  before(async () => {
    cluster = await startCluster();
    stores = await cluster.createStores({ shards: SHARDS });
    wallets = walletsOver(stores.wallets.map(({ service }) => service));
    ids = await Promise.all([0, 0, 1, 1].map((place) => wallets.open(userOnShard(place, SHARDS), '1000')));
  });
  after(() => cluster?.stop());

  async function accept(t: TransferTerms, { captured, failureReason }: Row = {}): Promise<void> {
    const method = captured === undefined ? `'automatic', NULL` : `'manual', now() + interval '1 hour'`;
    const status = failureReason === undefined ? `'PENDING', NULL` : `'FAILED', '${failureReason}'`;
    await rowsOf(
      stores.transfer.admin,
      `INSERT INTO transfers (transfer_id, sender_wallet_id, receiver_wallet_id, amount, currency, metadata, capture_method, expires_at,
         captured_amount, status, failure_reason, idempotency_key, body_hash, request_id, deadline_at)
       VALUES ('${t.transferId}', '${t.senderWalletId}', '${t.receiverWalletId}', ${t.amount}, '${t.currency}', '{}', ${method},
         ${captured ?? 'NULL'}, ${status}, '${t.transferId}', sha256('body'), 'test', now() + interval '1 hour')`,
    );
  }
  /** As the version before did: without a counterparty. */
  async function debitAndCredit(t: TransferTerms, credited = t.amount): Promise<void> {
    await shard.debit(wallets.shardOf(t.senderWalletId), t, trace, { isHold: credited !== t.amount });
    await shard.credit(wallets.shardOf(t.receiverWalletId), { ...t, amount: credited }, trace);
  }
  async function fillAll(): Promise<{ filled: number; left: string[] }> {
    const each = [];
    for (const { adminUrl: walletUrl } of stores.wallets)
      each.push(await fillCounterparties({ transferUrl: stores.transfer.adminUrl, walletUrl }, PAGE_SIZE));
    return { filled: each.reduce((sum, { filled }) => sum + filled, 0), left: each.flatMap(({ left }) => left) };
  }
  /** Leg, counterparty by its place, and of what amount it is a part. */
  async function fencesOf({ transferId }: TransferTerms): Promise<string[]> {
    const rows = await Promise.all(
      stores.wallets.map(({ admin }) =>
        rowsOf<{ leg: string; counterparty: WalletId | null; of_amount: string | null }>(
          admin,
          `SELECT leg, counterparty_wallet_id AS counterparty, of_amount FROM operation_fences
           WHERE transaction_id = '${transferId}' AND leg IN ('debit', 'credit')`,
        ),
      ),
    );
    const said = rows.flat().map(({ leg, counterparty, of_amount: of }) => {
      const place = counterparty === null ? 'nobody' : ids.indexOf(counterparty);
      return [leg, place, ...(of === null ? [] : ['of', of])].join(' ');
    });
    return said.sort();
  }

  test('tells each leg its counterparty by the row of its transfer, and a repeat changes nothing', async () => {
    const across = Array.from({ length: 2 * PAGE_SIZE }, () => transfer(ids[0]!, ids[2]!, '10.0000'));
    const within = transfer(ids[2]!, ids[3]!, '10.0000');
    const captured = transfer(ids[1]!, ids[3]!, '10.0000');
    const canceled = transfer(ids[1]!, ids[3]!, '10.0000');
    const current = transfer(ids[0]!, ids[2]!, '10.0000');
    for (const t of [...across, within]) {
      await accept(t);
      await debitAndCredit(t);
    }
    await accept(captured, { captured: '4.0000' });
    await debitAndCredit(captured, '4.0000');
    await accept(canceled, { captured: null });
    await shard.debit(wallets.shardOf(canceled.senderWalletId), canceled, trace, { isHold: true });
    await shard.cancelCredit(wallets.shardOf(canceled.receiverWalletId), { ...canceled, amount: '4.0000' }, 'canceled');
    await shard.debit(wallets.shardOf(current.senderWalletId), current, trace, { total: current.amount });

    assert.deepEqual(await fillAll(), { filled: 2 * across.length + 2 + 2 + 2, left: [] });
    for (const t of across) assert.deepEqual(await fencesOf(t), ['credit 0', 'debit 2']);
    assert.deepEqual(await fencesOf(within), ['credit 2', 'debit 3']);
    assert.deepEqual(await fencesOf(captured), ['credit 1 of 10.0000', 'debit 3']);
    assert.deepEqual(await fencesOf(canceled), ['credit 1 of 10.0000', 'debit 3']);
    assert.deepEqual(await fillAll(), { filled: 0, left: [] });
  });

  test('then the key of a lost row credits nobody else, in whichever shard, and its own movement finds its legs', async () => {
    const first = transfer(ids[0]!, ids[1]!, '10.0000');
    await accept(first);
    await debitAndCredit(first);
    await fillAll();
    await rowsOf(stores.transfer.admin, `DELETE FROM transfers WHERE transfer_id = '${first.transferId}'`);
    const other = { ...first, receiverWalletId: ids[2]! };
    const sender = wallets.shardOf(ids[0]!);
    const refused = await shard.debit(sender, other, trace, { total: other.amount });
    assert.deepEqual([refused.outcome, 'reason' in refused && refused.reason], ['rejected', 'terms_conflict']);
    assert.equal((await shard.debit(sender, first, trace, { total: first.amount })).outcome, 'applied');
    assert.equal((await shard.credit(sender, first, trace, first.amount)).outcome, 'applied');
  });

  test('leaves a leg alone and names its transfer where the row is gone, is of other terms, or does not know whose it is', async () => {
    const gone = transfer(ids[0]!, ids[2]!, '10.0000');
    const other = transfer(ids[0]!, ids[2]!, '10.0000');
    const mixed = transfer(ids[0]!, ids[2]!, '10.0000');
    for (const t of [gone, other, mixed]) await debitAndCredit(t);
    await accept({ ...other, amount: '11.0000' });
    await accept(mixed, { failureReason: 'terms_conflict' });
    const before = await fillAll();
    assert.equal(before.filled, 0);
    const left = [gone, other, mixed].flatMap(({ transferId }) => [transferId, transferId]);
    assert.deepEqual(before.left.toSorted(), left.toSorted(), 'once in each shard');
    for (const t of [gone, other, mixed]) assert.deepEqual(await fencesOf(t), ['credit nobody', 'debit nobody']);
  });
});
