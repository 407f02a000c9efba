/**
 * A transfer that somebody has to capture: its debit is a hold, and its credit waits for the capture.
 *
 *   SCHEDULED ──due──▶ PENDING ──debit──▶ DEBITED ──captured──▶ credit ──▶ release ──▶ COMPLETED
 *                         │                  │                    └── refused or timed out ──┐
 *                         │                  └── canceled or expired ────────────────────────┤
 *                         └── refused, timed out or canceled ────────────────────────────────┤
 *                                       FAILED | CANCELED ◀── undo the debit ◀── cancel the credit
 *                                                    COMPLETED ◀── it had been applied ──┘
 *
 * The requests to capture and to cancel are in requests.ts, the undoing and the release are in compensation.ts.
 */
import { CancellationScope, log, patched } from '@temporalio/workflow';
import { parseUnits } from '../../domain/money.ts';
import type { AbandonReason, TransferEnd } from '../../domain/transfer/transfer.ts';
import { beginCourse, msUntil } from './course.ts';
import { TRANSFER_TASK_QUEUE, type TransferInput } from './messages.ts';

/**
 * The workflow type is `transfer`, which was once the type of every transfer: so a run without a hold credits at once. Ends
 * Completed in Temporal's sense when `directTransfer` does.
 */
export async function transfer(input: TransferInput): Promise<TransferEnd> {
  const { terms, trace, senderTaskQueue, startAtMs, hold, neededAttention = false } = input;
  const leg = { terms, trace, total: terms.amount };
  const course = beginCourse(input);
  const { steps, requests, compensation } = course;

  let debit = 'unknown' as 'unknown' | 'applied' | 'refused';
  let reason: AbandonReason = 'debit_refused';
  try {
    await course.scope.run(async () => {
      await course.untilItsTime();
      const debited = await CancellationScope.withTimeout(msUntil(input.deadlineMs), debitAndShow);
      if (hold === undefined || debited === undefined) return;
      if (debited.status === 'DEBITED' && debited.capturedAmount === undefined)
        await requests.untilCaptured(hold.expiresAtMs);
      reason = Date.now() < hold.expiresAtMs ? 'canceled' : 'capture_expired';
    });
  } catch (error) {
    reason = course.reasonToGiveUp(error);
  } finally {
    requests.phase = 'leaving';
    if (hold !== undefined && debit !== 'refused')
      await CancellationScope.nonCancellable(() => captureAsDecided(hold.settleWithinMs));
    if (course.end === undefined)
      course.end = await CancellationScope.nonCancellable(() => compensation.compensate(reason, course.creditAmount));
    else if (hold !== undefined)
      await CancellationScope.nonCancellable(() => compensation.release(course.creditAmount));
  }
  return course.conclude(course.end);

  async function debitAndShow() {
    if (startAtMs !== undefined) await course.reach({ status: 'PENDING' });
    // The time-out of at least 1 ms would still let the debit be sent.
    if (Date.now() >= input.deadlineMs && patched('no-debit-past-the-deadline')) throw new Error('past the deadline');
    const answer = await steps.run('debit', senderTaskQueue, { ...leg, isHold: hold !== undefined });
    debit = answer.outcome === 'applied' ? 'applied' : 'refused';
    if (debit === 'refused') return undefined;
    const reached = await course.reach({ status: 'DEBITED' });
    if (hold === undefined) await course.credit();
    return reached;
  }

  /**
   * Writes into the row how much of the hold is captured, then credits that amount. If a run before this one has written an amount
   * already, that one counts, whatever was asked of this run.
   */
  async function captureAsDecided(settleWithinMs: number): Promise<void> {
    const { transferId } = terms;
    const amount = requests.captureAmount() ?? '0';
    const decided = { transferId, amount, isDebited: debit === 'applied' };
    const captured = await steps.run('decideCapture', TRANSFER_TASK_QUEUE, decided);
    if (parseUnits(captured) === 0n) return;
    course.creditAmount = captured;
    reason = 'timed_out';
    if (neededAttention) return;
    try {
      await CancellationScope.withTimeout(settleWithinMs, async () => {
        // The hold may have lasted for weeks, in which the sender's shard may have been restored to before the debit: then the
        // debit is made anew, or, if it is refused, the hold is not captured.
        if (patched('debit-asked-before-capture')) {
          const asked = await steps.run('debit', senderTaskQueue, { ...leg, isHold: true });
          if (asked.outcome !== 'applied') return;
        }
        await course.credit();
      });
    } catch (error) {
      log.info('capture given up', { transfer_id: transferId, cause: String(error) });
    }
  }
}
