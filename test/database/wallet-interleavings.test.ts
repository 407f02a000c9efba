// Random interleavings: calls of every wallet operation, in random order and repeated, from many connections over two shards,
// and the invariants afterwards. Two broken databases show that the property would notice a fault.

import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { inspect } from 'node:util';
import fc from 'fast-check';
import type { Database } from '../../db/database.ts';
import * as shard from '../../db/wallet/queries.ts';
import * as walletRows from '../../db/wallet/wallet-queries.ts';
import type { Currency } from '../../domain/currency.ts';
import type { WalletId } from '../../domain/ids.ts';
import type { TransactionTerms } from '../../domain/transfer/transaction.ts';
import type { TransferTerms } from '../../domain/transfer/transfer.ts';
import { rowsOf, startCluster, type TestCluster, type TestStores } from './database.ts';
import { walletViolations } from './wallet-invariants.ts';
import { EUR, trace, transaction, transfer, USD, userOnShard, walletsOver, type Wallets } from './wallets.ts';

const SHARDS = 2;
const WALLETS = 4;
const MOVEMENTS = 5;
const LANES = 12;
const RUNS = 50;

const CALLS = [
  'debit',
  'credit',
  'settle',
  'cancelCredit',
  'compensate',
  'advance',
  'cancelAdvance',
  'transact',
  'cancelTransaction',
  'suspend',
  'activate',
] as const;
interface Call {
  readonly call: (typeof CALLS)[number];
  /** Which movement, or which wallet. */
  readonly of: number;
}
interface MovementPlan {
  readonly from: number;
  readonly to: number;
  readonly amount: number;
  readonly currency: Currency;
  readonly into: boolean;
  readonly isHold: boolean;
}
interface Plan {
  readonly movements: readonly MovementPlan[];
  /** The calls of a lane follow each other; lanes run at once. */
  readonly lanes: readonly (readonly Call[])[];
}

const plans: fc.Arbitrary<Plan> = fc.record({
  movements: fc.array(
    fc.record({
      from: fc.nat(WALLETS - 1),
      to: fc.nat(WALLETS - 2),
      amount: fc.integer({ min: 1, max: 60 }),
      currency: fc.constantFrom(USD, USD, USD, USD, EUR),
      into: fc.boolean(),
      isHold: fc.boolean(),
    }),
    { minLength: MOVEMENTS, maxLength: MOVEMENTS },
  ),
  lanes: fc.array(
    fc.array(fc.record({ call: fc.constantFrom(...CALLS), of: fc.nat(MOVEMENTS - 1) }), { minLength: 1, maxLength: 8 }),
    { minLength: LANES, maxLength: LANES },
  ),
});

