/** The news that the log or an outbox may have something new, for any number of loops that otherwise look by themselves. */

export interface News {
  /** Says that there may be something new. */
  readonly wake: () => void;
  /** How much was heard so far. Taken before a look, it lets the wait after it miss nothing that comes during the look. */
  readonly heard: () => number;
  /** Waits until more than `heard` is heard, for so long at most, or until the signal aborts. */
  readonly until: (heard: number, pollMs: number, signal: AbortSignal) => Promise<void>;
}

export function createNews(): News {
  let count = 0;
  // Each wait takes away what it leaves here. Of a promise that stays pending, as long as nothing is new, each race would keep some
  // 150 bytes, several times a second.
  const waits = new Set<() => void>();
  return {
    heard: () => count,
    wake() {
      count += 1;
      for (const end of waits) end();
    },
    async until(heard, pollMs, signal) {
      if (count !== heard || signal.aborted) return;
      await new Promise<void>((resolve) => {
        const end = (): void => {
          clearTimeout(timer);
          waits.delete(end);
          signal.removeEventListener('abort', end);
          resolve();
        };
        const timer = setTimeout(end, pollMs);
        waits.add(end);
        signal.addEventListener('abort', end);
      });
    },
  };
}
