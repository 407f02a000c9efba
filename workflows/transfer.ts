/**
 * A transfer: the debit in the sender's shard, then the credit in the receiver's.
 *
 *   PENDING ──debit──▶ DEBITED ──credit──▶ COMPLETED
 *      │                  │
 *      └── refused, timed out or canceled ──▶ cancel the credit ──▶ undo the debit ──▶ FAILED | CANCELED
 *                                                    └── it had been applied ──▶ COMPLETED
 *
 * What this code believes it has not done is no evidence, for an activity that it gave up may still arrive. The fences
 * in the wallet databases decide, once and for ever; this code asks them, and adopts what they answer.
 */
import { allHandlersFinished, CancellationScope, condition, log } from '@temporalio/workflow';
import { endOfLeg, type AbandonReason, type TransferEnd } from '../domain/transfer.ts';
import { TRANSFER_TASK_QUEUE, type TransferInput } from './messages.ts';
import { attentionReason, showAttention, showAttentionOver, showStatus } from './progress.ts';
import { createSteps, type Step } from './steps.ts';

/**
 * Ends Completed in Temporal's sense whatever becomes of the transfer, so that only a run terminated from outside can be
 * followed by another. Such a run needs no resume logic: it starts over, and fences and row answer.
 */
export async function transfer(input: TransferInput): Promise<TransferEnd> {
  const { terms, trace, senderTaskQueue, receiverTaskQueue } = input;
  const { transferId } = terms;
  const steps = createSteps(input.dispatch);
  const untilDeadlineMs = Math.max(input.deadlineMs - Date.now(), 0);

  let end: TransferEnd | undefined;
  let wasStuck = false;
  let reason: AbandonReason = 'debit_refused';
  try {
    await CancellationScope.withTimeout(untilDeadlineMs, async () => {
      const debit = await steps.run('debit', senderTaskQueue, { terms, trace });
      if (debit.outcome !== 'applied') return;
      const reached = await steps.run('recordTransferStatus', TRANSFER_TASK_QUEUE, {
        transferId,
        next: { status: 'DEBITED' },
        trace,
      });
      showStatus(reached.status);
      const credit = await steps.run('credit', receiverTaskQueue, { terms, trace });
      if (credit.outcome === 'applied') end = { status: 'COMPLETED' };
    });
  } catch (error) {
    reason = CancellationScope.current().consideredCancelled ? 'canceled' : 'timed_out';
    log.info('transfer given up', { transfer_id: transferId, reason, cause: String(error) });
  } finally {
    end ??= await CancellationScope.nonCancellable(() => compensate(input, reason, steps.insist(showStuck)));
  }

  const reached: TransferEnd = end;
  // A cancel request that comes now is too late; even waiting for the handlers would throw in the canceled root scope.
  return CancellationScope.nonCancellable(async () => {
    const stored = await steps.run('recordTransferStatus', TRANSFER_TASK_QUEUE, { transferId, next: reached, trace });
    showStatus(stored.status);
    if (wasStuck) showAttentionOver();
    await condition(allHandlersFinished);
    return stored as TransferEnd;
  });

  async function showStuck(step: string, error: string): Promise<void> {
    wasStuck = true;
    showAttention(step, error);
    await steps.run('recordTransferAttention', TRANSFER_TASK_QUEUE, {
      transferId,
      reason: attentionReason(step),
      error,
    });
  }
}

/**
 * Undoes what was done and forbids what was not, and answers which end that is. The credit comes first: to refund while
 * it may still land would create money, and one that has landed is never clawed back.
 */
async function compensate(
  { terms, trace, senderTaskQueue, receiverTaskQueue }: TransferInput,
  reason: AbandonReason,
  insist: Step,
): Promise<TransferEnd> {
  const credit = await insist('cancelCredit', receiverTaskQueue, { terms, trace, reason });
  if (credit.outcome === 'applied') return { status: 'COMPLETED' };
  const debit = await insist('refund', senderTaskQueue, { terms, trace, reason, credited: '0' });
  return endOfLeg(debit.outcome === 'rejected' ? debit : credit);
}
