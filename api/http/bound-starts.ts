/** The bound on the starts of workflows that are under way in one process. */
import type { Client } from '@temporalio/client';
import { LATE, within } from '../../process/deadline.ts';
import { limitConcurrency } from './concurrency.ts';
import type { ApiEnv } from './env.ts';

/** The starts of workflows that are under way. */
export interface Starts {
  /** Resolves when the workflow is started, or after the limit, or at once if others are in line before it; never rejects. */
  readonly start: (
    start: () => Promise<void>,
    limitMs: number,
    log: Pick<ApiEnv['Variables']['log'], 'warn'>,
  ) => Promise<void>;
}

/** A start that hangs is given up after this long, and left to the sweep. */
const START_GIVEN_UP_MS = 10_000;

/**
 * Bounds the starts at once to `atOnceMax`. Further ones take turns, so that a burst of requests is accepted before the workflows
 * of its first ones take up the machine. With `waitingMax` in line, a start is left to the sweep, so that a hanging Temporal does
 * not fill the memory.
 */
export function boundStarts(
  client: Client,
  monitor: { readonly suspect: () => void },
  { atOnceMax = 16, waitingMax = 1_000 } = {},
): Starts {
  const turns = limitConcurrency(atOnceMax);
  let unconfirmed = 0;
  return {
    async start(start, limitMs, log) {
      if (unconfirmed >= atOnceMax + waitingMax) return;
      unconfirmed += 1;
      const attempt = startInTurn(start)
        .catch((error: unknown) => {
          monitor.suspect();
          log.warn({ err: error }, 'a workflow could not be started now: the sweep will');
        })
        .finally(() => {
          unconfirmed -= 1;
        });
      // A start in line is not waited for. A start that lands after the answer is harmless: either it or the sweep's takes effect.
      if (unconfirmed <= atOnceMax && (await within(limitMs, attempt)) === LATE) monitor.suspect();
    },
  };

  async function startInTurn(start: () => Promise<void>): Promise<void> {
    const endTurn = await turns.take(START_GIVEN_UP_MS);
    if (endTurn === undefined) return;
    try {
      // Not every connection can give up a call, so the turn has a limit of its own.
      const givenUp = AbortSignal.timeout(START_GIVEN_UP_MS);
      const outcome = await within(START_GIVEN_UP_MS, client.connection.withAbortSignal(givenUp, start));
      if (outcome === LATE) throw new Error(`not answered within ${START_GIVEN_UP_MS} ms`);
    } finally {
      endTurn();
    }
  }
}
