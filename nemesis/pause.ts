/** Waiting in a fault, which is over at once when the run ends: whatever it has broken it still has to heal. */
import { setTimeout as sleep } from 'node:timers/promises';

const TRIES_MAX = 60;
const TRY_AGAIN_MS = 1_000;

/** Returns after so long, or as soon as the signal aborts. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {});
}

/** Polls until `isSo` holds; false if it does not in time or the signal aborts. An error it throws counts as no. */
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

/** Does what heals, or has to be healed, whatever else is broken at the moment, such as the server itself. */
export async function insist<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let n = 1; ; n += 1) {
    try {
      return await work();
    } catch (error) {
      if (n === TRIES_MAX) throw error;
      await sleep(TRY_AGAIN_MS);
    }
  }
}
