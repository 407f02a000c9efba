// Wallets, their status, and one-sided transactions against the external wallet, on real PostgreSQL.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Database } from '../../db/database.ts';
import * as shard from '../../db/wallet/queries.ts';
import * as walletRows from '../../db/wallet/wallet-queries.ts';
import type { Currency } from '../../domain/currency.ts';
import { walletId } from '../../domain/derived-id.ts';
import type { WalletId } from '../../domain/ids.ts';
import { shardOf } from '../../domain/routing.ts';
import type { TransactionTerms } from '../../domain/transfer/transaction.ts';
import { rowsOf, startCluster, type TestCluster } from './database.ts';
import { EUR, fresh, trace, transaction, transfer, USD, userOnShard, walletsOver, type Wallets } from './wallets.ts';

const MOST = '999999999999999.9999';
const APPLIED = { outcome: 'applied' };

describe('wallets and one-sided transactions', () => {
  let cluster: TestCluster;
  let database: Database;
  let admin: Database;
  let wallets: Wallets;

  before(async () => {
    cluster = await startCluster();
    const stores = await cluster.createStores({ shards: 1, connectionsMax: 16 });
    ({ service: database, admin } = stores.wallets[0]!);
    wallets = walletsOver([database]);
  });
  after(() => cluster?.stop());

  const externalBalance = async (currency: Currency): Promise<string | undefined> => {
    const rows = await rowsOf<{ balance: string }>(
      admin,
      `SELECT balance FROM wallets WHERE kind = 'external' AND currency = '${currency}'`,
    );
    return rows[0]?.balance;
  };
  const externalId = async (currency: Currency): Promise<WalletId> => {
    const rows = await rowsOf<{ id: WalletId }>(
      admin,
      `SELECT wallet_id AS id FROM wallets WHERE kind = 'external' AND currency = '${currency}'`,
    );
    return rows[0]!.id;
  };

  test('a user has one wallet in a currency, however many ask for it at once', async () => {
    const userId = fresh('user');
    const wallet = { walletId: walletId(userId, USD), userId, currency: USD };
    const opened = await Promise.all(Array.from({ length: 16 }, () => walletRows.openWallet(database, wallet)));
    assert.equal(opened.filter(Boolean).length, 1);
    assert.equal((await walletRows.listWallets(database, { userIds: [userId], limit: 10 })).rows.length, 1);
    const inEuros = { walletId: walletId(userId, EUR), userId, currency: EUR };
    assert.equal(await walletRows.openWallet(database, inEuros), true);
  });

  test('a wallet is not opened in a shard that its id does not lead to', async () => {
    const { wallets: two } = await cluster.createStores({ shards: 2 });
    const userId = userOnShard(1, 2);
    const wallet = { walletId: walletId(userId, USD), userId, currency: USD };
    await assert.rejects(walletRows.openWallet(two[0]!.service, wallet), (error: Error) =>
      /belongs to another shard/.test(String(error.cause)),
    );
    assert.equal(await walletRows.openWallet(two[1]!.service, wallet), true);
  });

  test('suspending and activating repeat safely, and answer whether there is such a wallet', async () => {
    const id = await wallets.open(fresh('user'), '5');
    for (const status of ['SUSPENDED', 'SUSPENDED', 'ACTIVE', 'ACTIVE'] as const) {
      assert.equal(await walletRows.setWalletStatus(database, id, status), true);
      assert.equal((await walletRows.findWallet(database, id))!.status, status);
    }
    assert.equal(await walletRows.setWalletStatus(database, walletId('nobody', USD), 'SUSPENDED'), false);
  });

  test('a deposit and a withdrawal move money against the external wallet, once', async () => {
    const currency = 'CHF' as Currency;
    const id = await wallets.open(fresh('user'), undefined, currency);
    const [into, out] = [transaction('CREDIT', id, '40', currency), transaction('DEBIT', id, '15.5', currency)];
    for (let n = 0; n < 3; n += 1) assert.deepEqual(await shard.transact(database, into, trace), APPLIED);
    assert.equal(await externalBalance(currency), '-40.0000');
    for (let n = 0; n < 3; n += 1) assert.deepEqual(await shard.transact(database, out, trace), APPLIED);
    assert.equal(await externalBalance(currency), '-24.5000');
    assert.deepEqual(await wallets.entries(id), ['CREDIT 40.0000 40.0000', 'DEBIT 15.5000 24.5000']);
    assert.deepEqual(await wallets.entries(await externalId(currency)), [
      'DEBIT 40.0000 -40.0000',
      'CREDIT 15.5000 -24.5000',
    ]);
    const events = await rowsOf(
      admin,
      `SELECT type, payload -> 'data' AS data FROM outbox_events WHERE subject = '${id}' ORDER BY type`,
    );
    assert.deepEqual(events, [
      { type: 'wallet.credited', data: { transaction_id: into.transactionId, wallet_id: id, amount: '40.0000' } },
      { type: 'wallet.debited', data: { transaction_id: out.transactionId, wallet_id: id, amount: '15.5000' } },
    ]);
  });

  test('each refusal of a transaction is remembered, though its cause has gone', async () => {
    const [poor, full, suspended] = [
      await wallets.open(fresh('user')),
      await wallets.open(fresh('user'), MOST),
      await wallets.open(fresh('user'), '9'),
    ];
    const nobody = walletId(fresh('nobody'), USD);
    await walletRows.setWalletStatus(database, suspended, 'SUSPENDED');
    const refusals: [TransactionTerms, string][] = [
      [transaction('DEBIT', poor, '0.0001'), 'insufficient_funds'],
      [transaction('CREDIT', full, '0.0001'), 'balance_limit'],
      ...(['CREDIT', 'DEBIT'] as const).flatMap((type): [TransactionTerms, string][] => [
        [transaction(type, nobody, '1'), 'wallet_not_found'],
        [transaction(type, suspended, '1'), 'wallet_suspended'],
        [transaction(type, poor, '1', EUR), 'currency_mismatch'],
      ]),
    ];
    for (const [t, reason] of refusals)
      assert.deepEqual(await shard.transact(database, t, trace), { outcome: 'rejected', reason });
    await walletRows.setWalletStatus(database, suspended, 'ACTIVE');
    await shard.transact(database, transaction('CREDIT', poor, '100'), trace);
    await shard.transact(database, transaction('DEBIT', full, '100'), trace);
    for (const [t, reason] of refusals) {
      assert.deepEqual(await shard.transact(database, t, trace), { outcome: 'rejected', reason });
      assert.deepEqual(await shard.cancelTransaction(database, t, 'timed_out'), { outcome: 'rejected', reason });
    }
    assert.equal(await wallets.balance(suspended), '9.0000');
  });

  test('of a transaction and its cancel, the first decides for both', async () => {
    for (const type of ['CREDIT', 'DEBIT'] as const) {
      const id = await wallets.open(fresh('user'), '50');
      const [late, early] = [transaction(type, id, '5'), transaction(type, id, '7')];
      const canceled = { outcome: 'canceled', reason: 'timed_out' };
      assert.deepEqual(await shard.cancelTransaction(database, late, 'timed_out'), canceled);
      assert.deepEqual(await shard.transact(database, late, trace), canceled);
      assert.deepEqual(await shard.transact(database, early, trace), APPLIED);
      assert.deepEqual(await shard.cancelTransaction(database, early, 'timed_out'), APPLIED);
      assert.equal(await wallets.balance(id), type === 'CREDIT' ? '57.0000' : '43.0000');
    }
  });

  test('an external wallet cannot be seen, listed, suspended or named in a movement', async () => {
    const rich = await wallets.open(fresh('user'), '1');
    const external = await externalId(USD);
    assert.equal(await walletRows.findWallet(database, external), undefined);
    assert.ok(
      (await walletRows.listWallets(database, { limit: 200 })).rows.every(({ walletId: id }) => id !== external),
    );
    assert.equal(await walletRows.setWalletStatus(database, external, 'SUSPENDED'), false);
    for (const type of ['CREDIT', 'DEBIT'] as const) {
      assert.deepEqual(await shard.transact(database, transaction(type, external, '1'), trace), {
        outcome: 'rejected',
        reason: 'wallet_not_found',
      });
    }
    assert.deepEqual(await shard.debit(database, transfer(external, rich, '1'), trace), {
      outcome: 'rejected',
      reason: 'sender_not_found',
    });
    assert.deepEqual(await shard.credit(database, transfer(rich, external, '1'), trace), {
      outcome: 'rejected',
      reason: 'receiver_not_found',
    });
  });

  test('the first transactions of a currency, many at once, make one external wallet and all succeed', async () => {
    for (const currency of ['AED', 'AUD', 'BRL', 'CAD', 'CNY', 'CZK', 'DKK', 'GBP'] as Currency[]) {
      const ids = await Promise.all(Array.from({ length: 12 }, () => wallets.open(fresh('user'), undefined, currency)));
      const answers = await Promise.all(
        ids.map((id) => shard.transact(database, transaction('CREDIT', id, '2', currency), trace)),
      );
      assert.ok(answers.every(({ outcome }) => outcome === 'applied'));
      assert.equal(await externalBalance(currency), '-24.0000');
      assert.equal(shardOf(await externalId(currency), 1), 0);
    }
  });

  test('the balance at an instant is that of the last entry until then', async () => {
    const id = await wallets.open(fresh('user'), '10');
    await shard.transact(database, transaction('DEBIT', id, '4'), trace);
    const [debited, credited] = await walletRows.listEntries(database, id, { limit: 2 });
    assert.equal(await walletRows.balanceAt(database, id, new Date(credited!.createdAt.getTime() - 1)), undefined);
    assert.equal(await walletRows.balanceAt(database, id, debited!.createdAt), '6.0000');
    assert.equal(await walletRows.balanceAt(database, id, new Date(Date.now() + 60_000)), '6.0000');
  });

  test('entry ids are unique, also where one transaction writes two entries', async () => {
    const [{ all, distinct } = { all: 0, distinct: 1 }] = await rowsOf<{ all: number; distinct: number }>(
      admin,
      'SELECT count(*)::int AS "all", count(DISTINCT entry_id)::int AS "distinct" FROM ledger_entries',
    );
    assert.ok(all > 0);
    assert.equal(distinct, all);
  });
});
