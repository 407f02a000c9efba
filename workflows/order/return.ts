/**
 * The course of goods that have come back: take back ▶ credit note ▶ reversal of the payment ▶ posting. Nothing of it is undone, so
 * each step insists. A seller that cannot pay is asked again, with attention, for thirty days; then the return ends REFUND_DUE.
 */
import { CancellationScope, sleep } from '@temporalio/workflow';
import type { RefundAnswer } from '../../domain/order/operations.ts';
import { ACCOUNTING_TASK_QUEUE } from '../accounting/messages.ts';
import { INVENTORY_TASK_QUEUE } from '../inventory/messages.ts';
import { attentionReason, showAttention, showAttentionOver } from '../progress.ts';
import { createSteps, type Step } from '../steps.ts';
import { ORDER_TASK_QUEUE, type ReturnInput } from './messages.ts';

const FIRST_PAUSE_MS = 60_000;
const PAUSE_MS_MAX = 6 * 3_600_000;
const ASKED_FOR_MS = 30 * 86_400_000;

export function orderReturn(input: ReturnInput): Promise<'REFUNDED' | 'REFUND_DUE'> {
  // What has come back has come back: a cancel request changes nothing.
  return CancellationScope.nonCancellable(() => course(input));
}

async function course({ returnId, terms, lines, paidBy, amount, trace, ...caller }: ReturnInput) {
  const { orderId, sellerWalletId, currency } = terms;
  const steps = createSteps(caller);
  const books = { orderId, sellerWalletId, currency, returnId, trace };
  let isShown = false;
  const show = async (reason: string, error: string): Promise<void> => {
    isShown = true;
    showAttention(reason, error);
    await steps.run('recordReturnAttention', ORDER_TASK_QUEUE, { returnId, reason, error });
  };
  const insist: Step = steps.runUntilDone({ onStuck: (step, error) => show(attentionReason(step), error) });

  const received = lines.map(({ sku, quantity, disposition }) => ({ sku, quantity, disposition }));
  await insist('takeBack', INVENTORY_TASK_QUEUE, { orderId, returnId, lines: received, trace });
  const sold = lines.map(({ sku, quantity, unitPrice }) => ({ sku, quantity, unitPrice }));
  const { number } = await insist('postCreditNote', ACCOUNTING_TASK_QUEUE, { ...books, lines: sold });
  await insist('recordReturn', ORDER_TASK_QUEUE, { returnId, trace, creditNoteNumber: number });

  const refunded = await refund();
  if (refunded.outcome === 'refused') {
    await insist('recordReturn', ORDER_TASK_QUEUE, { returnId, trace, status: 'REFUND_DUE' });
    return 'REFUND_DUE' as const;
  }
  const { transferId } = refunded;
  await insist('postRefund', ACCOUNTING_TASK_QUEUE, { ...books, transferId });
  await insist('recordReturn', ORDER_TASK_QUEUE, { returnId, trace, status: 'REFUNDED', refundTransferId: transferId });
  if (isShown) {
    showAttentionOver();
    await insist('recordReturnAttention', ORDER_TASK_QUEUE, { returnId, reason: null });
  }
  return 'REFUNDED' as const;

  async function refund(): Promise<RefundAnswer> {
    const givenUpAtMs = Date.now() + ASKED_FOR_MS;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, PAUSE_MS_MAX)) {
      const answer = await insist('refundReturn', ORDER_TASK_QUEUE, { returnId, transferId: paidBy, amount, trace });
      if (answer.outcome === 'refunded' || Date.now() + pauseMs > givenUpAtMs) return answer;
      if (!isShown) await show('refund_refused', `the seller's wallet cannot pay: ${answer.reason}`);
      await sleep(pauseMs);
    }
  }
}
