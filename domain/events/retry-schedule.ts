/** When a delivery that failed is tried again, and when it is given up. */

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** After the first failure, the second …; the last one repeats. */
const PAUSES_MS = [
  5 * SECOND_MS,
  30 * SECOND_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
];
/** No try begins later than this after the first. */
const TRIED_FOR_MS = 3 * DAY_MS;
/** An endpoint that has failed for so long, without one success, is disabled. */
export const FAILING_MAX_MS = 5 * DAY_MS;
/** A `Retry-After` that asks for more asks for this. */
export const RETRY_AFTER_MAX_MS = DAY_MS;
/** Up to so much of a pause is added at random, so that what failed together does not come again together. */
const JITTER = 0.2;

export interface FailedTries {
  /** The failed tries so far, from 1. */
  readonly attempts: number;
  readonly sinceFirstMs: number;
  /** As the last answer asked for. */
  readonly retryAfterMs?: number | undefined;
}

/** The pause before the next try, in milliseconds; undefined if the delivery is given up. `random` is in [0, 1). */
export function pauseBeforeRetryMs(
  { attempts, sinceFirstMs, retryAfterMs = 0 }: FailedTries,
  random: number,
): number | undefined {
  const scheduledMs = PAUSES_MS[Math.min(attempts, PAUSES_MS.length) - 1]! * (1 + JITTER * random);
  const pauseMs = Math.round(Math.max(scheduledMs, Math.min(retryAfterMs, RETRY_AFTER_MAX_MS)));
  return sinceFirstMs + pauseMs > TRIED_FOR_MS ? undefined : pauseMs;
}

/** Between two looks whether an endpoint answers again: 5, 10, 20 … seconds, 5 minutes at most. */
export function pauseBeforeProbeMs(failures: number, random: number): number {
  return Math.round(Math.min(5 * MINUTE_MS, 5 * SECOND_MS * 2 ** (failures - 1)) * (1 + JITTER * random));
}
