// The wallet operations of a batch: many legs at once leave exactly what the same legs leave one by one, whatever is repeated
// and whatever races with them.

import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import type { Database } from '../../db/database.ts';
import * as batch from '../../db/wallet/batch-queries.ts';
import * as shard from '../../db/wallet/queries.ts';
import * as walletRows from '../../db/wallet/wallet-queries.ts';
import type { BatchLegs } from '../../domain/transfer/batch.ts';
import type { WalletId } from '../../domain/ids.ts';
import type { LegAnswer, TransferTerms } from '../../domain/transfer/transfer.ts';
import { rowsOf, startCluster, type TestCluster } from './database.ts';
import { walletContents } from './wallet-contents.ts';
import { walletViolations } from './wallet-invariants.ts';
import { EUR, fresh, trace, transfer, USD, userOnShard, walletsOver } from './wallets.ts';

type Answers = ReadonlyMap<string, LegAnswer<string>>;
const APPLIED = { outcome: 'applied' } as const;

/** One side of these transfers, as the activities hand it on. */
function legs(side: 'sender' | 'receiver', items: readonly TransferTerms[]): BatchLegs {
  return {
    indexes: items.map((_, index) => index),
    transferIds: items.map(({ transferId }) => transferId),
    walletIds: items.map((item) => (side === 'sender' ? item.senderWalletId : item.receiverWalletId)),
    currencies: items.map(({ currency }) => currency),
    amounts: items.map(({ amount }) => amount),
    counterpartyIds: items.map((item) => (side === 'sender' ? item.receiverWalletId : item.senderWalletId)),
    elsewhere: 0,
  };
}

