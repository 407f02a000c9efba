/**
 * What may be asked of a transfer while it runs: to capture its hold, and to cancel it. A request is judged by its
 * validator before it is accepted; once accepted it is in the history, and acted upon after that. Whoever asks is answered
 * how the transfer ended, so of two who race each learns which of them it was. Imported by transfer.ts alone.
 */
import { ApplicationFailure, CancellationScope, condition, isCancellation, setHandler } from '@temporalio/workflow';
import type { TransferId } from '../domain/ids.ts';
import { parseUnits } from '../domain/money.ts';
import type { TransferEnd, TransferTerms } from '../domain/transfer.ts';
import { cancelUpdate, captureUpdate, TRANSFER_TASK_QUEUE, type UpdateRefusal } from './messages.ts';
import type { Steps } from './steps.ts';

export interface Requests {
  /** How far the transfer is; kept by its course. `leaving` is past the point of no return. */
  phase: 'moving' | 'held' | 'leaving';
  /**
   * Waits until the hold is captured, canceled or expired, and answers what is captured of it: decimal string, zero where
   * it is to be released. That is written into the transfer's row before anything follows from it.
   */
  readonly untilCaptured: (transferId: TransferId, expiresAtMs: number) => Promise<string>;
  /** Answers everybody who asked. */
  readonly answer: (end: TransferEnd) => void;
}

/** `course` is what a cancel request ends, whether it is this update or Temporal's own. */
export function receiveRequests({ amount }: TransferTerms, course: CancellationScope, steps: Steps): Requests {
  let captureAmount: string | undefined;
  let ended: TransferEnd | undefined;
  const requests: Requests = {
    phase: 'moving',
    async untilCaptured(transferId, expiresAtMs) {
      requests.phase = 'held';
      try {
        await condition(() => captureAmount !== undefined, Math.max(expiresAtMs - Date.now(), 1));
      } catch (error) {
        if (!isCancellation(error)) throw error;
      }
      requests.phase = 'leaving';
      // A capture that was accepted wins over a cancel request that came with it.
      const amount = captureAmount ?? '0';
      return CancellationScope.nonCancellable(() =>
        steps.run('decideCapture', TRANSFER_TASK_QUEUE, { transferId, amount }),
      );
    },
    answer: (end) => {
      ended = end;
    },
  };
  // Not by the root scope: a cancel request must not leave anybody without an answer.
  const untilEnd = (): Promise<TransferEnd> =>
    CancellationScope.nonCancellable(async () => {
      await condition(() => ended !== undefined);
      return ended!;
    });

  setHandler(
    captureUpdate,
    async (asked) => {
      steps.leaveFirstTask();
      captureAmount ??= asked.amount;
      return untilEnd();
    },
    {
      validator: (asked) => {
        const isRepeat = captureAmount !== undefined && parseUnits(asked.amount) === parseUnits(captureAmount);
        const isOpen = requests.phase === 'held' && captureAmount === undefined && !course.consideredCancelled;
        const units = parseUnits(asked.amount);
        if ((!isRepeat && !isOpen) || units <= 0n || units > parseUnits(amount)) throw refusal('not_capturable');
      },
    },
  );

  setHandler(
    cancelUpdate,
    async () => {
      steps.leaveFirstTask();
      course.cancel();
      return untilEnd();
    },
    {
      validator: () => {
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
