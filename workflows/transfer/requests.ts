/**
 * What may be asked of a transfer while it runs: to capture its hold, and to cancel it. A request is judged by its
 * validator before it is accepted; once accepted it is in the history, and acted upon after that. It is answered at once,
 * for a run takes only so many requests that wait; how the transfer ends is read from its row.
 */
import { ApplicationFailure, condition, setHandler, type CancellationScope } from '@temporalio/workflow';
import { parseUnits } from '../../domain/money.ts';
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

/** `course` is what a cancel request ends, whether it is this update or Temporal's own. */
export function receiveRequests(
  { terms: { amount }, startAtMs, hold }: TransferInput,
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
    (asked) => {
      steps.leaveFirstTask();
      captureAmount ??= asked.amount;
    },
    {
      validator: (asked) => {
        if (isOfAnotherBody(asked)) throw refusal('run_of_another_body');
        const isRepeat = captureAmount !== undefined && parseUnits(asked.amount) === parseUnits(captureAmount);
        // One that comes before the debit is known to be applied is done as soon as it is.
        const isOpen = requests.phase === 'open' && captureAmount === undefined && !course.consideredCancelled;
        const units = parseUnits(asked.amount);
        const isWithin = hold !== undefined && units > 0n && units <= parseUnits(amount);
        if (!isWithin || (!isRepeat && !isOpen)) throw refusal('not_capturable');
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
}

/** Ends an update without accepting it; the type is its code. */
export function refusal(type: UpdateRefusal): ApplicationFailure {
  return ApplicationFailure.create({
    type,
    message: 'the state of the transfer does not allow it',
    nonRetryable: true,
  });
}
