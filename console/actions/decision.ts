/** The course of a decision: another look at what it is about, and only if that is as it was seen, the call. */
import { useState } from 'preact/hooks';
import { client, noticeRefusal } from '../session.ts';
import { difference, type Change, type Seen } from '../format/difference.ts';
import type { Action, Given } from './action.ts';
import { sendOnce } from './tries.ts';

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
      setStage({
        is: 'done',
        answer: await sendOnce(action.id, given.idempotencyKey, () => action.send(client.value, given)),
      });
    } catch (error) {
      noticeRefusal(error);
      setStage({ is: 'refused', error });
    }
  };
  return { stage, decide };
}
