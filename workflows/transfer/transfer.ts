/**
 * A transfer: the debit in the sender's shard, then the credit in the receiver's.
 *
 *   SCHEDULED ──due──▶ PENDING ──debit──▶ DEBITED ──credit──▶ COMPLETED
 *                         │                  │  (a manual one is held here until it is captured)
 *                         └── refused, timed out, canceled or expired
 *                                            └──▶ cancel the credit ──▶ undo the debit ──▶ FAILED | CANCELED
 *                                                          └── it had been applied ──▶ COMPLETED
 *
 * What this code believes it has not done is no evidence, for an activity that it gave up may still arrive. The fences
 * in the wallet databases decide, once and for ever; this code asks them, and adopts what they answer. How it is asked to
 * capture and to cancel is in requests.ts, how it is undone in compensation.ts.
 */
import {
  allHandlersFinished,
  CancellationScope,
  condition,
  isCancellation,
  log,
  patched,
  sleep,
} from '@temporalio/workflow';
import { parseUnits } from '../../domain/money.ts';
import {
  endOfCredit,
  isTerminal,
  type AbandonReason,
  type AdvanceState,
  type ReachedStatus,
  type StoredStatus,
  type TransferEnd,
} from '../../domain/transfer/transfer.ts';
import { createCompensation } from './compensation.ts';
import { TRANSFER_TASK_QUEUE, type TransferInput } from './messages.ts';
import { showStatus } from '../progress.ts';
import { receiveRequests } from './requests.ts';
import { createSteps } from '../steps.ts';

/** How long a transfer may have been debited before its status says so. */
const CREDIT_UNSEEN_MS = 3_000;

/**
 * Ends Completed in Temporal's sense whatever becomes of the transfer, so that only a run terminated from outside can be
 * followed by another. Such a run needs no resume logic: it starts over, and fences and row answer.
 */
export async function transfer(input: TransferInput): Promise<TransferEnd> {
  return move(input, false);
}

/**
 * A transfer that nobody has to capture: at once where that can be, and with as few activities and events as it takes. A
 * type of its own and not a patch, which would cost every run two events, nor a field of the input, which a worker of the
 * version before would not heed.
 */
export async function directTransfer(input: TransferInput): Promise<TransferEnd> {
  return move(input, true);
}

