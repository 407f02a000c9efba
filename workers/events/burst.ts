/**
 * The wait for the end of a burst, such as a batch of ten thousand transfers. Copying its events while it runs would take its
 * processors: the relay lets it end first, for a bounded time.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../../db/database.ts';
import { lastSequence } from '../../db/outbox-queries.ts';

/** So many events in one look are a burst. */
export const BURST_EVENTS = 1_000;
/** A burst is over when no outbox has grown for so long: longer than a batch pauses between its acceptance and its first debits. */
const QUIET_MS = 400;
const WAIT_MS_MAX = 2_000;
const LOOK_MS = 100;

export interface Bursts {
  /** Waits until no outbox grows any more, but not longer than two seconds after the first wait for the same burst. */
  readonly untilOver: (signal: AbortSignal) => Promise<void>;
}

export function watchBursts(outboxes: readonly Database[]): Bursts {
  let waiting: Promise<void> | undefined;
  return {
    untilOver(signal) {
      waiting ??= wait(signal).finally(() => {
        waiting = undefined;
      });
      return waiting;
    },
  };

  async function wait(signal: AbortSignal): Promise<void> {
    const startedAt = performance.now();
    let [seen, grewAt] = [await total(), startedAt];
    while (!signal.aborted) {
      const now = performance.now();
      if (now - grewAt >= QUIET_MS || now - startedAt >= WAIT_MS_MAX) return;
      await sleep(LOOK_MS, undefined, { signal }).catch(() => {});
      const sum = await total();
      if (sum !== seen) [seen, grewAt] = [sum, performance.now()];
    }
  }

  /** An outbox that does not answer counts as one that does not grow. */
  async function total(): Promise<number> {
    const sequences = await Promise.all(outboxes.map((outbox) => lastSequence(outbox).catch(() => 0)));
    return sequences.reduce((sum, sequence) => sum + sequence, 0);
  }
}
