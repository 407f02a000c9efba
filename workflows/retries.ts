/**
 * The operator's request to retry at once the step that keeps failing, in batches and one-sided transactions. An operator can do
 * nothing else about these; for a transfer, compensation.ts has more.
 */
import { condition, setHandler } from '@temporalio/workflow';
import { retryUpdate } from './transfer/messages.ts';
import { refusal } from './transfer/requests.ts';

/**
 * Receives requests to retry, and refuses them while nothing is stuck. The function that it returns waits for the next request: it
 * is the `untilHurried` of `steps.runUntilDone`.
 */
export function receiveRetries(isStuck: () => boolean): () => Promise<void> {
  let retries = 0;
  setHandler(
    retryUpdate,
    () => {
      retries += 1;
    },
    {
      validator: () => {
        if (!isStuck()) throw refusal('not_resolvable');
      },
    },
  );
  return () => {
    const seen = retries;
    return condition(() => retries > seen);
  };
}
