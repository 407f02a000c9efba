/**
 * Lets an operator have what keeps failing tried at once, where that is all that can be done about it: in batches and in
 * one-sided transactions. What may be done about a transfer is in compensation.ts.
 */
import { condition, setHandler } from '@temporalio/workflow';
import { retryUpdate } from './transfer/messages.ts';
import { refusal } from './transfer/requests.ts';

/** What `steps.runUntilDone` waits for beside the end of its pause. A request is refused while nothing is stuck. */
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
