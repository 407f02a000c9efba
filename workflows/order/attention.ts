/**
 * What an order insists on, and the operator who is shown what keeps failing. A step that insists never gives up: after three minutes
 * of failures the order shows attention, with a case, until the step succeeds; an operator can have it tried at once.
 */
import { condition } from '@temporalio/workflow';
import type { OrderId } from '../../domain/ids.ts';
import { attentionReason, showAttention, showAttentionOver } from '../progress.ts';
import type { Step, Steps } from '../steps.ts';
import { ORDER_TASK_QUEUE } from './messages.ts';

export interface Attention {
  /** Repeats the step until it succeeds. */
  readonly insist: Step;
  /** Shows that somebody has to decide something, until the function that it returns is called. */
  readonly show: (reason: string, error: string) => Promise<() => Promise<void>>;
  /** Whether something is shown. */
  readonly isShown: () => boolean;
  /** Tries at once what is waiting to be tried again. */
  readonly hurry: () => void;
}

export function createAttention(orderId: OrderId, steps: Steps): Attention {
  /** What is shown, the newest last. */
  const shown: { readonly reason: string; readonly error: string }[] = [];
  let hurries = 0;

  /** Writes what is shown now. A write that fails must not hold up what is being insisted on, so it is not waited for there. */
  const write = (): Promise<void> => {
    const newest = shown.at(-1);
    return steps.run('recordOrderAttention', ORDER_TASK_QUEUE, { orderId, ...(newest ?? { reason: null }) });
  };

  const show: Attention['show'] = async (reason, error) => {
    const entry = { reason, error };
    shown.push(entry);
    showAttention(reason, error);
    await write();
    return async () => {
      shown.splice(shown.indexOf(entry), 1);
      if (shown.length === 0) showAttentionOver();
      await write();
    };
  };

  return {
    insist: async (name, taskQueue, input) => {
      let over: Promise<() => Promise<void>> | undefined;
      const answer = await steps.runUntilDone({
        onStuck: async (step, error) => {
          over = show(attentionReason(step), error);
          await over;
        },
        untilHurried: () => {
          const seen = hurries;
          return condition(() => hurries > seen);
        },
      })(name, taskQueue, input);
      await over?.then((end) => end());
      return answer;
    },
    show,
    isShown: () => shown.length > 0,
    hurry: () => {
      hurries += 1;
    },
  };
}
