/**
 * What the direct course (direct.ts) and the held course (held.ts) of a transfer share: the two legs and what is known of them, the
 * status writes, and the end.
 *
 * What this code believes it has not done is no evidence, for an activity that it gave up may still arrive. The fences in the wallet
 * databases decide, once and for ever; this code asks them, and adopts what they say.
 */
import { allHandlersFinished, CancellationScope, condition, log, patched, sleep } from '@temporalio/workflow';
import {
  endOfCredit,
  isTerminal,
  type AbandonReason,
  type AdvanceState,
  type ReachedStatus,
  type StoredStatus,
  type TransferEnd,
} from '../../domain/transfer/transfer.ts';
import { showStatus } from '../progress.ts';
import { createSteps, type Steps } from '../steps.ts';
import { createCompensation, type Compensation } from './compensation.ts';
import { TRANSFER_TASK_QUEUE, type TransferInput } from './messages.ts';
import { receiveRequests, type Requests } from './requests.ts';

export interface Course {
  readonly steps: Steps;
  readonly requests: Requests;
  readonly compensation: Compensation;
  /** What a cancel request ends: the update's, or Temporal's own by way of the root scope. */
  readonly scope: CancellationScope;
  /** What is to be credited: of a hold, what was captured; once it is credited, what its fence says. Decimal string. */
  creditAmount: string;
  /** When the debit was applied, in ms since 1970, where its DEBITED step is still to be written with the end. */
  debitedAtMs: number | undefined;
  /** How the transfer ends, once its credit is known to be applied. */
  end: TransferEnd | undefined;
  /** Waits for its time, if it was scheduled. Throws where a run before this one was compensating. */
  readonly untilItsTime: () => Promise<void>;
  /** Asks for the credit. `end` says whether it was applied; given up after `limitMs`, it may still arrive. */
  readonly credit: (limitMs?: number) => Promise<void>;
  /** Writes a status; returns the stored one, which is another where a run before this one had come further. */
  readonly reach: (next: ReachedStatus, limitMs?: number) => Promise<StoredStatus>;
  /** Why it is given up, after its forward steps threw. */
  readonly reasonToGiveUp: (error: unknown) => AbandonReason;
  /** Writes the end, and returns the stored one once every request has been answered. */
  readonly conclude: (end: TransferEnd) => Promise<TransferEnd>;
  /** Returns once every request has been answered. */
  readonly leave: (stored: TransferEnd) => Promise<TransferEnd>;
}

export function beginCourse(input: TransferInput): Course {
  const { terms, trace, receiverTaskQueue, startAtMs, hold, neededAttention = false } = input;
  const { transferId } = terms;
  const steps = createSteps(input);
  const scope = new CancellationScope();
  const requests = receiveRequests(input, scope, steps);
  const compensation = createCompensation(input, steps);

  const course: Course = {
    ...{ steps, requests, compensation, scope },
    creditAmount: terms.amount,
    debitedAtMs: undefined,
    end: undefined,

    async untilItsTime() {
      // Its sender may have been paid in advance meanwhile: what has not been credited by now must not be.
      if (neededAttention) throw new Error('a run before this one was compensating it');
      if (requests.phase === 'scheduled') await sleep(msUntil(startAtMs!));
      requests.phase = 'open';
    },

    async credit(limitMs) {
      const asked = { terms: { ...terms, amount: course.creditAmount }, trace, total: terms.amount };
      const answer = await steps.run('credit', receiverTaskQueue, asked, limitMs);
      if (answer.outcome !== 'applied') return;
      course.end = endOfCredit(answer, hold !== undefined);
      course.creditAmount = answer.amount ?? course.creditAmount;
    },

    reach: (next, limitMs) => reach(next, limitMs),

    reasonToGiveUp(error) {
      const isExpired = hold !== undefined && Date.now() >= hold.expiresAtMs;
      // Before its deadline only a cancel request, or a fence that tells why, leads to compensation.
      const isCanceled = scope.consideredCancelled || (neededAttention && Date.now() < input.deadlineMs);
      const reason = isCanceled ? 'canceled' : isExpired ? 'capture_expired' : 'timed_out';
      log.info('transfer given up', { transfer_id: transferId, reason, cause: String(error) });
      return reason;
    },

    // A cancel request that comes now is too late; even waiting for the handlers would throw in the canceled root scope.
    conclude: (end) =>
      CancellationScope.nonCancellable(async () => {
        // What an operator may have had paid in advance is settled before the end of a transfer whose money has moved is
        // written; its row may have been restored to before it has needed attention.
        const mayBeAdvanced = hasMoved(end) && (compensation.wasStuck() || neededAttention);
        const advance = mayBeAdvanced && patched('advance-closed-first') ? await compensation.closeAdvance() : 'open';
        let stored = await reach(end, undefined, advance);
        if (!isTerminal(stored.status)) stored = await reach(end, undefined, await compensation.closeAdvance());
        compensation.over();
        return leave(stored as TransferEnd);
      }),

    leave,
  };
  return course;

  async function reach(next: ReachedStatus, limitMs?: number, advance: AdvanceState = 'open'): Promise<StoredStatus> {
    const asked = {
      ...{ transferId, next, trace },
      ...(course.debitedAtMs === undefined ? {} : { debitedAtMs: course.debitedAtMs }),
      ...(hasMoved(next) ? { advance } : {}),
    };
    const stored = await steps.run('recordTransferStatus', TRANSFER_TASK_QUEUE, asked, limitMs);
    showStatus(stored.status);
    return stored;
  }
}

async function leave(stored: TransferEnd): Promise<TransferEnd> {
  if (!allHandlersFinished()) await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
  return stored;
}

/** Whether the credit, its own or that of another movement of its id, is known to be applied. */
function hasMoved(next: ReachedStatus): boolean {
  return next.status === 'COMPLETED' || (next.status === 'FAILED' && next.failureReason === 'terms_conflict');
}

/** At least one, for a timer of zero is none. */
export function msUntil(instantMs: number): number {
  return Math.max(instantMs - Date.now(), 1);
}
