/**
 * Waiting in a fault, which is over at once when the run ends: whatever it has broken it still has to heal.
 * Imported by the faults.
 */
import { setTimeout as sleep } from 'node:timers/promises';

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
