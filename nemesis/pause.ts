/** Waiting in a fault. When the run ends, every wait ends at once, because the fault must still heal what it has broken. */
import { setTimeout as sleep } from 'node:timers/promises';

const TRIES_MAX = 60;
const TRY_AGAIN_MS = 1_000;

/** Returns after `ms`, or as soon as the signal aborts. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {});
}

/** Polls until `isSo` returns true; returns false when the time is up or the signal aborts. An error counts as false. */
export async function holdsWithin(
  limitMs: number,
  isSo: () => Promise<boolean> | boolean,
  signal: AbortSignal,
): Promise<boolean> {
  const deadline = Date.now() + limitMs;
  while (!signal.aborted && Date.now() < deadline) {
    const does = await Promise.resolve()
      .then(isSo)
      .catch(() => false);
    if (does) return true;
    await pause(100, signal);
  }
  return false;
}

/** Repeats work that heals, or that must be healed, until it succeeds, because other faults may be in its way. */
export async function untilDone<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let n = 1; ; n += 1) {
    try {
      return await work();
    } catch (error) {
      if (n === TRIES_MAX) throw error;
      await sleep(TRY_AGAIN_MS);
    }
  }
}