describe('wallet operations from many connections at once', () => {
  let cluster: TestCluster;
  before(async () => {
    cluster = await startCluster();
  });
  after(() => cluster?.stop());

  test('whatever is called, in whatever order and however often, money is conserved and each fence is decided once', async () => {
    const stores = await cluster.createStores({ shards: SHARDS, connectionsMax: LANES });
    const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31));
    console.log(`SEED=${seed} repeats these interleavings`);
    await fc.assert(interleavings(stores), { numRuns: RUNS, seed, endOnFailure: true });
    const outcomes = await rowsOf<{ outcome: string }>(
      stores.wallets[0]!.admin,
      `SELECT DISTINCT leg || ' ' || outcome AS outcome FROM operation_fences`,
    );
    assert.ok(outcomes.length >= 14, `the calls reached ${outcomes.map(({ outcome }) => outcome).join(', ')}`);
  });

  test('the property fails on a database whose fences always let through', async () => {
    assert.match(
      await violationOf(`
      INSERT INTO operation_fences (transaction_id, leg, outcome, reason, wallet_id, currency, amount)
      VALUES (p_transaction_id, p_leg, p_outcome, p_reason, p_wallet_id, p_currency, p_amount)
      ON CONFLICT (transaction_id, leg) DO UPDATE SET outcome = p_outcome, reason = p_reason;
      RETURN NULL;`),
      /duplicate key|answers differ|is missing|too much|refunded/,
    );
  });

  test('the property finds the money that a leg arriving after its cancel creates, where a cancel leaves no fence', async () => {
    assert.match(
      await violationOf(`
      INSERT INTO operation_fences (transaction_id, leg, outcome, reason, wallet_id, currency, amount)
      SELECT p_transaction_id, p_leg, p_outcome, p_reason, p_wallet_id, p_currency, p_amount WHERE p_outcome <> 'canceled'
      ON CONFLICT DO NOTHING;
      SELECT * INTO fence FROM operation_fences WHERE transaction_id = p_transaction_id AND leg = p_leg AND NOT FOUND;
      RETURN fence;`),
      /answers differ|too much|refunded/,
    );
  });

  test('two hundred transfers each way between two wallets never deadlock, and the sums are exact', async () => {
    const { wallets: shards } = await cluster.createStores({ shards: 1, connectionsMax: 40 });
    const wallets = walletsOver(shards.map(({ service }) => service));
    const [a, b] = [await wallets.open('a', '1000'), await wallets.open('b', '1000')];
    await Promise.all(
      Array.from({ length: 200 }, async (_, n) => {
        const t = n % 2 === 0 ? transfer(a, b, '1.25') : transfer(b, a, '1.5');
        assert.deepEqual(await shard.debit(wallets.shardOf(t.senderWalletId), t, trace), { outcome: 'applied' });
        assert.deepEqual(await shard.credit(wallets.shardOf(t.receiverWalletId), t, trace), { outcome: 'applied' });
      }),
    );
    assert.deepEqual([await wallets.balance(a), await wallets.balance(b)], ['1025.0000', '975.0000']);
    assert.deepEqual(await walletViolations(shards.map(({ admin }) => admin)), []);
  });

  /** What the property says of a database whose claim_leg has this body. */
  async function violationOf(claimLeg: string): Promise<string> {
    const stores = await cluster.createStores({ shards: SHARDS, connectionsMax: LANES });
    for (const { admin } of stores.wallets) {
      await rowsOf(
        admin,
        `
        CREATE OR REPLACE FUNCTION claim_leg(
          p_transaction_id uuid, p_leg text, p_outcome text, p_reason text, p_wallet_id uuid, p_currency text, p_amount numeric,
          p_counterparty_id uuid DEFAULT NULL, p_of_amount numeric DEFAULT NULL
        ) RETURNS operation_fences LANGUAGE plpgsql VOLATILE AS $$ DECLARE fence operation_fences; BEGIN ${claimLeg} END $$`,
      );
    }
    const result = await fc.check(interleavings(stores), { numRuns: RUNS, endOnFailure: true });
    assert.ok(result.failed, 'no violation was found');
    return inspect(result.errorInstance);
  }
});

function interleavings(stores: TestStores): fc.IAsyncProperty<[Plan]> {
  const services = stores.wallets.map(({ service }) => service);
  const wallets = walletsOver(services);
  return fc.asyncProperty(plans, async (plan) => {
    const ids = await Promise.all(
      Array.from({ length: WALLETS }, (_, n) => wallets.open(userOnShard(n % SHARDS, SHARDS), '100')),
    );
    const answers = await carryOut(plan, ids, wallets);
    const disagreements = [...answers]
      .filter(([, given]) => given.size > 1)
      .map(([leg, given]) => `${leg}: answers differ: ${[...given].join(', ')}`);
    const unlike = await fenceMismatches(answers, services);
    assert.deepEqual(
      [...disagreements, ...unlike, ...(await walletViolations(stores.wallets.map(({ admin }) => admin)))],
      [],
    );
  });
}

/** Every answer that was given about each leg. */
type Answers = Map<string, Set<string>>;

