// Operators over real databases: forced refunds, write-offs and the logs of cases. Whatever is repeated, and whatever happens at
// the same time, each happens once, and the audit finds nothing wrong afterwards.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { recordCaseAction } from '../../db/transfer/case-log.ts';
import { openDisagreement } from '../../db/transfer/case-queries.ts';
import * as transfers from '../../db/transfer/queries.ts';
import * as shard from '../../db/wallet/queries.ts';
import type { WalletId } from '../../domain/ids.ts';
import { endOfLeg } from '../../domain/transfer/transfer.ts';
import { rowsOf } from './database.ts';
import { callAtOnce, startTransferKinds, type TransferKinds } from './transfer-kinds.ts';
import { fresh, trace } from './wallets.ts';

describe('an operator', () => {
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

  describe('a forced refund', () => {
    test('is advanced by the external wallet, which gets what the settlement gives back', async () => {
      await fund('100.0000');
      const t = await debited('30.0000', false);
      await kinds.force(t);
      assert.deepEqual(new Set(await callAtOnce(() => kinds.advance(t))), new Set([true]));
      assert.equal(await kinds.wallets.balance(sender), '100.0000');
      await kinds.giveUp(t);
      await callAtOnce(() => kinds.refund(t, '0'));
      assert.equal(await kinds.wallets.balance(sender), '100.0000');
    });

    test('of a transfer whose credit had landed is paid by the external wallet, and no money is made', async () => {
      await fund('100.0000');
      const t = await debited('30.0000', false);
      await kinds.credit(t, '30.0000');
      await kinds.force(t);
      await kinds.advance(t);
      assert.equal((await kinds.complete(t)).status, 'DEBITED');
      assert.deepEqual(new Set(await callAtOnce(() => kinds.cancelAdvance(t))), new Set(['applied']));
      const ends = await callAtOnce(() => kinds.complete(t, 'applied'));
      assert.ok(ends.every(({ status }) => status === 'COMPLETED'));
      assert.deepEqual(
        [await kinds.wallets.balance(sender), await kinds.wallets.balance(receiver)],
        ['100.0000', '30.0000'],
      );
      assert.deepEqual(
        (await kinds.logOf(t)).filter((action) => action !== 'closed'),
        ['opened', 'refund', 'advanced'],
      );
    });

    test('that comes after its advance was closed is never paid, and what a refund gives back is the sender’s', async () => {
      await fund('100.0000');
      for (const isHold of [true, false]) {
        const t = await debited('30.0000', isHold);
        if (isHold) await transfers.decideCapture(kinds.stores.transfer.service, t.transferId, '10.0000');
        await kinds.credit(t, isHold ? '10.0000' : '30.0000');
        await kinds.force(t);
        assert.deepEqual(new Set(await callAtOnce(() => kinds.cancelAdvance(t))), new Set(['canceled']));
        assert.deepEqual(new Set(await callAtOnce(() => kinds.advance(t))), new Set([false]));
        if (isHold) await callAtOnce(() => kinds.refund(t, '10.0000'));
        await kinds.complete(t, 'canceled');
        await callAtOnce(() => kinds.advance(t));
        assert.equal((await kinds.logOf(t)).includes('advanced'), false);
      }
      assert.deepEqual(
        [await kinds.wallets.balance(sender), await kinds.wallets.balance(receiver)],
        ['60.0000', '40.0000'],
      );
    });

    for (const captured of ['30.0000', '10.0000']) {
      test(`that races the closing of its advance and the end of a hold of which ${captured} was captured is paid before the end or never`, async () => {
        await fund('10000.0000');
        let expected = 10_000;
        for (const order of ordersOf([0, 1, 2, 3])) {
          const t = await debited('30.0000', true);
          await transfers.decideCapture(kinds.stores.transfer.service, t.transferId, captured);
          await kinds.credit(t, captured);
          await kinds.force(t);
          const calls = [
            () => kinds.advance(t),
            () => kinds.advance(t),
            () => kinds.refund(t, captured),
            () => kinds.cancelAdvance(t),
          ];
          await Promise.all(order.map((nth) => calls[nth]!()));
          const advance = await kinds.cancelAdvance(t);
          await kinds.complete(t, advance);
          await kinds.advance(t);
          expected -= advance === 'applied' ? 0 : Number(captured);
          assert.equal(Number(await kinds.wallets.balance(sender)), expected);
          assert.equal(await kinds.held(sender), '0.0000');
        }
      });
    }

    test('is logged with the case that the transfer’s own row names, which is there before it is paid', async () => {
      await fund('100.0000');
      const t = await debited('30.0000', false);
      const service = kinds.stores.transfer.service;
      const request = { action: 'refund', actor: 'alice', comment: 'a test', requestKey: fresh('request') } as const;
      const finding = { subject: `transfer/${t.transferId}`, reason: 'workflow_missing', detail: 'none' } as const;
      await openDisagreement(service, finding, 1);
      await assert.rejects(recordCaseAction(service, t.transferId, request), /has no open case yet/);
      await transfers.recordTransferAttention(service, t.transferId, 'cancel_credit_failing', 'gone');
      assert.equal(await recordCaseAction(service, t.transferId, request), true);
      assert.deepEqual(await kinds.logOf(t), ['opened', 'refund']);
      await kinds.giveUp(t);
    });

    test('that races the refund pays the sender once', async () => {
      await fund('1000.0000');
      for (let round = 0; round < 10; round += 1) {
        const t = await debited('30.0000', round % 2 === 0);
        await kinds.force(t);
        const answer = await shard.cancelCredit(kinds.wallets.shardOf(receiver), t, 'timed_out', t.amount);
        await Promise.all([
          ...Array.from({ length: 4 }, () => kinds.advance(t)),
          ...Array.from({ length: 4 }, () => kinds.refund(t, '0')),
        ]);
        assert.ok(answer.outcome !== 'applied');
        await transfers.recordTransferStatus(kinds.stores.transfer.service, t.transferId, endOfLeg(answer), trace);
        assert.equal(await kinds.wallets.balance(sender), '1000.0000');
      }
    });
  });

  test('a refund that is written off goes to the external wallet, and a late refund changes nothing', async () => {
    await fund('1000.0000');
    let writtenOff = 0;
    for (let round = 0; round < 10; round += 1) {
      const t = await debited('30.0000', round % 2 === 0);
      const answer = await shard.cancelCredit(kinds.wallets.shardOf(receiver), t, 'timed_out', t.amount);
      await Promise.all([
        shard.refund(kinds.wallets.shardOf(sender), t, '0', 'timed_out', trace, { isWriteOff: true, total: t.amount }),
        ...(round < 5 ? [] : [kinds.refund(t, '0')]),
      ]);
      await callAtOnce(() => kinds.refund(t, '0'));
      assert.ok(answer.outcome !== 'applied');
      await transfers.recordTransferStatus(kinds.stores.transfer.service, t.transferId, endOfLeg(answer), trace);
      const lost = 1_000 - Number(await kinds.wallets.balance(sender)) - 30 * writtenOff;
      assert.ok(lost === 30 || (lost === 0 && round >= 5), `the sender lost ${lost}`);
      writtenOff += lost / 30;
      assert.equal(await kinds.held(sender), '0.0000');
    }
  });

  describe('a case', () => {
    test('is opened once, is told what operators do, each request once, and is closed by the transfer’s end', async () => {
      await fund('100.0000');
      const t = await debited('30.0000', false);
      const service = kinds.stores.transfer.service;
      await callAtOnce(() => transfers.recordTransferAttention(service, t.transferId, 'refund_failing', 'gone'));
      const request = {
        action: 'retry',
        actor: 'alice',
        onBehalfOf: 'bob',
        comment: 'look',
        requestKey: fresh('request'),
      } as const;
      await callAtOnce(() => recordCaseAction(service, t.transferId, request));
      const row = (await transfers.findTransfer(service, t.transferId))!;
      assert.deepEqual([row.attentionReason, row.attentionError], ['refund_failing', 'gone']);
      await kinds.giveUp(t);
      // One that comes after the end opens nothing.
      await transfers.recordTransferAttention(service, t.transferId, 'refund_failing', 'late');
      assert.deepEqual(
        await rowsOf(
          kinds.stores.transfer.admin,
          `SELECT case_id, status, reason FROM cases WHERE transfer_id = '${t.transferId}'`,
        ),
        [{ case_id: row.attentionCaseId, status: 'RESOLVED', reason: 'refund_failing' }],
      );
      assert.deepEqual(
        await rowsOf(
          kinds.stores.transfer.admin,
          `SELECT action, actor, on_behalf_of, comment FROM case_actions WHERE case_id = '${row.attentionCaseId}' ORDER BY action_id`,
        ),
        [
          { action: 'opened', actor: 'counterpoise', on_behalf_of: null, comment: 'refund_failing' },
          { action: 'retry', actor: 'alice', on_behalf_of: 'bob', comment: 'look' },
          { action: 'closed', actor: 'counterpoise', on_behalf_of: null, comment: 'the transfer is FAILED' },
        ],
      );
    });
  });
});

/** Each order of the items. */
function ordersOf<Item>(items: readonly Item[]): Item[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, nth) => ordersOf(items.toSpliced(nth, 1)).map((rest) => [item, ...rest]));
}
