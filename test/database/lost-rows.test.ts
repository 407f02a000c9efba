// A transfer's row is lost by a restore of the transfer database, and its key comes back: with the same body, or with another
// one, whose legs then meet the fences of the first. Whatever the first had done, wholly or half, and whatever the second is: it
// ends, no money is made or lost, and it moves what its row says.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { checkBalances } from '../../audit/balances.ts';
import { checkFences } from '../../audit/fences.ts';
import { collectFindings } from '../../audit/findings.ts';
import { checkMoney } from '../../audit/money.ts';
import { ledgerOf } from '../../db/wallet/ledger.ts';
import * as shard from '../../db/wallet/queries.ts';
import type { TransferId, WalletId } from '../../domain/ids.ts';
import type { Ledger } from '../../domain/ledger.ts';
import { formatUnits, parseUnits } from '../../domain/money.ts';
import { halfDone } from '../../domain/transfer/half-done.ts';
import { endOfCredit, endOfLeg, type TransferEnd, type TransferTerms } from '../../domain/transfer/transfer.ts';
import { rowsOf, startCluster, type TestCluster, type TestStores } from './database.ts';
import { trace, transfer, USD, userOnShard, walletsOver, type Wallets } from './wallets.ts';

const SHARDS = 2;
/** How far a course comes before its row is lost. */
const STAGES = ['nothing', 'debited', 'credited', 'credit_canceled', 'ended'] as const;
type Stage = (typeof STAGES)[number];

interface Movement {
  readonly sender: number;
  readonly receiver: number;
  readonly amount: string;
  /** Of a hold: what is captured of it. */
  readonly captured?: string;
  /** Given up where it is not captured or credited. */
  readonly isCanceled: boolean;
}

