// Holds and reversals over real databases: whatever is repeated, and whatever happens at the same time, each happens once, and
// the audit finds nothing wrong afterwards.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { acceptReversal } from '../../db/transfer/acceptance.ts';
import * as transfers from '../../db/transfer/queries.ts';
import * as shard from '../../db/wallet/queries.ts';
import { reversalId } from '../../domain/derived-id.ts';
import type { WalletId } from '../../domain/ids.ts';
import { reversalBodyHash } from '../../domain/transfer/movement-body.ts';
import { endOfLeg, type TransferTerms } from '../../domain/transfer/transfer.ts';
import { callAtOnce, startTransferKinds, type TransferKinds } from './transfer-kinds.ts';
import { fresh, trace } from './wallets.ts';

describe('the databases', () => {
  let kinds: TransferKinds;
  let sender: WalletId;
  let receiver: WalletId;

  before(async () => {
    kinds = await startTransferKinds();
  });
  after(() => kinds?.stop());
  afterEach(async () => {
    assert.deepEqual(await kinds.violations(), []);
  });

  const fund = async (amount: string): Promise<void> => {
    ({ sender, receiver } = await kinds.fund(amount));
  };
  const debited = (amount: string, isHold: boolean) => kinds.debited({ sender, receiver }, amount, isHold);

  describe('a hold', () => {
    test('is taken from the balance and counted as held, however often it is asked for', async () => {
      await fund('100.0000');
      const t = await debited('30.0000', true);
      assert.deepEqual([await kinds.wallets.balance(sender), await kinds.held(sender)], ['70.0000', '30.0000']);
      await kinds.giveUp(t);
      await callAtOnce(() => kinds.refund(t, '0'));
      assert.deepEqual([await kinds.wallets.balance(sender), await kinds.held(sender)], ['100.0000', '0.0000']);
      assert.deepEqual((await kinds.wallets.entries(sender)).slice(1), [
        'DEBIT 30.0000 70.0000',
        'REFUND 30.0000 100.0000',
      ]);
    });

    test('that is captured in part pays that part, gives the rest back and holds nothing, once', async () => {
      await fund('100.0000');
      const t = await debited('30.0000', true);
      assert.equal(await transfers.decideCapture(kinds.stores.transfer.service, t.transferId, '10.0000'), '10.0000');
      await callAtOnce(() => kinds.credit(t, '10.0000'));
      await callAtOnce(() => kinds.refund(t, '10.0000'));
      await kinds.complete(t);
      assert.deepEqual(
        [await kinds.wallets.balance(sender), await kinds.held(sender), await kinds.wallets.balance(receiver)],
        ['90.0000', '0.0000', '10.0000'],
      );
    });

    test('that is captured as a whole is released without a refund', async () => {
      await fund('100.0000');
      const t = await debited('30.0000', true);
      await transfers.decideCapture(kinds.stores.transfer.service, t.transferId, '30.0000');
      await kinds.credit(t, '30.0000');
      await callAtOnce(() => kinds.refund(t, '30.0000'));
      await kinds.complete(t);
      assert.deepEqual([await kinds.wallets.balance(sender), await kinds.held(sender)], ['70.0000', '0.0000']);
      assert.equal((await kinds.wallets.entries(sender)).length, 2);
    });

    test('whose capture is decided many times at once is decided once, and everybody is told the same', async () => {
      await fund('100.0000');
      const t = await debited('30.0000', true);
      let n = 0;
      const answers = await callAtOnce(() =>
        transfers.decideCapture(kinds.stores.transfer.service, t.transferId, `${(n += 1) % 5}.0000`),
      );
      assert.equal(new Set(answers).size, 1);
      const captured = answers[0]!;
      if (Number(captured) > 0) {
        await kinds.credit(t, captured);
        await kinds.refund(t, captured);
        await kinds.complete(t);
      } else await kinds.giveUp(t);
    });

    test('is the only thing that is held: an ordinary debit is not', async () => {
      await fund('100.0000');
      const t = await debited('30.0000', false);
      assert.equal(await kinds.held(sender), '0.0000');
      await kinds.giveUp(t);
    });
  });

  describe('a reversal', () => {
    const completed = async (amount: string): Promise<TransferTerms> => {
      const t = await debited(amount, false);
      await kinds.credit(t, amount);
      await kinds.complete(t);
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
      return acceptReversal(kinds.stores.transfer.service, terms, acceptance, t.transferId, trace);
    };
    const reversedOf = async (t: TransferTerms) =>
      (await transfers.findTransfer(kinds.stores.transfer.service, t.transferId))!.reversedAmount;
    const settle = async (row: transfers.Transfer): Promise<void> => {
      const t = { ...row };
      const answer = await shard.debit(kinds.wallets.shardOf(t.senderWalletId), t, trace, { total: t.amount });
      if (answer.outcome === 'applied') {
        await shard.credit(kinds.wallets.shardOf(t.receiverWalletId), t, trace, t.amount);
        await kinds.complete(t);
      } else {
        await shard.cancelCredit(kinds.wallets.shardOf(t.receiverWalletId), t, 'debit_refused', t.amount);
        await transfers.recordTransferStatus(kinds.stores.transfer.service, t.transferId, endOfLeg(answer), trace);
      }
    };
    const rowsAmong = (answers: (transfers.Transfer | 'exceeds' | undefined)[]): transfers.Transfer[] =>
      answers.filter((answer) => typeof answer === 'object');

    test('many at once never give back more than was moved, and what they may they do', async () => {
      await fund('100.0000');
      const t = await completed('70.0000');
      const answers = await callAtOnce(() => reverse(t, '10.0000'));
      const accepted = rowsAmong(answers);
      assert.equal(accepted.length, 7);
      assert.equal(answers.filter((answer) => answer === 'exceeds').length, answers.length - 7);
      assert.equal(await reversedOf(t), '70.0000');
      await Promise.all(accepted.map(settle));
      assert.equal(await kinds.wallets.balance(sender), '100.0000');
    });

    test('asked for many times by one key is one, and reserves its amount once', async () => {
      await fund('100.0000');
      const t = await completed('70.0000');
      const key = fresh('reversal');
      const accepted = rowsAmong(await callAtOnce(() => reverse(t, '50.0000', key)));
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
      await callAtOnce(() =>
        transfers.recordTransferStatus(
          kinds.stores.transfer.service,
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
      await transfers.decideCapture(kinds.stores.transfer.service, t.transferId, '10.0000');
      await kinds.credit(t, '10.0000');
      await kinds.refund(t, '10.0000');
      await kinds.complete(t);
      assert.equal(await reverse(t, '10.0001'), 'exceeds');
      const row = await reverse(t, '10.0000');
      assert.ok(typeof row === 'object');
      await settle(row);
      assert.equal(await kinds.wallets.balance(sender), '100.0000');
    });

    /** A debit of another transfer, to be given up by what is returned. */
    async function debitedFrom(from: WalletId, to: WalletId, amount: string): Promise<() => Promise<void>> {
      const [one, other] = [sender, receiver];
      [sender, receiver] = [from, to];
      const t = await debited(amount, false);
      [sender, receiver] = [one, other];
      return async () => {
        [sender, receiver] = [from, to];
        await kinds.giveUp(t);
      };
    }
  });
});
