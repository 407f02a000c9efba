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
import { CancellationScope, isCancellation, log, patched } from '@temporalio/workflow';
import type { AbandonReason, TransferEnd } from '../../domain/transfer/transfer.ts';
import type { TransferLeg } from '../../activities/wallet/debit-and-credit.ts';
import { beginCourse, type Course } from './course.ts';
import type { TransferInput } from './messages.ts';

/** How long the credit may take before DEBITED is written: three times as long as the debit did, between these. */
const CREDIT_UNSEEN_MS = { least: 3_000, most: 30_000, ofDebit: 3 };

/**
 * Uses as few activities and events as possible: it writes DEBITED only if there is time for somebody to see it; otherwise the
 * write of COMPLETED adds the DEBITED step. Ends Completed in Temporal's sense, whatever the transfer's end, unless the transfer
 * has no row any more (MovementMissing). A run that follows another, such as one that was terminated from outside, needs no resume
 * logic: it starts over, and the fences and the row tell how far the transfer is.
 */
export async function directTransfer(input: TransferInput): Promise<TransferEnd> {
  const { terms, trace, senderTaskQueue, receiverTaskQueue, startAtMs, neededAttention = false } = input;
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
      if (startAtMs !== undefined) await course.reach({ status: 'PENDING' }, untilDeadline(input));
      // Asked only after the attempt in the first task, for the mark of a patch costs an event and a search attribute.
      course.endsInTask = patched('few-tasks');
      const isOneShard = senderTaskQueue === receiverTaskQueue;
      await (course.endsInTask && isOneShard ? debitAndCredit : debitThenCredit)(course, input, leg);
    });
  } catch (error) {
    reason = course.reasonToGiveUp(error);
  } finally {
    requests.phase = 'leaving';
    course.end ??= await CancellationScope.nonCancellable(() => compensation.compensate(reason, course.creditAmount));
  }
  // Given up while the answer was under way, a debit may be known by its refund alone; the refund's time is the only one known here.
  if (compensation.hasRefunded()) course.debitedAtMs ??= Date.now();
  return course.conclude(course.end);
}

/** Both legs by one activity, for one shard has both wallets. */
async function debitAndCredit(course: Course, input: TransferInput, leg: TransferLeg): Promise<void> {
  const askedAtMs = Date.now();
  const legs = await course.steps.run('debitAndCredit', input.senderTaskQueue, leg, untilDeadline(input));
  if (legs.debit.outcome !== 'applied') return;
  course.debitedAtMs = legs.debitedAtMs;
  if (legs.credit !== undefined) {
    course.adoptCredit(legs.credit);
    return showDebitedUnlessEnded(course, input, { isAnswered: true });
  }
  log.warn('credit asked for by itself', {
    transfer_id: input.terms.transferId,
    cause: legs.creditError ?? 'slow debit',
  });
  await creditAfter((legs.debitedAtMs ?? askedAtMs) - askedAtMs, course, input);
}

async function debitThenCredit(course: Course, input: TransferInput, leg: TransferLeg): Promise<void> {
  const askedAtMs = Date.now();
  const debit = await course.steps.run('debit', input.senderTaskQueue, leg, untilDeadline(input));
  if (debit.outcome !== 'applied') return;
  course.debitedAtMs = Date.now();
  await creditAfter(course.debitedAtMs - askedAtMs, course, input);
}

/** Asks for the credit of a transfer whose debit has taken so long, by clocks that may differ. */
async function creditAfter(debitTookMs: number, course: Course, input: TransferInput): Promise<void> {
  const { least, most, ofDebit } = CREDIT_UNSEEN_MS;
  const unseenMs = Math.min(Math.max(least, ofDebit * debitTookMs), most);
  const isAnswered = await course.credit(Math.min(unseenMs, untilDeadline(input))).then(
    () => true,
    (error: unknown) => {
      if (isCancellation(error)) throw error;
      return false;
    },
  );
  await showDebitedUnlessEnded(course, input, { isAnswered });
}

/** Writes DEBITED, and asks for the credit again meanwhile, unless its answer is known: by now it was given up, or has failed. */
async function showDebitedUnlessEnded(
  course: Course,
  input: TransferInput,
  { isAnswered }: { isAnswered: boolean },
): Promise<void> {
  if (course.end !== undefined) return;
  const limitMs = untilDeadline(input);
  await Promise.all([course.reach({ status: 'DEBITED' }, limitMs), isAnswered ? undefined : course.credit(limitMs)]);
}

/** Throws once the deadline has passed, so that no activity starts after it. */
function untilDeadline({ deadlineMs }: TransferInput): number {
  const leftMs = deadlineMs - Date.now();
  if (leftMs <= 0) throw new Error('past the deadline');
  return leftMs;
}
