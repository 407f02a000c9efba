/**
 * The compensation of a transfer that was not simply credited: it undoes the debit if it was applied, forbids the legs that were
 * not, and releases the hold. It never gives up; while it keeps failing, it is shown to an operator, who may step in.
 */
import { CancellationScope, condition, currentUpdateInfo, setHandler, workflowInfo } from '@temporalio/workflow';
import type { Acting } from '../../domain/acting.ts';
import {
  endOfCredit,
  endOfLeg,
  type AbandonReason,
  type AdvanceState,
  type TransferEnd,
} from '../../domain/transfer/transfer.ts';
import { resolveUpdate, TRANSFER_TASK_QUEUE, type TransferInput } from './messages.ts';
import { isOfAnotherBody } from '../own-body.ts';
import { attentionReason, showAttention, showAttentionOver } from '../progress.ts';
import { refusal } from './requests.ts';
import type { Step, Steps } from '../steps.ts';

export interface Compensation {
  /**
   * Undoes what was done, forbids what was not, and returns the resulting end. The credit comes first: a refund while the credit
   * may still land would create money, and a credit that has landed is never clawed back.
   */
  readonly compensate: (reason: AbandonReason, creditAmount: string) => Promise<TransferEnd>;
  /** Releases the hold of a credited transfer, and gives the sender back what was not captured. */
  readonly release: (creditAmount: string) => Promise<void>;
  /**
   * For a transfer whose credit has landed: ends an advance that an operator asked for and that is still under way, and makes sure
   * that the sender is not paid in advance any more. Returns whether the sender has been. Never gives up.
   */
  readonly closeAdvance: () => Promise<AdvanceState>;
  /** Whether it has given back a debit. */
  readonly hasRefunded: () => boolean;
  /** Whether this transfer was shown to an operator, who may have asked for an advance. */
  readonly wasStuck: () => boolean;
  /** Takes back the attention; to be called once the end is written. */
  readonly over: () => void;
}

interface Settlement {
  readonly credited: string;
  readonly otherCredit?: string;
  readonly reason: AbandonReason;
}

export function createCompensation(input: TransferInput, steps: Steps): Compensation {
  const { terms, trace, senderTaskQueue, receiverTaskQueue, hold } = input;
  const { transferId } = terms;
  /** The step that keeps failing; undefined while none does. */
  let stuckAt: string | undefined;
  let wasStuck = false;
  let hasRefunded = false;
  let hurries = 0;
  /** The amounts and the reason of the refund, for a write-off in its place. */
  let settlement: Settlement | undefined;
  /** The scope of the advances; a cancel request of the workflow does not end it. */
  const advancing = new CancellationScope({ cancellable: true, parent: new CancellationScope({ cancellable: false }) });
  let advance: AdvanceState = 'open';

  const untilAnswered = steps.runUntilDone({
    onStuck: async (step, error) => {
      stuckAt = step;
      wasStuck = true;
      showAttention(step, error);
      const reason = attentionReason(step);
      await steps.run('recordTransferAttention', TRANSFER_TASK_QUEUE, { transferId, reason, error });
    },
    untilHurried: () => {
      const seen = hurries;
      return condition(() => hurries > seen);
    },
  });
  const runUntilDone: Step = async (name, taskQueue, stepInput) => {
    const answer = await untilAnswered(name, taskQueue, stepInput);
    stuckAt = undefined;
    return answer;
  };

  const settleDebit = (credited: string, reason: AbandonReason, otherCredit?: string) => {
    settlement = { credited, reason, ...(otherCredit === undefined ? {} : { otherCredit }) };
    return runUntilDone('refund', senderTaskQueue, { terms, trace, total: terms.amount, ...settlement });
  };

  /** Returns whether the sender is paid. If `closeAdvance` cuts the call short, the fence of the advance decides. */
  const payInAdvance = async (): Promise<boolean> => {
    try {
      // A worker of the version before returns undefined.
      const isPaid: boolean | undefined = await advancing.run(() =>
        steps.run('advance', senderTaskQueue, { terms, trace, total: terms.amount }),
      );
      if (!advancing.consideredCancelled) return isPaid !== false;
    } catch (error) {
      if (!advancing.consideredCancelled) throw error;
    }
    await condition(() => advance !== 'open');
    return advance === 'applied';
  };

  setHandler(
    resolveUpdate,
    ({ action, comment, ...asked }) =>
      CancellationScope.nonCancellable(async () => {
        const step = stuckAt;
        const requestKey = `${workflowInfo().runId}/${currentUpdateInfo()?.id}`;
        const resolution = { transferId, action, ...actingOf(asked), comment, requestKey };
        const isLogged = await steps.run('recordCaseAction', TRANSFER_TASK_QUEUE, resolution);
        // The step may have succeeded while the log was written: then no operator is needed.
        if (!isLogged || stuckAt !== step) throw refusal('not_resolvable');
        if (action === 'refund' && step === 'cancelCredit') {
          if (!(await payInAdvance())) throw refusal('not_resolvable');
        } else if (action === 'write_off') {
          await steps.run('writeOff', senderTaskQueue, { terms, trace, total: terms.amount, ...settlement! });
        }
        hurries += 1;
      }),
    {
      validator: (asked) => {
        if (isOfAnotherBody(asked)) throw refusal('run_of_another_body');
        // Until the credit's fence has decided, nobody can say where the money is: nothing can be written off.
        if (stuckAt === undefined || (asked.action === 'write_off' && stuckAt !== 'refund'))
          throw refusal('not_resolvable');
      },
    },
  );

  return {
    async compensate(reason, creditAmount) {
      const creditTerms = { ...terms, amount: creditAmount };
      const asked = { terms: creditTerms, trace, total: terms.amount, reason };
      const credit = await runUntilDone('cancelCredit', receiverTaskQueue, asked);
      if (credit.outcome === 'applied') {
        if (hold !== undefined) await settleDebit(credit.amount ?? creditAmount, reason);
        return endOfCredit(credit, hold !== undefined);
      }
      const debit = await settleDebit('0', reason, credit.outcome === 'rejected' ? credit.amount : undefined);
      hasRefunded = debit.outcome === 'applied';
      return endOfLeg(debit.outcome === 'rejected' ? debit : credit);
    },

    async release(creditAmount) {
      await settleDebit(creditAmount, 'timed_out');
    },

    async closeAdvance() {
      advancing.cancel();
      advance = await runUntilDone('cancelAdvance', senderTaskQueue, { terms });
      return advance;
    },

    wasStuck: () => wasStuck,

    hasRefunded: () => hasRefunded,

    over() {
      if (wasStuck) showAttentionOver();
    },
  };
}

/** Without what else comes with a request. */
function actingOf({ actor, onBehalfOf, principalId, apiKeyId, tenant }: Acting): Acting {
  return { actor, onBehalfOf, principalId, apiKeyId, tenant };
}
