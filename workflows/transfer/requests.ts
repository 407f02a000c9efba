/**
 * The requests to a running transfer: to capture its hold, and to cancel it. A validator judges a request before it is accepted;
 * once accepted, the request is in the history, and is acted upon after that. It is answered at once, because a run takes only so
 * many requests that wait; how the transfer ends is read from its row.
 */
import { ApplicationFailure, CancellationScope, condition, patched, setHandler } from '@temporalio/workflow';
import { parseUnits } from '../../domain/money.ts';
import type { PassingRefusal } from '../../domain/transfer/transfer.ts';
import { cancelUpdate, captureUpdate, type TransferInput, type UpdateRefusal } from './messages.ts';
import { isOfAnotherBody } from '../own-body.ts';
import type { Steps } from '../steps.ts';

export interface Requests {
  /** How far the transfer is; its course keeps this up to date. `leaving` is past the point of no return. */
  phase: 'scheduled' | 'open' | 'leaving';
  /** The amount that somebody asked to capture, if anybody has: decimal string. */
  readonly captureAmount: () => string | undefined;
  /** Waits until a capture is asked for or the hold has expired; throws if the course is canceled. */
  readonly untilCaptured: (expiresAtMs: number) => Promise<void>;
}

/** How long a capture waits for the receiver's shard to say whether it could be credited. */
const RECEIVER_ANSWERS_WITHIN_MS = 3_000;

/** `course` is the scope that a cancel request ends: the `cancel` update, or Temporal's own request. */
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
        if (reason !== null) throw refusal('not_capturable', reason);
        // Meanwhile the hold may have been canceled, have expired, or have been captured by another request.
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
        // A run takes 2,000 requests. One that is refused here is none of them; one that the handler refuses is.
        if (captureAmount === undefined && asked.refusedFor) throw refusal('not_capturable', asked.refusedFor);
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

  /** Whether this amount may be captured: no other amount was asked for yet. A capture before the debit takes place after it. */
  function isOpenFor(amount: string): boolean {
    if (captureAmount !== undefined) return parseUnits(amount) === parseUnits(captureAmount);
    return requests.phase === 'open' && !course.consideredCancelled;
  }

  /**
   * Why the receiver could not be credited now, if the reason may pass: a credit that is refused is refused for ever, and would
   * give up the hold. Null if the shard does not answer in time: a capture that is taken has longer for its credit.
   */
  async function passingRefusal(amount: string): Promise<PassingRefusal | null> {
    const asked = { terms: { ...terms, amount } };
    return CancellationScope.nonCancellable(() =>
      steps.run('passingCreditRefusal', receiverTaskQueue, asked, RECEIVER_ANSWERS_WITHIN_MS),
    ).catch(() => null);
  }
}

/** The failure that refuses an update; its type is the stable code, and its detail why a capture is refused for now. */
export function refusal(type: UpdateRefusal, reason?: PassingRefusal): ApplicationFailure {
  return ApplicationFailure.create({
    type,
    ...(reason === undefined ? {} : { details: [reason] }),
    message: 'the state of the transfer does not allow it',
    nonRetryable: true,
  });
}
