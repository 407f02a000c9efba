/** The decision whether a call is sent again, and after how long. It only decides: transport.ts waits and sends. */

/** The statuses of an API, or of a proxy before it, that is busy or down for a moment: a repeat with the same key is safe. */
const PASSING_STATUSES: readonly number[] = [429, 502, 503, 504];
const BACKOFF_MS = 200;
const BACKOFF_MS_MAX = 10_000;

export function isPassing(status: number): boolean {
  return PASSING_STATUSES.includes(status);
}

/**
 * The pause after try number `attempt` (from 1): 200 ms, doubled with each try up to 10 s, less a random part of up to half, so
 * that many clients do not come back at once; never shorter than the server asked for.
 */
export function pauseMs(attempt: number, retryAfterMs: number, random: () => number): number {
  const backoffMs = Math.min(BACKOFF_MS * 2 ** (attempt - 1), BACKOFF_MS_MAX);
  return Math.max(retryAfterMs, backoffMs * (1 - random() / 2));
}

/** A Retry-After header, which is seconds or an HTTP date, as milliseconds from now; 0 if it is missing or cannot be read. */
export function retryAfterMs(header: string | null, nowMs: number): number {
  if (header === null) return 0;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1_000 : Date.parse(header) - nowMs;
  return Number.isNaN(ms) ? 0 : Math.max(ms, 0);
}
