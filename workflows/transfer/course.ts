/**
 * The common part of the direct course (direct.ts) and the held course (held.ts) of a transfer: the two legs and what is known of
 * them, the status writes, and the end.
 *
 * An activity that this code has given up may still arrive, so this code never concludes by itself that a leg was not applied. The
 * fences in the wallet databases decide, once and for ever; this code asks them, and adopts their decisions.
 */
import { allHandlersFinished, CancellationScope, condition, log, patched, sleep } from '@temporalio/workflow';
import {
  endOfCredit,
  isTerminal,
  type AbandonReason,
  type AdvanceState,
  type CreditRefusal,
  type LegAnswer,
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
  /** The scope that a cancel request ends: the `cancel` update directly, Temporal's own request by way of the root scope. */
  readonly scope: CancellationScope;
  /** The amount to credit: of a hold, the captured amount; after the credit, the amount that its fence says. Decimal string. */
  creditAmount: string;
  /** When the debit was applied, in ms since 1970, for a DEBITED step that is still to be written with the end. */
  debitedAtMs: number | undefined;
  /** Whether the end is written in the workflow task in which it is known, if that succeeds at once. */
  endsInTask: boolean;
  /** The transfer's end, once it is known: by an applied credit, or by compensation. */
  end: TransferEnd | undefined;
  /** Waits for a scheduled transfer's time. Throws if a run before this one was compensating the transfer. */
  readonly untilItsTime: () => Promise<void>;
  /** Asks for the credit, and sets `end` if it was applied. A credit that is given up after `limitMs` may still arrive. */
  readonly credit: (limitMs?: number) => Promise<void>;
  /** Sets `end` if this answer of the credit's fence says that it was applied. */
  readonly adoptCredit: (answer: LegAnswer<CreditRefusal>) => void;
  /** Writes a status, and returns the stored one: another one if a run before this one had come further. */
  readonly reach: (next: ReachedStatus, limitMs?: number) => Promise<StoredStatus>;
  /** Returns why the transfer is given up, after its forward steps threw. */
  readonly reasonToGiveUp: (error: unknown) => AbandonReason;
  /** Writes the end, and returns the stored one once every request has been answered. */
  readonly conclude: (end: TransferEnd) => Promise<TransferEnd>;
  /** Returns `stored` once every request has been answered. */
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
    endsInTask: false,

    async untilItsTime() {
      // The sender may have been paid in advance meanwhile: a transfer that is not credited by now must not be credited.
      if (neededAttention) throw new Error('a run before this one was compensating it');
      if (requests.phase === 'scheduled') await sleep(msUntil(startAtMs!));
      requests.phase = 'open';
    },

    async credit(limitMs) {
      const asked = { terms: { ...terms, amount: course.creditAmount }, trace, total: terms.amount };
      course.adoptCredit(await steps.run('credit', receiverTaskQueue, asked, limitMs));
    },

    adoptCredit(answer) {
      if (answer.outcome !== 'applied') return;
      course.end = endOfCredit(answer, hold !== undefined);
      course.creditAmount = answer.amount ?? course.creditAmount;
    },

    reach: (next, limitMs) => reach(next, limitMs),

    reasonToGiveUp(error) {
      const isExpired = hold !== undefined && Date.now() >= hold.expiresAtMs;
      // Before the deadline, only a cancel request leads to compensation, or a fence, which then tells the reason itself.
      const isCanceled = scope.consideredCancelled || (neededAttention && Date.now() < input.deadlineMs);
      const reason = isCanceled ? 'canceled' : isExpired ? 'capture_expired' : 'timed_out';
      log.info('transfer given up', { transfer_id: transferId, reason, cause: String(error) });
      return reason;
    },

    // A cancel request comes too late now; in a canceled root scope, even waiting for the handlers would throw.
    conclude: (end) =>
      CancellationScope.nonCancellable(async () => {
        // If the credit has landed, an advance that an operator may have asked for is closed before the end is written. The row
        // alone does not tell whether one was: it may have been restored to before the transfer needed attention.
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
    const debited = course.debitedAtMs === undefined ? {} : { debitedAtMs: course.debitedAtMs };
    const asked = { transferId, next, trace, ...debited, ...(hasMoved(next) ? { advance } : {}) };
    const record = course.endsInTask && isTerminal(next.status) ? steps.inTask : steps.run;
    const stored = await record('recordTransferStatus', TRANSFER_TASK_QUEUE, asked, limitMs);
    showStatus(stored.status);
    return stored;
  }
}

async function leave(stored: TransferEnd): Promise<TransferEnd> {
  if (!allHandlersFinished()) await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
  return stored;
}

/** Whether this status says that a credit is applied: the transfer's own, or that of another movement with the same id. */
function hasMoved(next: ReachedStatus): boolean {
  return next.status === 'COMPLETED' || (next.status === 'FAILED' && next.failureReason === 'terms_conflict');
}

/** The milliseconds until an instant, at least 1: a timer of 0 is no timer. */
export function msUntil(instantMs: number): number {
  return Math.max(instantMs - Date.now(), 1);
}
