/** The course of a decision: another look at what it is about, and only if that is as it was seen, the call. */
import { useState } from 'preact/hooks';
import { client, noticeRefusal } from '../session.ts';
import { difference, type Change, type Seen } from '../format/difference.ts';
import type { Action, Given } from './action.ts';
import { forgetIfSettled, rememberTry } from './tries.ts';

export type Stage =
  | { readonly is: 'asking' }
  | { readonly is: 'sending' }
  | { readonly is: 'changed'; readonly changes: readonly Change[] }
  | { readonly is: 'refused'; readonly error: unknown }
  | { readonly is: 'done'; readonly answer: unknown };

export function useDecision(action: Action, seenFirst: Seen) {
  const [stage, setStage] = useState<Stage>({ is: 'asking' });
  const [seen, setSeen] = useState(seenFirst);

  const decide = async (given: Given): Promise<void> => {
    setStage({ is: 'sending' });
    try {
      const now = (await action.look?.(client.value)) ?? seen;
      const changes = difference(seen, now);
      setSeen(now);
      if (changes.length > 0) return setStage({ is: 'changed', changes });
      setStage({ is: 'done', answer: await sendOnce(action, given) });
    } catch (error) {
      noticeRefusal(error);
      setStage({ is: 'refused', error });
    }
  };
  return { stage, decide };
}

/** A try whose outcome stays unknown keeps its key for the next one. */
async function sendOnce(action: Action, given: Given): Promise<unknown> {
  rememberTry(action.id, given.idempotencyKey);
  try {
    const answer = await action.send(client.value, given);
    forgetIfSettled(action.id);
    return answer;
  } catch (error) {
    forgetIfSettled(action.id, error);
    throw error;
  }
}
