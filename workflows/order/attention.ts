/**
 * What an order or a return insists on, and the operator who is shown what keeps failing. A step that insists never gives up: after
 * three minutes of failures its attention is shown, with a case, until the step succeeds; an operator can have it tried at once.
 */
import { CancellationScope, condition, isCancellation, log } from '@temporalio/workflow';
import { attentionReason, showAttention, showAttentionOver } from '../progress.ts';
import type { Step, Steps } from '../steps.ts';

export interface Attention {
  /** Repeats the step until it succeeds. */
  readonly insist: Step;
  /** Shows that somebody has to decide something, until the function that it returns is called. */
  readonly show: (reason: string, error: string) => () => void;
  /** Whether something is shown. */
  readonly isShown: () => boolean;
  /** Tries at once what is waiting to be tried again. */
  readonly hurry: () => void;
  /** Waits until the row says what is shown. */
  readonly written: () => Promise<void>;
  /** Waits for the last write only so long as one takes: the row has its end, which has taken back what it shows. */
  readonly close: () => Promise<void>;
}

type Shown = { readonly reason: string; readonly error: string } | { readonly reason: null };

const LAST_WRITE_WITHIN = '10 seconds';

/** `record` writes what is shown to the row. */
export function createAttention(steps: Steps, record: (shown: Shown) => Promise<void>): Attention {
  /** What is shown, the newest last. */
  const shown: { readonly reason: string; readonly error: string }[] = [];
  const writes = new CancellationScope({ cancellable: true, parent: new CancellationScope({ cancellable: false }) });
  let isCurrent = true;
  let isWriting = false;
  let hurries = 0;

  const insist: Step = async (name, taskQueue, input) => {
    let over: (() => void) | undefined;
    try {
      return await steps.runUntilDone({
        onStuck: (step, error) => {
          over = show(attentionReason(step), error);
          return Promise.resolve();
        },
        untilHurried: () => {
          const seen = hurries;
          return condition(() => hurries > seen);
        },
      })(name, taskQueue, input);
    } finally {
      over?.();
    }
  };

  return {
    insist,
    show,
    isShown: () => shown.length > 0,
    hurry: () => {
      hurries += 1;
    },
    written: () => condition(() => !isWriting),
    close: async () => {
      if (!isWriting) return;
      await condition(() => !isWriting, LAST_WRITE_WITHIN);
      writes.cancel();
    },
  };

  function show(reason: string, error: string): () => void {
    const entry = { reason, error };
    shown.push(entry);
    showNewest();
    return () => {
      shown.splice(shown.indexOf(entry), 1);
      showNewest();
    };
  }

  function showNewest(): void {
    const newest = shown.at(-1);
    if (newest === undefined) showAttentionOver();
    else showAttention(newest.reason, newest.error);
    isCurrent = false;
    if (isWriting) return;
    void writes.run(write).catch((error: unknown) => {
      if (!isCancellation(error)) log.warn('attention not written', { cause: String(error) });
    });
  }

  /**
   * One write at a time, each of what is shown when it begins: two at once could land in either order. Nobody waits for them, because
   * what is insisted on may succeed although they fail.
   */
  async function write(): Promise<void> {
    isWriting = true;
    try {
      while (!isCurrent) {
        isCurrent = true;
        await record(shown.at(-1) ?? { reason: null });
      }
    } finally {
      isWriting = false;
    }
  }
}
