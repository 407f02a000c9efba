/**
 * The course of goods that have come back: take back ▶ credit note ▶ reversal of the payment ▶ posting. Nothing of it is undone, so
 * each step insists. A seller that cannot pay is asked again, with attention, for thirty days; then the return ends REFUND_DUE.
 */
import { CancellationScope, sleep } from '@temporalio/workflow';
import type { RefundAnswer } from '../../domain/order/operations.ts';
import { sameTenant } from '../../domain/tenant.ts';
import { ACCOUNTING_TASK_QUEUE } from '../accounting/messages.ts';
import { INVENTORY_TASK_QUEUE } from '../inventory/messages.ts';
import { createSteps } from '../steps.ts';
import { createAttention } from './attention.ts';
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
  const of = sameTenant(terms);
  const books = { orderId, sellerWalletId, currency, returnId, trace, ...of };
  const attention = createAttention(steps, (shown) =>
    steps.run('recordReturnAttention', ORDER_TASK_QUEUE, { returnId, ...shown }),
  );
  const { insist } = attention;

  const received = lines.map(({ sku, quantity, disposition }) => ({ sku, quantity, disposition }));
  await insist('takeBack', INVENTORY_TASK_QUEUE, { orderId, returnId, lines: received, trace, ...of });
  const sold = lines.map(({ sku, quantity, unitPrice }) => ({ sku, quantity, unitPrice }));
  const { number } = await insist('postCreditNote', ACCOUNTING_TASK_QUEUE, { ...books, lines: sold });
  await insist('recordReturn', ORDER_TASK_QUEUE, { returnId, trace, creditNoteNumber: number });

  const refunded = await refund();
  if (refunded.outcome === 'refused') {
    await insist('recordReturn', ORDER_TASK_QUEUE, { returnId, trace, status: 'REFUND_DUE' });
    // It stays shown: somebody has to see to it that the buyer is paid.
    await attention.written();
    return 'REFUND_DUE' as const;
  }
  const { transferId } = refunded;
  await insist('postRefund', ACCOUNTING_TASK_QUEUE, { ...books, transferId });
  await insist('recordReturn', ORDER_TASK_QUEUE, { returnId, trace, status: 'REFUNDED', refundTransferId: transferId });
  await attention.close();
  return 'REFUNDED' as const;

  async function refund(): Promise<RefundAnswer> {
    const givenUpAtMs = Date.now() + ASKED_FOR_MS;
    let over: (() => void) | undefined;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, PAUSE_MS_MAX)) {
      const paid = { returnId, transferId: paidBy, amount, trace };
      const answer = await insist('refundReturn', ORDER_TASK_QUEUE, { ...paid, ...of });
      if (answer.outcome === 'refunded') over?.();
      if (answer.outcome === 'refunded' || Date.now() + pauseMs > givenUpAtMs) return answer;
      over ??= attention.show('refund_refused', `the seller's wallet cannot pay: ${answer.reason}`);
      await sleep(pauseMs);
    }
  }
}
