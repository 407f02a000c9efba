/**
 * A transfer without a hold, so that nobody has to capture it: the debit in the sender's shard, then the credit in the receiver's.
 *
 *   SCHEDULED ──due──▶ PENDING ──debit──▶ DEBITED ──credit──▶ COMPLETED
 *                         │                  │
 *                         └── refused, timed out or canceled
 *                                            └──▶ cancel the credit ──▶ undo the debit ──▶ FAILED | CANCELED
 *                                                          └── it had been applied ──▶ COMPLETED
 *
 * Cancel requests are in requests.ts, compensation is in compensation.ts.
 */
import { CancellationScope, isCancellation } from '@temporalio/workflow';
import type { AbandonReason, TransferEnd } from '../../domain/transfer/transfer.ts';
import { beginCourse } from './course.ts';
import type { TransferInput } from './messages.ts';

/** How long a debited transfer may wait for its credit before DEBITED is written. */
const CREDIT_UNSEEN_MS = 3_000;

/**
 * Uses as few activities and events as possible: it writes DEBITED only if there is time for somebody to see it; otherwise the
 * write of COMPLETED adds the DEBITED step. Ends Completed in Temporal's sense, whatever the transfer's end, unless the transfer
 * has no row any more (MovementMissing). A run that follows another, such as one that was terminated from outside, needs no resume
 * logic: it starts over, and the fences and the row tell how far the transfer is.
 */
export async function directTransfer(input: TransferInput): Promise<TransferEnd> {
  const { terms, trace, senderTaskQueue, startAtMs, neededAttention = false } = input;
  const leg = { terms, trace, total: terms.amount };
  const course = beginCourse(input);
  const { steps, requests, compensation } = course;

  if (startAtMs === undefined && !neededAttention && Date.now() < input.deadlineMs) {
    const attempt = await steps.attempt('transferAtOnce', leg);
    if (attempt?.answer !== undefined) {
      requests.phase = 'leaving';
      return course.leave(attempt.answer);
    }
  }

  let reason: AbandonReason = 'debit_refused';
  try {
    await course.scope.run(async () => {
      await course.untilItsTime();
      if (startAtMs !== undefined) await course.reach({ status: 'PENDING' }, untilDeadline());
      const debit = await steps.run('debit', senderTaskQueue, leg, untilDeadline());
      if (debit.outcome === 'applied') await creditBeforeTheDeadline();
    });
  } catch (error) {
    reason = course.reasonToGiveUp(error);
  } finally {
    requests.phase = 'leaving';
    course.end ??= await CancellationScope.nonCancellable(() => compensation.compensate(reason, course.creditAmount));
  }
  return course.conclude(course.end);

  /** Asks for the credit. If that takes too long, gives it up, writes DEBITED, and meanwhile asks for the credit again. */
  async function creditBeforeTheDeadline(): Promise<void> {
    course.debitedAtMs = Date.now();
    const isAnswered = await course.credit(Math.min(CREDIT_UNSEEN_MS, untilDeadline())).then(
      () => true,
      (error: unknown) => {
        if (isCancellation(error)) throw error;
        return false;
      },
    );
    if (course.end !== undefined) return;
    const limitMs = untilDeadline();
    await Promise.all([course.reach({ status: 'DEBITED' }, limitMs), isAnswered ? undefined : course.credit(limitMs)]);
  }

  /** Throws once the deadline has passed, so that no activity starts after it. */
  function untilDeadline(): number {
    const leftMs = input.deadlineMs - Date.now();
    if (leftMs <= 0) throw new Error('past the deadline');
    return leftMs;
  }
}