describe('a transfer whose row was lost and whose key comes back', () => {
  let cluster: TestCluster;
  let stores: TestStores;
  let wallets: Wallets;
  let ledger: Ledger;
  /** Two in each shard. */
  let ids: WalletId[];

  before(async () => {
    cluster = await startCluster();
    stores = await cluster.createStores({ shards: SHARDS });
    wallets = walletsOver(stores.wallets.map(({ service }) => service));
    ledger = ledgerOf(stores.wallets.map(({ service }) => service));
    ids = await Promise.all([0, 0, 1, 1].map((place) => wallets.open(userOnShard(place, SHARDS), '100000')));
  });
  after(() => cluster?.stop());

  /** The steps of workflows/transfer/, up to a stage; `isFormer` as of the version before counterparties were kept. */
  async function course(
    t: TransferTerms,
    { captured, isCanceled }: Pick<Movement, 'captured' | 'isCanceled'>,
    until: Stage = 'ended',
    isFormer = false,
  ): Promise<TransferEnd | undefined> {
    const isHold = captured !== undefined;
    const total = isFormer ? undefined : t.amount;
    const [sender, receiver] = [wallets.shardOf(t.senderWalletId), wallets.shardOf(t.receiverWalletId)];
    if (until === 'nothing') return undefined;
    const debit = await shard.debit(sender, t, trace, { isHold, total });
    if (until === 'debited') return undefined;
    let credited = captured ?? t.amount;
    if (debit.outcome === 'applied' && !isCanceled) {
      const credit = await shard.credit(receiver, { ...t, amount: credited }, trace, total);
      if (credit.outcome === 'applied') {
        credited = credit.amount ?? credited;
        if (until === 'credited') return undefined;
        if (isHold) await shard.refund(sender, t, credited, 'timed_out', trace, { total });
        return endOfCredit(credit, isHold);
      }
    }
    const credit = await shard.cancelCredit(receiver, { ...t, amount: credited }, 'timed_out', total);
    if (until === 'credit_canceled') return undefined;
    if (credit.outcome === 'applied') {
      if (isHold) await shard.refund(sender, t, credit.amount ?? credited, 'timed_out', trace, { total });
      return endOfCredit(credit, isHold);
    }
    const otherCredit = credit.outcome === 'rejected' ? credit.amount : undefined;
    const undone = await shard.refund(sender, t, '0', 'timed_out', trace, { total, otherCredit });
    return endOfLeg(undone.outcome === 'rejected' ? undone : credit);
  }

  /** The steps of workflows/transfer/refund-case.ts. */
  async function refundHalfDone(transferId: TransferId): Promise<number> {
    const moved = (await ledger.movements([transferId])).get(transferId);
    const debits = moved === undefined ? [] : halfDone(transferId, moved);
    for (const { credited: captured, ...t } of debits) {
      const [sender, receiver] = [wallets.shardOf(t.senderWalletId), wallets.shardOf(t.receiverWalletId)];
      const asked = { ...t, amount: captured ?? t.amount };
      const credit = await shard.cancelCredit(receiver, asked, 'canceled', t.amount);
      const credited = credit.outcome === 'applied' ? (credit.amount ?? asked.amount) : '0';
      const otherCredit = credit.outcome === 'rejected' ? credit.amount : undefined;
      await shard.refund(sender, t, credited, 'canceled', trace, { total: t.amount, otherCredit });
    }
    return debits.length;
  }

  function termsOf(transferId: TransferId, { sender, receiver, amount }: Movement): TransferTerms {
    return { transferId, senderWalletId: ids[sender]!, receiverWalletId: ids[receiver]!, amount, currency: USD };
  }

  /** What a movement has done to each wallet. */
  async function effectOf(id: TransferId): Promise<Map<WalletId, bigint>> {
    const effect = new Map<WalletId, bigint>();
    for (const { admin } of stores.wallets) {
      const rows = await rowsOf<{ wallet_id: WalletId; type: string; amount: string }>(
        admin,
        `SELECT wallet_id, type, amount FROM ledger_entries WHERE transaction_id = '${id}'`,
      );
      for (const { wallet_id, type, amount } of rows) {
        const signed = type === 'DEBIT' ? -parseUnits(amount) : parseUnits(amount);
        effect.set(wallet_id, (effect.get(wallet_id) ?? 0n) + signed);
      }
    }
    return effect;
  }

  /** Of the audit, what does not ask the transfer database. */
  async function ledgerViolations(): Promise<readonly string[]> {
    const findings = collectFindings();
    const shards = stores.wallets.map(({ admin }) => admin);
    await checkMoney(shards, findings);
    await checkBalances(shards, findings);
    await checkFences(shards, findings);
    return findings.violations().map(({ invariant, subject, detail }) => `${invariant} ${subject}: ${detail}`);
  }

  function sum(effect: ReadonlyMap<WalletId, bigint>): bigint {
    return [...effect.values()].reduce((total, each) => total + each, 0n);
  }

  const movement: fc.Arbitrary<Movement> = fc
    .record({
      wallets: fc.shuffledSubarray([0, 1, 2, 3], { minLength: 2, maxLength: 2 }),
      amount: fc.constantFrom('10.0000', '20.0000'),
      captured: fc.constantFrom(undefined, undefined, '4.0000', '10.0000'),
      isCanceled: fc.boolean(),
    })
    .map(({ wallets: [sender, receiver], captured, ...rest }) => ({
      sender: sender!,
      receiver: receiver!,
      ...(captured === undefined ? {} : { captured }),
      ...rest,
    }));

  /** Two of one key, which have much in common, or nothing. */
  const pair: fc.Arbitrary<[Movement, Movement]> = fc
    .tuple(movement, movement, fc.subarray(['sender', 'receiver', 'amount', 'captured'] as const))
    .map(([first, other, same]): [Movement, Movement] => {
      const kept = Object.fromEntries(same.flatMap((name) => (name in first ? [[name, first[name]]] : [])));
      return [first, { ...other, ...kept }];
    })
    .filter(([, { sender, receiver }]) => sender !== receiver);

  test('ends as what it says, and makes and loses no money, whatever the first one was and had done', async () => {
    const property = fc.asyncProperty(pair, fc.constantFrom(...STAGES), async ([first, second], stage) => {
      const { transferId } = transfer(ids[0]!, ids[1]!, '1');
      const heldBefore = await heldByAll();
      await course(termsOf(transferId, first), first, stage);
      const left = await effectOf(transferId);
      const end = await course(termsOf(transferId, second), second);
      assert.deepEqual(await course(termsOf(transferId, second), second), end, 'a repeat ends in the same way');
      const effect = await effectOf(transferId);

      const isSame =
        first.sender === second.sender && first.receiver === second.receiver && first.amount === second.amount;
      // What the first one has left half done stays so, for an operator; of the same terms, the second one completes it, but for
      // the rest of a hold that was credited in part, of which a second one that is none knows nothing.
      const isRestLeft = stage === 'credited' && second.captured === undefined && sum(left) !== 0n;
      assert.equal(formatUnits(sum(effect)), formatUnits(isSame && !isRestLeft ? 0n : sum(left)));
      // What the first one holds is held still; of the same terms, the second one settles it, be it a hold or not.
      const isHeld = (await heldByAll()) !== heldBefore;
      if (isSame) assert.equal(isHeld, false);
      const debits = await refundHalfDone(transferId);
      assert.equal(debits, sum(effect) === 0n && !isHeld ? 0 : 1);
      assert.equal(sum(await effectOf(transferId)), 0n, 'what was half done is given back');
      assert.equal(await heldByAll(), heldBefore, 'what was held is released');
      assert.equal(await refundHalfDone(transferId), 0, 'once');
      if (isSame || end === undefined) return;
      const own = new Map([...effect].map(([id, units]) => [id, units - (left.get(id) ?? 0n)]));
      const moved =
        end.status === 'COMPLETED' ? parseUnits(end.capturedAmount ?? second.captured ?? second.amount) : 0n;
      const expected = new Map([
        [ids[second.sender]!, -moved],
        [ids[second.receiver]!, moved],
      ]);
      for (const id of ids)
        assert.equal(
          formatUnits(own.get(id) ?? 0n),
          formatUnits(expected.get(id) ?? 0n),
          `${end.status} moved something else`,
        );
    });
    await fc.assert(property, { numRuns: 300 });
    assert.deepEqual(await ledgerViolations(), []);
  });

  test('makes and loses none where the first one is of before counterparties were kept, and can be told apart', async () => {
    // Where one wallet and what it moves are the same, and the other wallets in two shards, nothing tells a leg from its own.
    const isElsewhere = (one: number, other: number): boolean => one >> 1 !== other >> 1;
    const credited = ({ captured, amount }: Movement): string => captured ?? amount;
    const isBlind = (first: Movement, second: Movement): boolean =>
      (first.sender === second.sender &&
        first.amount === second.amount &&
        isElsewhere(first.receiver, second.receiver)) ||
      (first.receiver === second.receiver &&
        credited(first) === credited(second) &&
        isElsewhere(first.sender, second.sender));
    const property = fc.asyncProperty(pair, fc.constantFrom(...STAGES), async ([first, second], stage) => {
      fc.pre(!isBlind(first, second));
      const { transferId } = transfer(ids[0]!, ids[1]!, '1');
      await course(termsOf(transferId, first), first, stage, true);
      const left = await effectOf(transferId);
      await course(termsOf(transferId, second), second);
      const effect = await effectOf(transferId);
      assert.ok(sum(effect) <= 0n, `${formatUnits(sum(effect))} came from nowhere`);
      assert.ok(sum(effect) >= sum(left), `${formatUnits(sum(left) - sum(effect))} is lost`);
    });
    await fc.assert(property, { numRuns: 300 });
    assert.deepEqual(await ledgerViolations(), []);
  });

  test('is not paid back in advance for the debit of the first one, which has another receiver', async () => {
    const [sender, receiver, other] = [ids[0]!, ids[2]!, ids[1]!];
    const { transferId } = transfer(sender, receiver, '1');
    const t: TransferTerms = {
      transferId,
      senderWalletId: sender,
      receiverWalletId: receiver,
      amount: '3.0000',
      currency: USD,
    };
    await course(t, { isCanceled: false });
    const before = await effectOf(transferId);
    const second = { ...t, receiverWalletId: other };
    assert.equal(await shard.advance(wallets.shardOf(sender), second, trace, t.amount), false);
    assert.deepEqual(await effectOf(transferId), before);
    assert.deepEqual(await ledgerViolations(), []);
  });

  for (const captured of ['6.0000', '10.0000']) {
    for (const formerLegs of [[], ['debit'], ['credit'], ['debit', 'credit']]) {
      const former =
        formerLegs.length === 0 ? '' : `, its ${formerLegs.join(' and ')} of before counterparties were kept`;
      test(`gives back what a lost hold of 10 leaves of which ${captured} was captured, once, and releases it${former}`, async () => {
        const [sender, receiver] = [ids[0]!, ids[2]!];
        const { transferId } = transfer(sender, receiver, '1');
        const t: TransferTerms = {
          transferId,
          senderWalletId: sender,
          receiverWalletId: receiver,
          amount: '10.0000',
          currency: USD,
        };
        const totalOf = (leg: string): string | undefined => (formerLegs.includes(leg) ? undefined : t.amount);
        const heldBefore = await heldBy(sender);
        await shard.debit(wallets.shardOf(sender), t, trace, { isHold: true, total: totalOf('debit') });
        await shard.credit(wallets.shardOf(receiver), { ...t, amount: captured }, trace, totalOf('credit'));
        assert.equal((await heldBy(sender)) - heldBefore, parseUnits(t.amount));

        assert.equal(await refundHalfDone(transferId), 1);
        const moved = parseUnits(captured);
        assert.deepEqual(
          await effectOf(transferId),
          new Map([
            [sender, -moved],
            [receiver, moved],
          ]),
        );
        assert.equal(await heldBy(sender), heldBefore);
        assert.equal(await refundHalfDone(transferId), 0);
        assert.deepEqual(await ledgerViolations(), []);
      });
    }
  }

  async function heldByAll(): Promise<bigint> {
    const held = await Promise.all(ids.map(heldBy));
    return held.reduce((total, each) => total + each, 0n);
  }

  async function heldBy(walletId: WalletId): Promise<bigint> {
    const [row] = await rowsOf<{ held: string }>(
      wallets.shardOf(walletId),
      `SELECT held FROM wallets WHERE wallet_id = '${walletId}'`,
    );
    return parseUnits(row!.held);
  }
});
