/**
 * A transfer that nobody has to capture: the debit in the sender's shard, then the credit in the receiver's.
 *
 *   SCHEDULED ──due──▶ PENDING ──debit──▶ DEBITED ──credit──▶ COMPLETED
 *                         │                  │
 *                         └── refused, timed out or canceled
 *                                            └──▶ cancel the credit ──▶ undo the debit ──▶ FAILED | CANCELED
 *                                                          └── it had been applied ──▶ COMPLETED
 *
 * How it is canceled is in requests.ts, how it is undone in compensation.ts.
 */
import { CancellationScope, isCancellation } from '@temporalio/workflow';
import type { AbandonReason, TransferEnd } from '../../domain/transfer/transfer.ts';
import { beginCourse } from './course.ts';
import type { TransferInput } from './messages.ts';

/** How long a transfer may have been debited before its status says so. */
const CREDIT_UNSEEN_MS = 3_000;

/**
 * With as few activities and events as it takes, and DEBITED written only where somebody has the time to see it: otherwise
 * COMPLETED writes its step. Ends Completed in Temporal's sense whatever becomes of the transfer, so that only a run terminated
 * from outside can be followed by another. Such a run needs no resume logic: it starts over, and fences and row answer.
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

  /** A credit that was given up because DEBITED is to be seen is asked for again. */
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