describe('the wallet operations of a batch', () => {
  let cluster: TestCluster;
  before(async () => {
    cluster = await startCluster();
  });
  after(() => cluster?.stop());

  /** Wallets of every kind that an operation can meet, the same in each database; the last one does not exist. */
  async function openAll(database: Database, admin: Database, run: string): Promise<WalletId[]> {
    const wallets = walletsOver([database]);
    const ids = [
      await wallets.open(`${run}-rich`, '100000'),
      await wallets.open(`${run}-poor`, '40'),
      await wallets.open(`${run}-empty`),
      await wallets.open(`${run}-single-limit`, '1000'),
      await wallets.open(`${run}-day-limit`, '1000'),
      await wallets.open(`${run}-suspended`, '1000'),
      await wallets.open(`${run}-euro`, '1000', EUR),
      await wallets.open(`${run}-full`, '999999999999970'),
    ];
    await rowsOf(admin, `UPDATE wallets SET limit_max_amount = 20 WHERE wallet_id = '${ids[3]}'`);
    await rowsOf(admin, `UPDATE wallets SET limit_outgoing_24h = 50 WHERE wallet_id = '${ids[4]}'`);
    await walletRows.setWalletStatus(database, ids[5]!, 'SUSPENDED');
    return [...ids, `00${ids[0]!.slice(2, 34)}00` as WalletId];
  }

  test('a batch leaves exactly what its items leave one by one: all debits in order, then all credits', async () => {
    const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31));
    console.log(`SEED=${seed} repeats these batches`);
    const { wallets: stores } = await cluster.createStores({ shards: 1 });
    const { wallets: others } = await cluster.createStores({ shards: 1 });
    const [together, oneByOne] = [stores[0]!, others[0]!];
    const plan = fc.record({
      items: fc.array(
        fc.record({ from: fc.nat(8), to: fc.nat(7), amount: fc.integer({ min: 1, max: 35 }), isEuro: fc.boolean() }),
        { minLength: 1, maxLength: 40 },
      ),
      chunk: fc.integer({ min: 1, max: 40 }),
    });
    const outcomes = new Set<string>();
    const property = fc.asyncProperty(plan, async ({ items, chunk }) => {
      const run = fresh('run');
      const ids = await openAll(together.service, together.admin, run);
      await openAll(oneByOne.service, oneByOne.admin, run);
      const terms = items.map(({ from, to, amount, isEuro }) =>
        transfer(ids[from]!, ids[to < from ? to : to + 1]!, `${amount}.5000`, isEuro && amount % 5 === 0 ? EUR : USD),
      );
      const singles: LegAnswer<string>[][] = [[], []];
      for (const item of terms) singles[0]!.push(await shard.debit(oneByOne.service, item, trace));
      for (const item of terms) singles[1]!.push(await shard.credit(oneByOne.service, item, trace));
      const answers: Answers[] = [];
      for (let at = 0; at < terms.length; at += chunk)
        answers.push(await batch.debitBatch(together.service, legs('sender', terms.slice(at, at + chunk)), trace));
      for (let at = 0; at < terms.length; at += chunk)
        answers.push(await batch.creditBatch(together.service, legs('receiver', terms.slice(at, at + chunk)), trace));
      const [debits, credits] = [0, 1].map(
        (n) =>
          new Map(answers.slice((n * answers.length) / 2, ((n + 1) * answers.length) / 2).flatMap((of) => [...of])),
      );
      assert.deepEqual(
        terms.map(({ transferId }) => debits!.get(transferId) ?? APPLIED),
        singles[0],
      );
      assert.deepEqual(
        terms.map(({ transferId }) => credits!.get(transferId) ?? APPLIED),
        singles[1],
      );
      assert.deepEqual(await walletContents(together.service), await walletContents(oneByOne.service));
      for (const answer of singles.flat()) outcomes.add('reason' in answer ? answer.reason : answer.outcome);
    });
    const wanted = [
      'applied',
      'balance_limit',
      'currency_mismatch',
      'insufficient_funds',
      'limit_exceeded',
      'receiver_not_found',
      'receiver_suspended',
      'sender_not_found',
      'sender_suspended',
    ];
    // Now and then, so many runs do not meet every outcome.
    for (let round = 0; round === 0 || (outcomes.size < wanted.length && round < 8); round += 1)
      await fc.assert(property, { numRuns: 25, seed: seed + round, endOnFailure: true });
    assert.deepEqual([...outcomes].sort(), wanted);
  });

  test('items that overdraw a wallet fail in order, and a smaller one after them may still go', async () => {
    const { wallets: stores } = await cluster.createStores({ shards: 1 });
    const { service } = stores[0]!;
    const wallets = walletsOver([service]);
    const [poor, other] = [await wallets.open(fresh('poor'), '100'), await wallets.open(fresh('other'))];
    const items = ['60', '50', '30', '20', '10', '0.0001'].map((amount) => transfer(poor, other, amount));
    const answers = await batch.debitBatch(service, legs('sender', items), trace);
    assert.deepEqual(
      items.map(({ transferId }) => answers.get(transferId)?.outcome ?? 'applied'),
      ['applied', 'rejected', 'applied', 'rejected', 'applied', 'rejected'],
    );
    assert.equal(await wallets.balance(poor), '0.0000');
  });

  test('the same legs at once from eight connections move the money once, and every answer is the same', async () => {
    const { wallets: stores } = await cluster.createStores({ shards: 1, connectionsMax: 16 });
    const { service } = stores[0]!;
    const wallets = walletsOver([service]);
    const [sender, receiver] = [await wallets.open(fresh('sender'), '100'), await wallets.open(fresh('receiver'))];
    const items = Array.from({ length: 200 }, () => transfer(sender, receiver, '1.0000'));
    const eight = <T>(call: () => Promise<T>): Promise<T[]> => Promise.all(Array.from({ length: 8 }, call));
    const debits = await eight(() => batch.debitBatch(service, legs('sender', items), trace));
    for (const answer of debits) assert.deepEqual(answer, debits[0]);
    assert.equal(debits[0]!.size, 100);
    const applied = items.filter(({ transferId }) => !debits[0]!.has(transferId));
    await eight(() => batch.creditBatch(service, legs('receiver', applied), trace));
    assert.deepEqual([await wallets.balance(sender), await wallets.balance(receiver)], ['0.0000', '100.0000']);
    assert.deepEqual(await walletViolations([service]), []);
  });

  test('a repeat of which some items are decided moves the others alone', async () => {
    const { wallets: stores } = await cluster.createStores({ shards: 1 });
    const { service } = stores[0]!;
    const wallets = walletsOver([service]);
    const [sender, receiver] = [await wallets.open(fresh('sender'), '100'), await wallets.open(fresh('receiver'))];
    const items = Array.from({ length: 6 }, () => transfer(sender, receiver, '10.0000'));
    await batch.debitBatch(service, legs('sender', items.slice(1, 3)), trace);
    await batch.refundBatch(service, legs('sender', items.slice(2, 4)), 'timed_out', trace);
    const answers = await batch.debitBatch(service, legs('sender', items), trace);
    assert.deepEqual([...answers], [[items[3]!.transferId, { outcome: 'canceled', reason: 'timed_out' }]]);
    assert.equal(await wallets.balance(sender), '60.0000');
    assert.deepEqual(await walletViolations([service]), []);
  });

  test('legs that were first asked for with another amount are refused, and the others move', async () => {
    const { wallets: stores } = await cluster.createStores({ shards: 1 });
    const { service } = stores[0]!;
    const wallets = walletsOver([service]);
    const [sender, receiver] = [await wallets.open(fresh('sender'), '100'), await wallets.open(fresh('receiver'))];
    const [first, second] = [transfer(sender, receiver, '10.0000'), transfer(sender, receiver, '10.0000')];
    await batch.debitBatch(service, legs('sender', [first]), trace);
    const changed = [second, { ...first, amount: '11.0000' }];
    const answers = await batch.debitBatch(service, legs('sender', changed), trace);
    const refused = { outcome: 'rejected', reason: 'terms_conflict', amount: '10.0000' };
    assert.deepEqual([...answers], [[first.transferId, refused]]);
    assert.equal(await wallets.balance(sender), '80.0000');
  });

  test('a batch with a wallet of another shard raises, and leaves no fence', async () => {
    const { wallets: two } = await cluster.createStores({ shards: 2 });
    const [here, there] = [walletsOver([two[0]!.service]), walletsOver([two[1]!.service])];
    const mine = await here.open(userOnShard(0, 2), '10');
    const foreign = await there.open(userOnShard(1, 2), '10');
    const items = [transfer(mine, foreign, '1'), transfer(foreign, mine, '1')];
    for (const call of [batch.debitBatch, batch.creditBatch])
      await assert.rejects(call(two[0]!.service, legs('sender', items), trace), (error: Error) =>
        /belongs to another shard/.test(String(error.cause)),
      );
    assert.deepEqual(
      await rowsOf(two[0]!.service, `SELECT leg FROM operation_fences WHERE leg IN ('debit', 'credit')`),
      [],
    );
  });

  test('balances are rewritten where they are, without a word in any index', async () => {
    // One connection each, so that its statistics can be told to be written at once.
    const { wallets: stores } = await cluster.createStores({ shards: 1, connectionsMax: 1 });
    const { service, admin } = stores[0]!;
    const wallets = walletsOver([service]);
    const ids: WalletId[] = [];
    while (ids.length < 300) ids.push(await wallets.open(fresh('user'), '10'));
    for (let round = 0; round < 3; round += 1) {
      const items = ids.map((id, n) => transfer(id, ids[(n + 1) % ids.length]!, '1'));
      await batch.debitBatch(service, legs('sender', items), trace);
      await batch.creditBatch(service, legs('receiver', items), trace);
    }
    await rowsOf(service, 'SELECT pg_stat_force_next_flush()');
    const [updates] = await rowsOf<{ all: string; hot: string }>(
      admin,
      `SELECT n_tup_upd AS all, n_tup_hot_upd AS hot FROM pg_stat_user_tables WHERE relname = 'wallets'`,
    );
    assert.ok(Number(updates!.all) >= 6 * ids.length, JSON.stringify(updates));
    assert.ok(Number(updates!.hot) > 0.9 * Number(updates!.all), JSON.stringify(updates));
  });

  test('batches both ways between the same wallets, and single transfers among them, never deadlock or lose money', async () => {
    const { wallets: stores } = await cluster.createStores({ shards: 1, connectionsMax: 24 });
    const { service } = stores[0]!;
    const wallets = walletsOver([service]);
    const ids = await Promise.all(Array.from({ length: 10 }, () => wallets.open(fresh('user'), '1000')));
    const batches = Array.from({ length: 12 }, (_, n) => {
      const order = n % 2 === 0 ? ids : ids.toReversed();
      return Array.from({ length: 100 }, (_each, m) =>
        transfer(order[m % 10]!, order[(m + 1 + n) % 10 === m % 10 ? (m + 2) % 10 : (m + 1 + n) % 10]!, '1.0000'),
      );
    });
    await Promise.all([
      ...batches.map(async (items) => {
        await batch.debitBatch(service, legs('sender', items), trace);
        await batch.creditBatch(service, legs('receiver', items), trace);
      }),
      ...Array.from({ length: 100 }, async (_, n) => {
        const single = transfer(ids[n % 10]!, ids[(n + 3) % 10]!, '1.0000');
        await shard.debit(service, single, trace);
        await shard.credit(service, single, trace);
      }),
    ]);
    assert.deepEqual(await walletViolations([service]), []);
    const total = await rowsOf<{ sum: string }>(service, `SELECT sum(balance) FROM wallets WHERE kind = 'user'`);
    assert.equal(total[0]!.sum, '10000.0000');
  });

  test('whatever of a batch is moved and compensated at once, money is conserved and each leg is decided once', async () => {
    const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31));
    console.log(`SEED=${seed} repeats these interleavings`);
    const { wallets: stores } = await cluster.createStores({ shards: 1, connectionsMax: 12 });
    const { service } = stores[0]!;
    const wallets = walletsOver([service]);
    const call = fc.record({
      what: fc.constantFrom('debit', 'credit', 'settle', 'compensate', 'single'),
      from: fc.nat(7),
      count: fc.integer({ min: 1, max: 8 }),
    });
    const lanes = fc.array(fc.array(call, { minLength: 1, maxLength: 5 }), { minLength: 8, maxLength: 8 });
    const property = fc.asyncProperty(
      lanes,
      fc.array(fc.nat(3), { minLength: 8, maxLength: 8 }),
      async (plan, senders) => {
        const ids = await Promise.all(Array.from({ length: 4 }, () => wallets.open(fresh('user'), '25')));
        const items = senders.map((from, n) => transfer(ids[from]!, ids[(from + 1 + (n % 3)) % 4]!, '10.0000'));
        const compensate = async (some: TransferTerms[]): Promise<void> => {
          const credits = await batch.cancelBatchCredits(service, legs('receiver', some), 'timed_out');
          const unpaid = some.filter(({ transferId }) => credits.get(transferId)?.outcome !== 'applied');
          await batch.refundBatch(service, legs('sender', unpaid), 'timed_out', trace);
        };
        const settle = async (some: TransferTerms[]): Promise<void> => {
          const debits = await batch.debitBatch(service, legs('sender', some), trace);
          const debited = some.filter(({ transferId }) => !debits.has(transferId));
          await batch.creditBatch(service, legs('receiver', debited), trace);
        };
        await Promise.all(
          plan.map(async (lane) => {
            for (const { what, from, count } of lane) {
              const some = items.slice(from, from + count);
              if (what === 'debit') await batch.debitBatch(service, legs('sender', some), trace);
              else if (what === 'settle' || what === 'credit') await settle(some);
              else if (what === 'compensate') await compensate(some);
              else await shard.debit(service, items[from]!, trace);
            }
          }),
        );
        await compensate(items);
        assert.deepEqual(await walletViolations([service]), []);
        const [open] = await rowsOf<{ left: number }>(
          service,
          `SELECT count(*)::int AS left FROM operation_fences d WHERE leg = 'debit' AND outcome = 'applied' AND NOT EXISTS (
          SELECT FROM operation_fences o WHERE o.transaction_id = d.transaction_id AND o.leg IN ('credit', 'refund') AND o.outcome = 'applied')`,
        );
        assert.equal(open!.left, 0, 'every debit was credited or refunded');
      },
    );
    await fc.assert(property, { numRuns: 30, seed, endOnFailure: true });
  });
});
