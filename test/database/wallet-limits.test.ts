// The limits of a wallet, checked by the operations that take money out: concurrent ones cannot pass them together, refunds make
// room, the window rolls, and a refusal stays.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Database } from '../../db/database.ts';
import { findWalletLimits, setWalletLimits } from '../../db/wallet/limit-queries.ts';
import { credit, debit, refund, transact } from '../../db/wallet/queries.ts';
import { setWalletStatus } from '../../db/wallet/wallet-queries.ts';
import { walletId } from '../../domain/derived-id.ts';
import type { WalletId } from '../../domain/ids.ts';
import type { TransferTerms } from '../../domain/transfer/transfer.ts';
import { rowsOf, startCluster, type TestCluster } from './database.ts';
import { fresh, trace, transaction, transfer, USD, walletsOver, type Wallets } from './wallets.ts';

const APPLIED = { outcome: 'applied' };
const CONNECTIONS = 16;

describe('the limits of a wallet', () => {
  let cluster: TestCluster;
  let database: Database;
  let admin: Database;
  let wallets: Wallets;
  let receiver: WalletId;

  before(async () => {
    cluster = await startCluster();
    const stores = await cluster.createStores({ shards: 1, connectionsMax: CONNECTIONS });
    ({ service: database, admin } = stores.wallets[0]!);
    wallets = walletsOver([database]);
    receiver = await wallets.open(fresh('receiver'));
  });
  after(() => cluster?.stop());

  const limited = async (limits: { maxAmount?: string; outgoing24h?: string }, balance = '1000'): Promise<WalletId> => {
    const id = await wallets.open(fresh('sender'), balance);
    await setWalletLimits(database, id, { maxAmount: null, outgoing24h: null, ...limits });
    return id;
  };
  const pay = (sender: WalletId, amount: string): TransferTerms => transfer(sender, receiver, amount);
  const exceeded = (limit: 'max_amount' | 'outgoing_24h', remaining: string) => ({
    outcome: 'rejected',
    reason: 'limit_exceeded',
    detail: { limit, remaining },
  });
  const used = async (id: WalletId) => {
    const limits = await findWalletLimits(database, id);
    return [limits?.outgoing24hUsed, limits?.outgoing24hRemaining];
  };
  /** As if all that has happened in a wallet had happened so much earlier. */
  const letPass = (id: WalletId, interval: string) =>
    rowsOf(
      admin,
      `UPDATE ledger_entries SET created_at = created_at - interval '${interval}' WHERE wallet_id = '${id}'`,
    );

  test('are none at first, are replaced as a whole, and a repeat changes nothing', async () => {
    const id = await wallets.open(fresh('user'), '10');
    const none = { walletId: id, currency: 'USD', maxAmount: null, outgoing24h: null };
    assert.deepEqual(await findWalletLimits(database, id), {
      ...none,
      outgoing24hUsed: '0.0000',
      outgoing24hRemaining: null,
    });
    assert.equal(await setWalletLimits(database, id, { maxAmount: '5', outgoing24h: '7.5' }), true);
    assert.deepEqual(await findWalletLimits(database, id), {
      ...none,
      maxAmount: '5.0000',
      outgoing24h: '7.5000',
      outgoing24hUsed: '0.0000',
      outgoing24hRemaining: '7.5000',
    });
    const changedAt = async () =>
      rowsOf(admin, `SELECT updated_at::text, xmin::text FROM wallets WHERE wallet_id = '${id}'`);
    const before = await changedAt();
    await setWalletLimits(database, id, { maxAmount: '5.0000', outgoing24h: '7.50' });
    assert.deepEqual(await changedAt(), before);
    await setWalletLimits(database, id, { maxAmount: null, outgoing24h: '7.5' });
    assert.equal((await findWalletLimits(database, id))!.maxAmount, null);
  });

  test('cannot be set where there is no wallet, nor for the outside world', async () => {
    const nobody = walletId(fresh('nobody'), USD);
    assert.equal(await setWalletLimits(database, nobody, { maxAmount: '1', outgoing24h: null }), false);
    assert.equal(await findWalletLimits(database, nobody), undefined);
    await wallets.open(fresh('user'), '1');
    const [external] = await rowsOf<{ wallet_id: WalletId }>(
      admin,
      `SELECT wallet_id FROM wallets WHERE kind = 'external'`,
    );
    assert.equal(await setWalletLimits(database, external!.wallet_id, { maxAmount: '1', outgoing24h: null }), false);
    assert.equal(await findWalletLimits(database, external!.wallet_id), undefined);
  });

  test('refuse a movement that is larger than the largest, and let pass what is as large', async () => {
    const id = await limited({ maxAmount: '50' });
    assert.deepEqual(await debit(database, pay(id, '50.0001'), trace), exceeded('max_amount', '50.0000'));
    assert.deepEqual(
      await transact(database, transaction('DEBIT', id, '51'), trace),
      exceeded('max_amount', '50.0000'),
    );
    assert.deepEqual(await debit(database, pay(id, '50'), trace), APPLIED);
    assert.deepEqual(await transact(database, transaction('DEBIT', id, '50'), trace), APPLIED);
    assert.deepEqual(await transact(database, transaction('CREDIT', id, '500'), trace), APPLIED, 'what comes in');
    assert.deepEqual(await credit(database, transfer(receiver, id, '500'), trace), APPLIED, 'has no limit');
  });

  test('what a reversal brings back makes no room, and counts where it is taken from', async () => {
    const id = await limited({ outgoing24h: '100' });
    assert.deepEqual(await debit(database, pay(id, '60'), trace), APPLIED);
    assert.deepEqual(await credit(database, transfer(receiver, id, '60'), trace), APPLIED);
    assert.equal((await findWalletLimits(database, id))!.outgoing24hRemaining, '40.0000');
    assert.deepEqual(await debit(database, pay(id, '40.0001'), trace), exceeded('outgoing_24h', '40.0000'));
  });

  test('a withdrawal and a transfer count alike towards the sum', async () => {
    const id = await limited({ outgoing24h: '100' });
    assert.deepEqual(await debit(database, pay(id, '60'), trace), APPLIED);
    assert.deepEqual(
      await transact(database, transaction('DEBIT', id, '40.0001'), trace),
      exceeded('outgoing_24h', '40.0000'),
    );
    assert.deepEqual(await transact(database, transaction('DEBIT', id, '39'), trace), APPLIED);
    assert.deepEqual(await debit(database, pay(id, '1.0001'), trace), exceeded('outgoing_24h', '1.0000'));
    assert.deepEqual(await used(id), ['99.0000', '1.0000']);
    assert.deepEqual(await debit(database, pay(id, '1'), trace), APPLIED);
    assert.deepEqual(await debit(database, pay(id, '0.0001'), trace), exceeded('outgoing_24h', '0.0000'));
    assert.equal(await wallets.balance(id), '900.0000');
  });

  test('many at once, transfers and withdrawals, pass the limit by not one of them', async () => {
    for (let round = 0; round < 5; round += 1) {
      const id = await limited({ outgoing24h: '100' }, '10000');
      const answers = await Promise.all(
        Array.from({ length: 4 * CONNECTIONS }, (_, n) =>
          n % 3 === 0 ? transact(database, transaction('DEBIT', id, '7'), trace) : debit(database, pay(id, '7'), trace),
        ),
      );
      const applied = answers.filter(({ outcome }) => outcome === 'applied').length;
      assert.equal(applied, 14, 'fourteen times 7 are 98');
      assert.equal(await wallets.balance(id), '9902.0000');
      const refusals = new Set(
        answers.filter(({ outcome }) => outcome !== 'applied').map((each) => JSON.stringify(each)),
      );
      assert.deepEqual(
        [...refusals].map((each) => JSON.parse(each) as unknown),
        [exceeded('outgoing_24h', '2.0000')],
      );
    }
  });

  test('a limit that is set while movements run is passed by none that comes after it', async () => {
    const id = await limited({}, '10000');
    const debits = Array.from({ length: CONNECTIONS }, () => debit(database, pay(id, '10'), trace));
    await setWalletLimits(database, id, { maxAmount: null, outgoing24h: '10' });
    await Promise.all(debits);
    const before = await wallets.balance(id);
    assert.equal((await debit(database, pay(id, '10'), trace)).outcome, 'rejected');
    assert.equal(await wallets.balance(id), before);
  });

  test('what is refunded makes room again, as a whole or in part', async () => {
    const id = await limited({ outgoing24h: '100' });
    const first = pay(id, '80');
    await debit(database, first, trace);
    assert.equal((await debit(database, pay(id, '30'), trace)).outcome, 'rejected');
    assert.deepEqual(await refund(database, first, '20', 'canceled', trace), APPLIED);
    assert.deepEqual(await used(id), ['20.0000', '80.0000'], 'all but what was captured');
    assert.deepEqual(await debit(database, pay(id, '80'), trace), APPLIED);
    assert.deepEqual(await used(id), ['100.0000', '0.0000']);
  });

  test('a refund is stopped by no limit, nor by suspension', async () => {
    const id = await limited({});
    const t = pay(id, '500');
    await debit(database, t, trace);
    await setWalletLimits(database, id, { maxAmount: '0.0001', outgoing24h: '0.0001' });
    await setWalletStatus(database, id, 'SUSPENDED');
    assert.deepEqual(await refund(database, t, '0', 'timed_out', trace), APPLIED);
    assert.equal(await wallets.balance(id), '1000.0000');
  });

  test('the window rolls: what went out longer than 24 hours ago counts no more', async () => {
    const id = await limited({ outgoing24h: '100' });
    await debit(database, pay(id, '70'), trace);
    await letPass(id, '23 hours');
    await debit(database, pay(id, '30'), trace);
    assert.equal((await debit(database, pay(id, '0.0001'), trace)).outcome, 'rejected');
    await letPass(id, '61 minutes');
    assert.deepEqual(await used(id), ['30.0000', '70.0000']);
    assert.deepEqual(await debit(database, pay(id, '70.0001'), trace), exceeded('outgoing_24h', '70.0000'));
    assert.deepEqual(await debit(database, pay(id, '70'), trace), APPLIED);
  });

  test('the refund of an older debit makes no room that was never taken', async () => {
    const id = await limited({ outgoing24h: '100' });
    const old = pay(id, '90');
    await debit(database, old, trace);
    await letPass(id, '25 hours');
    await debit(database, pay(id, '60'), trace);
    await refund(database, old, '0', 'timed_out', trace);
    assert.deepEqual(await used(id), ['60.0000', '40.0000']);
    assert.equal((await debit(database, pay(id, '40.0001'), trace)).outcome, 'rejected');
  });

  test('a repeat answers the refusal as it was, with its detail, though there is room by now', async () => {
    const id = await limited({ outgoing24h: '100' });
    const [paid, refused, withdrawn] = [pay(id, '80'), pay(id, '30'), transaction('DEBIT', id, '30')];
    await debit(database, paid, trace);
    const answer = exceeded('outgoing_24h', '20.0000');
    assert.deepEqual(await debit(database, refused, trace), answer);
    assert.deepEqual(await transact(database, withdrawn, trace), answer);
    await setWalletLimits(database, id, { maxAmount: null, outgoing24h: null });
    await refund(database, paid, '0', 'canceled', trace);
    assert.deepEqual(await debit(database, refused, trace), answer);
    assert.deepEqual(await transact(database, withdrawn, trace), answer);
    assert.deepEqual(await refund(database, refused, '0', 'debit_refused', trace), answer);
    assert.equal(await wallets.balance(id), '1000.0000');
  });

  test('a limit below what has gone out already leaves nothing, and not less', async () => {
    const id = await limited({});
    await debit(database, pay(id, '80'), trace);
    await setWalletLimits(database, id, { maxAmount: null, outgoing24h: '50' });
    assert.deepEqual(await used(id), ['80.0000', '0.0000']);
    assert.deepEqual(await debit(database, pay(id, '1'), trace), exceeded('outgoing_24h', '0.0000'));
  });
});