async function carryOut(plan: Plan, ids: readonly WalletId[], wallets: Wallets): Promise<Answers> {
  const terms = plan.movements.map(({ from, to, amount, currency, into, isHold }) => ({
    isHold,
    transfer: transfer(ids[from]!, ids.toSpliced(from, 1)[to]!, `${amount}.0001`, currency),
    transaction: transaction(into ? 'CREDIT' : 'DEBIT', ids[from]!, `${amount}`, currency),
  }));
  const answers: Answers = new Map();
  const debited = new Set<string>();
  const told = <Answer extends { outcome: string }>(movement: string, leg: string, answer: Answer): Answer => {
    const key = `${leg} ${movement}`;
    answers.set(key, (answers.get(key) ?? new Set()).add(JSON.stringify(answer)));
    return answer;
  };

  const debit = async (t: TransferTerms, isHold: boolean): Promise<void> => {
    const answer = await shard.debit(wallets.shardOf(t.senderWalletId), t, trace, { isHold, total: t.amount });
    const { outcome } = told(t.transferId, 'debit', answer);
    if (outcome === 'applied') debited.add(t.transferId);
  };
  // Only what was debited is ever sent on, but then at any time: a late packet, a worker that thaws.
  const credit = async (t: TransferTerms): Promise<void> => {
    if (debited.has(t.transferId))
      told(t.transferId, 'credit', await shard.credit(wallets.shardOf(t.receiverWalletId), t, trace, t.amount));
  };
  const cancelCredit = async (t: TransferTerms): Promise<boolean> => {
    const { outcome } = told(
      t.transferId,
      'credit',
      await shard.cancelCredit(wallets.shardOf(t.receiverWalletId), t, 'canceled', t.amount),
    );
    return outcome === 'applied';
  };
  const compensate = async (t: TransferTerms): Promise<void> => {
    const credited = await cancelCredit(t);
    told(
      t.transferId,
      'debit',
      await shard.refund(wallets.shardOf(t.senderWalletId), t, credited ? t.amount : '0', 'canceled', trace, {
        total: t.amount,
      }),
    );
  };
  const cancelAdvance = async (t: TransferTerms): Promise<void> => {
    const outcome = await shard.cancelAdvance(wallets.shardOf(t.senderWalletId), t);
    told(t.transferId, 'advance', outcome === 'applied' ? { outcome } : { outcome, reason: 'credited' });
  };
  const legOf = (t: TransactionTerms): string => (t.type === 'CREDIT' ? 'deposit' : 'withdrawal');

  const run = async ({ call, of }: Call): Promise<void> => {
    const { transfer: t, transaction: o, isHold } = terms[of]!;
    const wallet = ids[of % WALLETS]!;
    switch (call) {
      case 'debit':
        return debit(t, isHold);
      case 'credit':
        return credit(t);
      case 'settle':
        await debit(t, isHold);
        return credit(t);
      case 'cancelCredit':
        return void (await cancelCredit(t));
      case 'compensate':
        return compensate(t);
      case 'advance':
        return void (await shard.advance(wallets.shardOf(t.senderWalletId), t, trace));
      case 'cancelAdvance':
        return cancelAdvance(t);
      case 'transact':
        return void told(o.transactionId, legOf(o), await shard.transact(wallets.shardOf(o.walletId), o, trace));
      case 'cancelTransaction':
        return void told(
          o.transactionId,
          legOf(o),
          await shard.cancelTransaction(wallets.shardOf(o.walletId), o, 'canceled'),
        );
      case 'suspend':
      case 'activate':
        return void (await walletRows.setWalletStatus(
          wallets.shardOf(wallet),
          wallet,
          call === 'suspend' ? 'SUSPENDED' : 'ACTIVE',
        ));
    }
  };
  await Promise.all(
    plan.lanes.map(async (calls) => {
      for (const call of calls) await run(call);
    }),
  );
  return answers;
}

/** Answers that a fence does not repeat: none, as long as a fence is written before its answer is given. */
async function fenceMismatches(answers: Answers, shards: readonly Database[]): Promise<string[]> {
  const fences = new Map<string, string>();
  for (const database of shards) {
    const rows = await rowsOf<{ leg: string; outcome: string; reason: string | null }>(
      database,
      `SELECT leg || ' ' || transaction_id AS leg, outcome, reason FROM operation_fences`,
    );
    for (const { leg, outcome, reason } of rows)
      fences.set(leg, JSON.stringify(reason === null ? { outcome } : { outcome, reason }));
  }
  return [...answers]
    .filter(([leg, given]) => !given.has(fences.get(leg) ?? ''))
    .map(([leg]) => `${leg}: the answers differ from the fence`);
}
