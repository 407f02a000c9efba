/**
 * What may be asked of a transfer while it runs: to capture its hold, and to cancel it. A request is judged by its
 * validator before it is accepted; once accepted it is in the history, and acted upon after that. It is answered at once,
 * for a run takes only so many requests that wait; how the transfer ends is read from its row.
 */
import { ApplicationFailure, CancellationScope, condition, patched, setHandler } from '@temporalio/workflow';
import { parseUnits } from '../../domain/money.ts';
import type { PassingRefusal } from '../../domain/transfer/transfer.ts';
import { cancelUpdate, captureUpdate, type TransferInput, type UpdateRefusal } from './messages.ts';
import { isOfAnotherBody } from '../own-body.ts';
import type { Steps } from '../steps.ts';

export interface Requests {
  /** How far the transfer is; kept by its course. `leaving` is past the point of no return. */
  phase: 'scheduled' | 'open' | 'leaving';
  /** What was asked to be captured, once it was: decimal string. */
  readonly captureAmount: () => string | undefined;
  /** Waits until the hold is to be captured or has expired; raises if the course is canceled. */
  readonly untilCaptured: (expiresAtMs: number) => Promise<void>;
}

/** How long a capture waits for what the receiver's shard says of it. */
const RECEIVER_ANSWERS_WITHIN_MS = 3_000;

/** `course` is what a cancel request ends, whether it is this update or Temporal's own. */
export function receiveRequests(
  { terms, receiverTaskQueue, startAtMs, hold }: TransferInput,
  course: CancellationScope,
  steps: Steps,
): Requests {
  let captureAmount: string | undefined;
  const requests: Requests = {
    phase: startAtMs === undefined || startAtMs <= Date.now() ? 'open' : 'scheduled',
    captureAmount: () => captureAmount,
    async untilCaptured(expiresAtMs) {
      await condition(() => captureAmount !== undefined, Math.max(expiresAtMs - Date.now(), 1));
    },
  };
  setHandler(
    captureUpdate,
    async (asked) => {
      steps.leaveFirstTask();
      if (captureAmount === undefined && patched('receiver-asked-before-capture')) {
        const reason = await passingRefusal(asked.amount);
        if (reason !== null) throw refusal(reason);
        // The hold may have been canceled or have expired meanwhile, or be captured by another request.
        if (!isOpenFor(asked.amount)) throw refusal('not_capturable');
      }
      captureAmount ??= asked.amount;
    },
    {
      validator: (asked) => {
        if (isOfAnotherBody(asked)) throw refusal('run_of_another_body');
        const units = parseUnits(asked.amount);
        const isWithin = hold !== undefined && units > 0n && units <= parseUnits(terms.amount);
        if (!isWithin || !isOpenFor(asked.amount)) throw refusal('not_capturable');
      },
    },
  );

  setHandler(
    cancelUpdate,
    () => {
      steps.leaveFirstTask();
      course.cancel();
    },
    {
      validator: (asked) => {
        if (isOfAnotherBody(asked)) throw refusal('run_of_another_body');
        const isRepeat = course.consideredCancelled && captureAmount === undefined;
        if (!isRepeat && (requests.phase === 'leaving' || captureAmount !== undefined)) throw refusal('not_cancelable');
      },
    },
  );
  return requests;

  /** Whether this much may be captured: nothing is yet, or as much is. One that comes before the debit is done after it. */
  function isOpenFor(amount: string): boolean {
    if (captureAmount !== undefined) return parseUnits(amount) === parseUnits(captureAmount);
    return requests.phase === 'open' && !course.consideredCancelled;
  }

  /**
   * Why the receiver could not be credited now, if that may pass: a credit that is refused is so for ever, and would give up the
   * hold. Null where its shard does not answer in time, for a capture that is taken has longer.
   */
  async function passingRefusal(amount: string): Promise<PassingRefusal | null> {
    const asked = { terms: { ...terms, amount } };
    return CancellationScope.nonCancellable(() =>
      steps.run('passingCreditRefusal', receiverTaskQueue, asked, RECEIVER_ANSWERS_WITHIN_MS),
    ).catch(() => null);
  }
}

/** Ends an update without accepting it; the type is its code. */
export function refusal(type: UpdateRefusal): ApplicationFailure {
  return ApplicationFailure.create({
    type,
    message: 'the state of the transfer does not allow it',
    nonRetryable: true,
  });
}
