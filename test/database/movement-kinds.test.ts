// Holds, forced refunds, write-offs, reversals and cases, over real databases: whatever is repeated, and whatever comes at
// the same time, each happens once, and the audit finds nothing wrong afterwards.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { audit } from '../../audit/audit.ts';
import { recordCaseAction } from '../../db/transfer/case-log.ts';
import * as transfers from '../../db/transfer/queries.ts';
import * as shard from '../../db/wallet/queries.ts';
import { reversalId, transferId } from '../../domain/derived-id.ts';
import { reversalBodyHash, transferBodyHash } from '../../domain/movement-body.ts';
import { endOfLeg, type TransferTerms } from '../../domain/transfer.ts';
import type { WalletId } from '../../domain/ids.ts';
import { workflowsOf } from './audited.ts';
import { rowsOf, startCluster, type TestCluster, type TestStores } from './database.ts';
import { movementsOver } from './settled.ts';
import { fresh, trace, USD, userOnShard, walletsOver, type Wallets } from './wallets.ts';

const AT_ONCE = 12;

describe('the databases', () => {
  let cluster: TestCluster;
  let stores: TestStores;
  let wallets: Wallets;
  let sender: WalletId;
  let receiver: WalletId;

  before(async () => {
    cluster = await startCluster();
    stores = await cluster.createStores({ shards: 2, connectionsMax: AT_ONCE });
    wallets = walletsOver(stores.wallets.map((each) => each.service));
  });
  after(() => cluster?.stop());

  const fund = async (amount: string): Promise<void> => {
    sender = await wallets.open(userOnShard(0, 2));
    receiver = await wallets.open(userOnShard(1, 2));
    const { acceptTransaction, transact } = movementsOver(stores);
    await transact(await acceptTransaction('CREDIT', sender, amount));
  };
  const at = (wallet: WalletId) => wallets.shardOf(wallet);
  const held = async (wallet: WalletId): Promise<string> => (await shard.findWallet(at(wallet), wallet))!.held;
  const all = <T>(call: () => Promise<T>): Promise<T[]> => Promise.all(Array.from({ length: AT_ONCE }, call));

  /** Accepted and debited, as a hold or not. */
  const debited = async (amount: string, isHold: boolean): Promise<TransferTerms> => {
    const key = fresh('key');
    const t = {
      transferId: transferId(key),
      senderWalletId: sender,
      receiverWalletId: receiver,
      amount,
      currency: USD,
    };
    const kind = { expiresInSeconds: isHold ? 3_600 : undefined };
    const notes = { reference: undefined, metadata: undefined };
    const acceptance = { ...notes, ...kind, idempotencyKey: key, bodyHash: transferBodyHash({ ...t, ...kind }) };
    await transfers.acceptTransfer(stores.transfer.service, t, { ...acceptance, deadlineSeconds: 600 }, trace);
    const answers = await all(() => shard.debit(at(sender), t, trace, { isHold, total: t.amount }));
    assert.ok(answers.every(({ outcome }) => outcome === 'applied'));
    await transfers.recordTransferStatus(stores.transfer.service, t.transferId, { status: 'DEBITED' }, trace);
    return t;
  };
  const credit = (t: TransferTerms, amount: string) => shard.credit(at(receiver), { ...t, amount }, trace, t.amount);
  const complete = (t: TransferTerms) =>
    transfers.recordTransferStatus(stores.transfer.service, t.transferId, { status: 'COMPLETED' }, trace);
  const refund = (t: TransferTerms, credited: string, isWriteOff = false) =>
    shard.refund(at(sender), t, credited, 'timed_out', trace, { total: t.amount, isWriteOff });
  const giveUp = async (t: TransferTerms): Promise<void> => {
    const answer = await shard.cancelCredit(at(receiver), t, 'timed_out', t.amount);
    assert.ok(answer.outcome !== 'applied');
    await refund(t, '0');
    await transfers.recordTransferStatus(stores.transfer.service, t.transferId, endOfLeg(answer), trace);
  };

  afterEach(async () => {
    const { violations } = await audit(
      { wallets: stores.wallets.map(({ admin }) => admin), transfer: stores.transfer.admin },
      workflowsOf(new Set()),
      { patienceMs: 0 },
    );
    assert.deepEqual(violations, []);
  });

  describe('a hold', () => {
    test('is taken from the balance and counted as held, however often it is asked for', async () => {
      await fund('100.0000');
      const t = await debited('30.0000', true);
      assert.deepEqual([await wallets.balance(sender), await held(sender)], ['70.0000', '30.0000']);
      await giveUp(t);
      await all(() => refund(t, '0'));
      assert.deepEqual([await wallets.balance(sender), await held(sender)], ['100.0000', '0.0000']);
      assert.deepEqual((await wallets.entries(sender)).slice(1), ['DEBIT 30.0000 70.0000', 'REFUND 30.0000 100.0000']);
    });

    test('that is captured in part pays that part, gives the rest back and holds nothing, once', async () => {
      await fund('100.0000');
      const t = await debited('30.0000', true);
      assert.equal(await transfers.decideCapture(stores.transfer.service, t.transferId, '10.0000'), '10.0000');
      await all(() => credit(t, '10.0000'));
      await all(() => refund(t, '10.0000'));
      await complete(t);
      assert.deepEqual(
        [await wallets.balance(sender), await held(sender), await wallets.balance(receiver)],
        ['90.0000', '0.0000', '10.0000'],
      );
    });

    test('that is captured as a whole is released without a refund', async () => {
      await fund('100.0000');
      const t = await debited('30.0000', true);
      await transfers.decideCapture(stores.transfer.service, t.transferId, '30.0000');
      await credit(t, '30.0000');
      await all(() => refund(t, '30.0000'));
      await complete(t);
      assert.deepEqual([await wallets.balance(sender), await held(sender)], ['70.0000', '0.0000']);
      assert.equal((await wallets.entries(sender)).length, 2);
    });

    test('whose capture is decided many times at once is decided once, and everybody is told the same', async () => {
      await fund('100.0000');
      const t = await debited('30.0000', true);
      let n = 0;
      const answers = await all(() =>
        transfers.decideCapture(stores.transfer.service, t.transferId, `${(n += 1) % 5}.0000`),
      );
      assert.equal(new Set(answers).size, 1);
      const captured = answers[0]!;
      if (Number(captured) > 0) {
        await credit(t, captured);
        await refund(t, captured);
        await complete(t);
      } else await giveUp(t);
    });

    test('is the only thing that is held: an ordinary debit is not', async () => {
      await fund('100.0000');
      const t = await debited('30.0000', false);
      assert.equal(await held(sender), '0.0000');
      await giveUp(t);
    });
  });

  describe('a forced refund', () => {
    test('is advanced by the external wallet, which gets what the settlement gives back', async () => {
      await fund('100.0000');
      const t = await debited('30.0000', false);
      await all(() => shard.advance(at(sender), t, trace));
      assert.equal(await wallets.balance(sender), '100.0000');
      await giveUp(t);
      await all(() => refund(t, '0'));
      assert.equal(await wallets.balance(sender), '100.0000');
    });

    test('of a transfer whose credit had landed is paid by the external wallet, and no money is made', async () => {
      await fund('100.0000');
      const t = await debited('30.0000', false);
      await credit(t, '30.0000');
      await shard.advance(at(sender), t, trace);
      await complete(t);
      assert.deepEqual([await wallets.balance(sender), await wallets.balance(receiver)], ['100.0000', '30.0000']);
    });

    test('that races the refund pays the sender once', async () => {
      await fund('1000.0000');
      for (let round = 0; round < 10; round += 1) {
        const t = await debited('30.0000', round % 2 === 0);
        const answer = await shard.cancelCredit(at(receiver), t, 'timed_out', t.amount);
        await Promise.all([
          ...Array.from({ length: 4 }, () => shard.advance(at(sender), t, trace)),
          ...Array.from({ length: 4 }, () => refund(t, '0')),
        ]);
        assert.ok(answer.outcome !== 'applied');
        await transfers.recordTransferStatus(stores.transfer.service, t.transferId, endOfLeg(answer), trace);
        assert.equal(await wallets.balance(sender), '1000.0000');
      }
    });
  });

  test('a refund that is written off goes to the external wallet, and a late refund changes nothing', async () => {
    await fund('1000.0000');
    let writtenOff = 0;
    for (let round = 0; round < 10; round += 1) {
      const t = await debited('30.0000', round % 2 === 0);
      const answer = await shard.cancelCredit(at(receiver), t, 'timed_out', t.amount);
      await Promise.all([refund(t, '0', true), ...(round < 5 ? [] : [refund(t, '0')])]);
      await all(() => refund(t, '0'));
      assert.ok(answer.outcome !== 'applied');
      await transfers.recordTransferStatus(stores.transfer.service, t.transferId, endOfLeg(answer), trace);
      const lost = 1_000 - Number(await wallets.balance(sender)) - 30 * writtenOff;
      assert.ok(lost === 30 || (lost === 0 && round >= 5), `the sender lost ${lost}`);
      writtenOff += lost / 30;
      assert.equal(await held(sender), '0.0000');
    }
  });

  describe('a reversal', () => {
    const completed = async (amount: string): Promise<TransferTerms> => {
      const t = await debited(amount, false);
      await credit(t, amount);
      await complete(t);
      return t;
    };
    const reverse = async (t: TransferTerms, amount: string, key = fresh('reversal')) => {
      const terms = {
        transferId: reversalId(key),
        senderWalletId: t.receiverWalletId,
        receiverWalletId: t.senderWalletId,
        amount,
        currency: t.currency,
      };
      const bodyHash = reversalBodyHash({ reversesTransferId: t.transferId, amount });
      const acceptance = {
        reference: undefined,
        metadata: undefined,
        idempotencyKey: key,
        bodyHash,
        deadlineSeconds: 600,
      };
      return transfers.acceptReversal(stores.transfer.service, terms, acceptance, t.transferId, trace);
    };
    const reversedOf = async (t: TransferTerms) =>
      (await transfers.findTransfer(stores.transfer.service, t.transferId))!.reversedAmount;
    const settle = async (row: transfers.Transfer): Promise<void> => {
      const t = { ...row };
      const answer = await shard.debit(at(t.senderWalletId), t, trace);
      if (answer.outcome === 'applied') {
        await shard.credit(at(t.receiverWalletId), t, trace);
        await complete(t);
      } else {
        await shard.cancelCredit(at(t.receiverWalletId), t, 'debit_refused');
        await transfers.recordTransferStatus(stores.transfer.service, t.transferId, endOfLeg(answer), trace);
      }
    };
    const rowsAmong = (answers: (transfers.Transfer | 'exceeds' | undefined)[]): transfers.Transfer[] =>
      answers.filter((answer) => typeof answer === 'object');

    test('many at once never give back more than was moved, and what they may they do', async () => {
      await fund('100.0000');
      const t = await completed('70.0000');
      const answers = await all(() => reverse(t, '10.0000'));
      const accepted = rowsAmong(answers);
      assert.equal(accepted.length, 7);
      assert.equal(answers.filter((answer) => answer === 'exceeds').length, AT_ONCE - 7);
      assert.equal(await reversedOf(t), '70.0000');
      await Promise.all(accepted.map(settle));
      assert.equal(await wallets.balance(sender), '100.0000');
    });

    test('asked for many times by one key is one, and reserves its amount once', async () => {
      await fund('100.0000');
      const t = await completed('70.0000');
      const key = fresh('reversal');
      const accepted = rowsAmong(await all(() => reverse(t, '50.0000', key)));
      assert.equal(accepted.length, 1);
      assert.equal(await reversedOf(t), '50.0000');
      await settle(accepted[0]!);
    });

    test('that fails, because the receiver has spent the money, leaves its amount to be reversed again, once', async () => {
      await fund('100.0000');
      const t = await completed('70.0000');
      const spent = await debitedFrom(receiver, sender, '60.0000');
      const row = await reverse(t, '50.0000');
      assert.ok(typeof row === 'object');
      await settle(row);
      await all(() =>
        transfers.recordTransferStatus(
          stores.transfer.service,
          row.transferId,
          { status: 'FAILED', failureReason: 'insufficient_funds' },
          trace,
        ),
      );
      assert.equal(await reversedOf(t), '0.0000');
      const again = await reverse(t, '70.0000');
      assert.ok(typeof again === 'object');
      await settle(again);
      assert.equal(await reversedOf(t), '0.0000');
      await spent();
    });

    test('of a transfer that has not arrived, or of more than was captured, is refused', async () => {
      await fund('100.0000');
      const t = await debited('30.0000', true);
      assert.equal(await reverse(t, '1.0000'), 'exceeds');
      await transfers.decideCapture(stores.transfer.service, t.transferId, '10.0000');
      await credit(t, '10.0000');
      await refund(t, '10.0000');
      await complete(t);
      assert.equal(await reverse(t, '10.0001'), 'exceeds');
      const row = await reverse(t, '10.0000');
      assert.ok(typeof row === 'object');
      await settle(row);
      assert.equal(await wallets.balance(sender), '100.0000');
    });

    /** A debit of another transfer, to be given up by what is returned. */
    async function debitedFrom(from: WalletId, to: WalletId, amount: string): Promise<() => Promise<void>> {
      const [one, other] = [sender, receiver];
      [sender, receiver] = [from, to];
      const t = await debited(amount, false);
      [sender, receiver] = [one, other];
      return async () => {
        [sender, receiver] = [from, to];
        await giveUp(t);
      };
    }
  });

  describe('a case', () => {
    test('is opened once, is told what operators do, each request once, and is closed by the transfer’s end', async () => {
      await fund('100.0000');
      const t = await debited('30.0000', false);
      const service = stores.transfer.service;
      await all(() => transfers.recordTransferAttention(service, t.transferId, 'refund_failing', 'gone'));
      const request = { action: 'retry', actor: 'alice', comment: 'look', requestKey: fresh('request') } as const;
      await all(() => recordCaseAction(service, t.transferId, request));
      const row = (await transfers.findTransfer(service, t.transferId))!;
      assert.deepEqual([row.attentionReason, row.attentionError], ['refund_failing', 'gone']);
      await giveUp(t);
      // One that comes after the end opens nothing.
      await transfers.recordTransferAttention(service, t.transferId, 'refund_failing', 'late');
      assert.deepEqual(
        await rowsOf(
          stores.transfer.admin,
          `SELECT case_id, status, reason FROM cases WHERE transfer_id = '${t.transferId}'`,
        ),
        [{ case_id: row.attentionCaseId, status: 'RESOLVED', reason: 'refund_failing' }],
      );
      assert.deepEqual(
        await rowsOf(stores.transfer.admin, `SELECT action, actor, comment FROM case_actions ORDER BY action_id`),
        [
          { action: 'opened', actor: 'counterpoise', comment: 'refund_failing' },
          { action: 'retry', actor: 'alice', comment: 'look' },
          { action: 'closed', actor: 'counterpoise', comment: 'the transfer is FAILED' },
        ],
      );
    });
  });
});
