/**
 * The idempotency keys of what was sent and not answered. A person who opens the dialog anew, or loads the page again, tries the same once
 * more, and does not do it twice.
 */
import { CounterpoiseError } from '../../client/client.ts';

type Kept = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
const PREFIX = 'counterpoise-try ';

/** The key under which this is tried: that of the last try if its outcome is not known, else a new one. */
export function keyOfTry(action: string, kept: Kept = sessionStorage): string {
  return kept.getItem(PREFIX + action) ?? crypto.randomUUID();
}

/** Before it is sent. */
export function rememberTry(action: string, key: string, kept: Kept = sessionStorage): void {
  kept.setItem(PREFIX + action, key);
}

/** After it was answered (`error` undefined) or has failed. */
export function forgetIfSettled(action: string, error?: unknown, kept: Kept = sessionStorage): void {
  if (error === undefined || isRefusal(error)) kept.removeItem(PREFIX + action);
}

/** Whether the API has said that nothing was done: not where there was no answer, and not where it does not know itself. */
function isRefusal(error: unknown): boolean {
  return error instanceof CounterpoiseError && error.status !== undefined && error.status < 500;
}
