// A shard whose clock leaps, ahead or back, and returns: entries have the time that the clock showed and the order of their
// sequence, a limit of 24 hours neither lasts a year nor is forgotten, and a past balance stays what it was.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { checkBalances } from '../../audit/balances.ts';
import { collectFindings } from '../../audit/findings.ts';
import type { Database } from '../../db/database.ts';
import { findWalletLimits, setWalletLimits } from '../../db/wallet/limit-queries.ts';
import { debit, refund } from '../../db/wallet/queries.ts';
import { balanceAt, findWallet, listEntries, setWalletStatus } from '../../db/wallet/wallet-queries.ts';
import type { WalletId } from '../../domain/ids.ts';
import { rowsOf, startCluster, type TestCluster } from './database.ts';
import { makeClockLeap, type LeapingClock } from './leaping-clock.ts';
import { fresh, trace, transfer, walletsOver, type Wallets } from './wallets.ts';

const LIMIT = '100';

describe('a shard whose clock leaps', () => {
  let cluster: TestCluster;
  let database: Database;
  let admin: Database;
  let clock: LeapingClock;
  let wallets: Wallets;
  let id: WalletId;
  let other: WalletId;

  before(async () => {
    cluster = await startCluster();
    const { wallets: stores } = await cluster.createStores({ shards: 1 });
    ({ service: database, admin } = stores[0]!);
    clock = await makeClockLeap(admin);
    wallets = walletsOver([database]);
    other = await wallets.open(fresh('other'));
  });
  after(async () => {
    const findings = collectFindings();
    await checkBalances([admin], findings);
    await cluster?.stop();
    assert.deepEqual(findings.violations(), []);
  });
  beforeEach(async () => {
    await clock.leap('0');
    id = await wallets.open(fresh('limited'), '1000');
    await setWalletLimits(database, id, { maxAmount: null, outgoing24h: LIMIT });
  });

  const pay = async (amount: string) => {
    const t = transfer(id, other, amount);
    return { t, outcome: (await debit(database, t, trace)).outcome };
  };
  const used = async () => (await findWalletLimits(database, id))!.outgoing24hUsed;

  for (const ahead of ['1 year', '-1 year', '3 days', '-2 hours']) {
    test(`by ${ahead}: what went out then is counted for 24 hours from then on, and no longer`, async () => {
      assert.equal((await pay('10')).outcome, 'applied');
      await clock.leap(ahead);
      assert.equal((await pay('60')).outcome, 'applied');
      await clock.leap('0');
      assert.notEqual(await used(), '0.0000');
      assert.equal((await pay('41')).outcome, 'rejected');
      assert.equal((await pay('30')).outcome, 'applied');

      await clock.leap('23 hours');
      assert.equal((await pay('71')).outcome, 'rejected', 'it is counted until the day is over');
      await clock.leap('25 hours');
      assert.equal(await used(), '0.0000');
      assert.equal((await pay(LIMIT)).outcome, 'applied', 'and not for the length of the leap');
      assert.equal((await pay('1')).outcome, 'rejected');
    });
  }

  test('and stays where it is: the limit goes by what passes on it', async () => {
    await pay('60');
    await clock.leap('-1 year');
    assert.equal((await pay('41')).outcome, 'rejected');
    assert.equal((await pay('40')).outcome, 'applied');
    await clock.leap('-364 days');
    await clock.leap('-363 days 23 hours');
    assert.equal((await pay(LIMIT)).outcome, 'applied');
  });

  test('what is given back makes room, wherever the clock was when it was taken', async () => {
    await clock.leap('1 year');
    const { t } = await pay('80');
    await clock.leap('0');
    assert.equal((await pay('30')).outcome, 'rejected');
    await refund(database, t, '0', 'timed_out', trace, {});
    assert.equal(await used(), '0.0000');
    assert.equal((await pay(LIMIT)).outcome, 'applied');
  });

  test('a limit that is set while an entry bears a time of the future counts it for a day', async () => {
    await setWalletLimits(database, id, { maxAmount: null, outgoing24h: null });
    await clock.leap('1 year');
    await pay('80');
    await clock.leap('0');
    await setWalletLimits(database, id, { maxAmount: null, outgoing24h: LIMIT });
    assert.equal((await pay('21')).outcome, 'rejected');
    await clock.leap('25 hours');
    assert.equal((await pay(LIMIT)).outcome, 'applied');
  });

  test('entries are in the order of their sequence, and bear what the clock showed', async () => {
    await pay('1');
    await clock.leap('1 year');
    await pay('2');
    await clock.leap('0');
    await pay('3');
    const entries = (await listEntries(database, id, { limit: 10 })).reverse();
    assert.deepEqual(
      entries.map(({ amount }) => amount),
      ['1000.0000', '1.0000', '2.0000', '3.0000'],
    );
    const years = entries.map(({ createdAt }) => Math.round((createdAt.getTime() - Date.now()) / 31_536_000_000) + 0);
    assert.deepEqual(years, [0, 0, 1, 0]);
    const [wallet] = [await findWallet(database, id)];
    assert.ok(Math.abs(wallet!.updatedAt.getTime() - Date.now()) < 3_600_000);
  });

  test('a balance of the past is that of the last entry until then, in their order', async () => {
    await pay('1');
    await clock.leap('1 year');
    await pay('2');
    await clock.leap('0');
    await setWalletStatus(database, id, 'SUSPENDED');
    await setWalletStatus(database, id, 'ACTIVE');
    await pay('3');
    const now = () => new Date(Date.now() + 1_000);
    const inAYear = (ms: number) => new Date(Date.now() + 31_536_000_000 + ms);
    assert.equal(await balanceAt(database, id, now()), '994.0000');
    assert.equal(await balanceAt(database, id, inAYear(172_800_000)), '994.0000', 'not what the leap has left');

    await clock.leap('-1 year');
    await pay('4');
    await clock.leap('0');
    assert.equal(await balanceAt(database, id, now()), '990.0000');
    assert.equal(await balanceAt(database, id, inAYear(172_800_000)), '990.0000');
    await pay('5');
    assert.equal(await balanceAt(database, id, now()), '985.0000');
    assert.equal(await balanceAt(database, id, new Date(Date.now() - 63_072_000_000)), undefined);
  });

  test('what a limit costs does not grow with the entries of the day', async () => {
    const cost = async (count: number): Promise<number> => {
      const wallet = await wallets.open(fresh('busy'), '1000000');
      await setWalletLimits(database, wallet, { maxAmount: null, outgoing24h: '100000' });
      await rowsOf(
        admin,
        `INSERT INTO ledger_entries (entry_id, wallet_id, transaction_id, type, amount, sequence, balance_after, created_at)
         SELECT gen_random_uuid(), '${wallet}', gen_random_uuid(), 'DEBIT', 0.0001, g + 1, 1000000 - 0.0001 * g, now() - interval '1 hour' FROM generate_series(1, ${count}) g`,
      );
      await rowsOf(
        admin,
        `UPDATE wallets SET last_sequence = ${count + 1}, balance = balance - 0.0001 * ${count} WHERE wallet_id = '${wallet}'`,
      );
      await debit(database, transfer(wallet, other, '1'), trace);
      const read = async (): Promise<number> => {
        await database.execute('SELECT pg_stat_force_next_flush()');
        const [row] = await rowsOf<{ read: string }>(
          admin,
          `SELECT sum(idx_tup_read + seq_tup_read) AS read FROM pg_stat_user_indexes JOIN pg_stat_user_tables USING (relid) WHERE pg_stat_user_tables.relname = 'ledger_entries'`,
        );
        return Number(row!.read);
      };
      const before = await read();
      for (let n = 0; n < 20; n += 1) await debit(database, transfer(wallet, other, '1'), trace);
      return (await read()) - before;
    };
    const [few, many] = [await cost(100), await cost(100_000)];
    assert.ok(many <= few * 2 + 100, `${few} rows read for twenty debits with 100 entries a day, ${many} with 100,000`);
  });
});