async function move(input: TransferInput, isDirect: boolean): Promise<TransferEnd> {
  const { terms, trace, senderTaskQueue, receiverTaskQueue, startAtMs, hold, neededAttention = false } = input;
  const { transferId } = terms;
  const leg = { terms, trace, total: terms.amount };
  const steps = createSteps(input);
  // What a cancel request ends, be it Temporal's own, by the root scope, or the update.
  const course = new CancellationScope();
  const requests = receiveRequests(input, course, steps);
  const compensation = createCompensation(input, steps);

  if (isDirect && startAtMs === undefined && !neededAttention && Date.now() < input.deadlineMs) {
    const attempt = await steps.attempt('transferAtOnce', { terms, trace, total: terms.amount });
    if (attempt?.answer !== undefined) {
      requests.phase = 'leaving';
      return leave(attempt.answer);
    }
  }

  let end: TransferEnd | undefined;
  let debitedAtMs: number | undefined;
  let creditAmount = terms.amount;
  let isDebited = false;
  let isDebitRefused = false;
  let reason: AbandonReason = 'debit_refused';
  try {
    await course.run(async () => {
      // Its sender may have been paid in advance meanwhile: what has not been credited by now must not be.
      if (neededAttention) throw new Error('a run before this one was compensating it');
      if (requests.phase === 'scheduled') await sleep(msUntil(startAtMs!));
      requests.phase = 'open';
      if (isDirect) return moveDirectly();
      const debited = await CancellationScope.withTimeout(msUntil(input.deadlineMs), async () => {
        if (startAtMs !== undefined) await reach({ status: 'PENDING' });
        // Nothing is begun that is over already: a timer of no time would still let the debit be sent.
        if (Date.now() >= input.deadlineMs && patched('no-debit-past-the-deadline'))
          throw new Error('past the deadline');
        const debit = await steps.run('debit', senderTaskQueue, { ...leg, isHold: hold !== undefined });
        isDebitRefused = debit.outcome !== 'applied';
        if (isDebitRefused) return undefined;
        isDebited = true;
        const reached = await reach({ status: 'DEBITED' });
        if (hold === undefined) await credit();
        return reached;
      });
      if (hold === undefined || debited === undefined) return;
      if (debited.status === 'DEBITED' && debited.capturedAmount === undefined)
        await requests.untilCaptured(hold.expiresAtMs);
      reason = Date.now() < hold.expiresAtMs ? 'canceled' : 'capture_expired';
    });
  } catch (error) {
    const isExpired = hold !== undefined && Date.now() >= hold.expiresAtMs;
    // Before its deadline only a cancel request, or a fence that tells why, leads to compensation.
    const isCanceled = course.consideredCancelled || (neededAttention && Date.now() < input.deadlineMs);
    reason = isCanceled ? 'canceled' : isExpired ? 'capture_expired' : 'timed_out';
    log.info('transfer given up', { transfer_id: transferId, reason, cause: String(error) });
  } finally {
    requests.phase = 'leaving';
    if (hold !== undefined && !isDebitRefused)
      await CancellationScope.nonCancellable(() => captureAsDecided(hold.settleWithinMs));
    if (end === undefined)
      end = await CancellationScope.nonCancellable(() => compensation.compensate(reason, creditAmount));
    else if (hold !== undefined) await CancellationScope.nonCancellable(() => compensation.release(creditAmount));
  }

  const reached: TransferEnd = end;
  // A cancel request that comes now is too late; even waiting for the handlers would throw in the canceled root scope.
  return CancellationScope.nonCancellable(async () => {
    // What an operator may have had paid in advance is settled before the end of a transfer whose money has moved is written;
    // its row may have been restored to before it has needed attention.
    const mayBeAdvanced = hasMoved(reached) && (compensation.wasStuck() || neededAttention);
    const advance = mayBeAdvanced && patched('advance-closed-first') ? await compensation.closeAdvance() : 'open';
    let stored = await reach(reached, undefined, advance);
    if (!isTerminal(stored.status)) stored = await reach(reached, undefined, await compensation.closeAdvance());
    compensation.over();
    return leave(stored as TransferEnd);
  });

  async function leave(stored: TransferEnd): Promise<TransferEnd> {
    if (!allHandlersFinished()) await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
    return stored;
  }

  async function credit(limitMs?: number): Promise<void> {
    const creditTerms = { ...terms, amount: creditAmount };
    const answer = await steps.run('credit', receiverTaskQueue, { ...leg, terms: creditTerms }, limitMs);
    if (answer.outcome !== 'applied') return;
    end = endOfCredit(answer, hold !== undefined);
    creditAmount = answer.amount ?? creditAmount;
  }

  /**
   * Debit and credit, bounded by the deadline. DEBITED is written only where somebody has the time to see it: otherwise
   * COMPLETED writes its step. A credit that was given up for that is asked for again.
   */
  async function moveDirectly(): Promise<void> {
    if (startAtMs !== undefined) await reach({ status: 'PENDING' }, untilDeadline());
    const debit = await steps.run('debit', senderTaskQueue, leg, untilDeadline());
    isDebitRefused = debit.outcome !== 'applied';
    if (isDebitRefused) return;
    debitedAtMs = Date.now();
    const isAnswered = await credit(Math.min(CREDIT_UNSEEN_MS, untilDeadline())).then(
      () => true,
      (error: unknown) => {
        if (isCancellation(error)) throw error;
        return false;
      },
    );
    if (end !== undefined) return;
    const limitMs = untilDeadline();
    await Promise.all([reach({ status: 'DEBITED' }, limitMs), isAnswered ? undefined : credit(limitMs)]);
  }

  /** Nothing is begun that is over already. */
  function untilDeadline(): number {
    const leftMs = input.deadlineMs - Date.now();
    if (leftMs <= 0) throw new Error('past the deadline');
    return leftMs;
  }

  /**
   * What is captured of a hold is written into its row before it is credited; a run before this one may have written it
   * already, whatever was asked of this one.
   */
  async function captureAsDecided(settleWithinMs: number): Promise<void> {
    const amount = requests.captureAmount() ?? '0';
    const captured = await steps.run('decideCapture', TRANSFER_TASK_QUEUE, { transferId, amount, isDebited });
    if (parseUnits(captured) === 0n) return;
    creditAmount = captured;
    reason = 'timed_out';
    if (neededAttention) return;
    try {
      await CancellationScope.withTimeout(settleWithinMs, async () => {
        // It has been held for up to weeks, in which the sender's shard may have been restored to before its debit: that is
        // then made anew, or the hold is not captured.
        if (patched('debit-asked-before-capture')) {
          const debit = await steps.run('debit', senderTaskQueue, { ...leg, isHold: true });
          if (debit.outcome !== 'applied') return;
        }
        await credit();
      });
    } catch (error) {
      log.info('capture given up', { transfer_id: transferId, cause: String(error) });
    }
  }

  /** Writes a status, and answers the stored one, which is another where a run before this one had come further. */
  async function reach(next: ReachedStatus, limitMs?: number, advance: AdvanceState = 'open'): Promise<StoredStatus> {
    const asked = {
      ...{ transferId, next, trace },
      ...(debitedAtMs === undefined ? {} : { debitedAtMs }),
      ...(hasMoved(next) ? { advance } : {}),
    };
    const stored = await steps.run('recordTransferStatus', TRANSFER_TASK_QUEUE, asked, limitMs);
    showStatus(stored.status);
    return stored;
  }
}

/** Whether the credit, its own or that of another movement of its id, is known to be applied. */
function hasMoved(next: ReachedStatus): boolean {
  return next.status === 'COMPLETED' || (next.status === 'FAILED' && next.failureReason === 'terms_conflict');
}

/** At least one, for a timer of zero is none. */
function msUntil(instantMs: number): number {
  return Math.max(instantMs - Date.now(), 1);
}
