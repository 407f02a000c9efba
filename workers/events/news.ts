/** The news that the log or an outbox may have something new, for any number of loops that otherwise look by themselves. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface News {
  /** Says that there may be something new. */
  readonly wake: () => void;
  /** Resolves at the next `wake`. Taken before a look, it misses nothing that comes during it. */
  readonly next: () => Promise<void>;
}

export function createNews(): News {
  let alarm = Promise.withResolvers<void>();
  return {
    next: () => alarm.promise,
    wake() {
      alarm.resolve();
      alarm = Promise.withResolvers();
    },
  };
}

/** Waits for news, for so long at most, or until the signal aborts. */
export async function untilNews(news: Promise<void>, pollMs: number, signal: AbortSignal): Promise<void> {
  const polling = new AbortController();
  const either = AbortSignal.any([signal, polling.signal]);
  await Promise.race([news, sleep(pollMs, undefined, { signal: either }).catch(() => {})]);
  polling.abort();
}
