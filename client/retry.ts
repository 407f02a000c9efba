/** When a call is sent again, and after how long. Decides only; transport.ts waits and sends. */

/** Busy, or down for a moment, by this API or by what stands before it: a repeat with the same key is safe. */
const PASSING_STATUSES: readonly number[] = [429, 502, 503, 504];
const BACKOFF_MS = 200;
const BACKOFF_MS_MAX = 10_000;

export function isPassing(status: number): boolean {
  return PASSING_STATUSES.includes(status);
}

/**
 * The pause before the try that follows number `attempt` (from 1): doubled each time up to 10 s, of which a random half is
 * left out, so that many clients do not come back at once; never shorter than what the server asked for.
 */
export function pauseMs(attempt: number, retryAfterMs: number, random: () => number): number {
  const backoffMs = Math.min(BACKOFF_MS * 2 ** (attempt - 1), BACKOFF_MS_MAX);
  return Math.max(retryAfterMs, backoffMs * (1 - random() / 2));
}

/** A Retry-After header, which is seconds or an HTTP date, in milliseconds from now; 0 if there is none that can be read. */
export function retryAfterMs(header: string | null, nowMs: number): number {
  if (header === null) return 0;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1_000 : Date.parse(header) - nowMs;
  return Number.isNaN(ms) ? 0 : Math.max(ms, 0);
}
