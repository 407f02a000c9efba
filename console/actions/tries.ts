/**
 * The idempotency keys of what was sent and whose outcome is not known. A person who opens the dialog anew, chooses the file again or loads
 * the page again tries the same once more, and does not do it twice.
 */
import { CounterpoiseError } from '../../client/client.ts';

type Kept = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

export interface Try {
  readonly key: string;
  /** When this was sent before, without an answer that says what became of it: in milliseconds since 1970. */
  readonly sentMs?: number;
}

const PREFIX = 'counterpoise-try ';
/** What says nothing of an earlier request: the key, the rate, or the time was at fault. */
const SAY_NOTHING: readonly (number | undefined)[] = [401, 403, 408, 425, 429];

/** The last try of an action if its outcome is not known, else a new one. */
export function tryOf(action: string, kept: Kept = sessionStorage): Try {
  const known = kept.getItem(PREFIX + action);
  return known === null ? { key: crypto.randomUUID() } : (JSON.parse(known) as Try);
}

/** Sends by a key that is kept until the outcome is known. */
export async function sendOnce<Answer>(
  action: string,
  key: string,
  send: () => Promise<Answer>,
  kept: Kept = sessionStorage,
): Promise<Answer> {
  kept.setItem(PREFIX + action, JSON.stringify({ key, sentMs: Date.now() } satisfies Try));
  try {
    const answer = await send();
    kept.removeItem(PREFIX + action);
    return answer;
  } catch (error) {
    if (isRefusal(error)) kept.removeItem(PREFIX + action);
    throw error;
  }
}

/** Whether the API has said that nothing was done: not if an earlier try of the same call had no answer, or one that says nothing. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof CounterpoiseError)) return false;
  const { status, attempts } = error;
  return attempts === 1 && status !== undefined && status < 500 && !SAY_NOTHING.includes(status);
}
