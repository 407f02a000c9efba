/**
 * How a transfer is settled that was not simply credited: what was done is undone, what was not is forbidden, and what was
 * held is released. It never gives up; while it keeps failing, an operator is shown it and may step in.
 * Imported by transfer.ts alone.
 */
import {
  CancellationScope,
  condition,
  currentUpdateInfo,
  isCancellation,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { endOfLeg, type AbandonReason, type TransferEnd } from '../domain/transfer.ts';
import { resolveUpdate, TRANSFER_TASK_QUEUE, type TransferInput } from './messages.ts';
import { attentionReason, showAttention, showAttentionOver } from './progress.ts';
import { refusal } from './requests.ts';
import type { Steps } from './steps.ts';

export interface Compensation {
  /**
   * Undoes what was done and forbids what was not, and answers which end that is. The credit comes first: to refund while
   * it may still land would create money, and one that has landed is never clawed back.
   */
  readonly compensate: (reason: AbandonReason, creditAmount: string) => Promise<TransferEnd>;
  /** Releases what a credited transfer held, and gives the rest of it back. */
  readonly release: (creditAmount: string) => Promise<void>;
  /** To be called once the end is written. */
  readonly over: () => void;
}

/** How long an operator's request waits for the transfer's end, before it is answered that it was taken. */
const RESOLUTION_WAIT = '5 seconds';
const RESOLUTION_LIMIT = '1 minute';

export function createCompensation(input: TransferInput, steps: Steps): Compensation {
  const { terms, trace, senderTaskQueue, receiverTaskQueue, hold } = input;
  const { transferId } = terms;
  let stuckAt: string | undefined;
  let isOver = false;
  let hurries = 0;
  /** What the refund was asked for with, for a write-off in its place. */
  let settlement: { readonly credited: string; readonly reason: AbandonReason } | undefined;

  const insist = steps.insist({
    onStuck: async (step, error) => {
      stuckAt = step;
      showAttention(step, error);
      await steps.run('recordTransferAttention', TRANSFER_TASK_QUEUE, {
        transferId,
        reason: attentionReason(step),
        error,
      });
    },
    untilHurried: () => {
      const seen = hurries;
      return condition(() => hurries > seen);
    },
  });

  const settleDebit = (credited: string, reason: AbandonReason) => {
    settlement = { credited, reason };
    return insist('refund', senderTaskQueue, { terms, trace, reason, credited });
  };

  setHandler(
    resolveUpdate,
    ({ action, actor, comment }) =>
      CancellationScope.nonCancellable(async () => {
        const requestKey = `${workflowInfo().runId}/${currentUpdateInfo()?.id}`;
        await CancellationScope.withTimeout(RESOLUTION_LIMIT, async () => {
          await steps.run('recordCaseAction', TRANSFER_TASK_QUEUE, { transferId, action, actor, comment, requestKey });
          if (action === 'refund' && stuckAt === 'cancelCredit') {
            await steps.run('advance', senderTaskQueue, { terms, trace });
          } else if (action === 'write_off') {
            await steps.run('writeOff', senderTaskQueue, { terms, trace, ...settlement! });
          }
        });
        hurries += 1;
        await condition(() => isOver, RESOLUTION_WAIT);
      }).catch((error: unknown) => {
        // A canceled scope of ours is a time-out to whoever asked.
        throw isCancellation(error) ? refusal('not_resolvable') : error;
      }),
    {
      validator: ({ action }) => {
        // Before the credit's fence has answered, nobody can say where the money is: nothing can be written off.
        const isTooEarly = action === 'write_off' && stuckAt !== 'refund';
        if (stuckAt === undefined || isOver || isTooEarly) throw refusal('not_resolvable');
      },
    },
  );

  return {
    async compensate(reason, creditAmount) {
      const creditTerms = { ...terms, amount: creditAmount };
      const credit = await insist('cancelCredit', receiverTaskQueue, { terms: creditTerms, trace, reason });
      if (credit.outcome === 'applied') {
        if (hold !== undefined) await settleDebit(creditAmount, reason);
        return { status: 'COMPLETED' };
      }
      const debit = await settleDebit('0', reason);
      return endOfLeg(debit.outcome === 'rejected' ? debit : credit);
    },

    async release(creditAmount) {
      await settleDebit(creditAmount, 'timed_out');
    },

    over() {
      isOver = true;
      if (stuckAt !== undefined) showAttentionOver();
    },
  };
}
