/**
 * A bound on how many calls are at work at once; the others take turns in the order of their arrival. A call in line has not begun,
 * so giving up its wait leaves nothing behind.
 */
import { LATE, within } from '../../process/deadline.ts';

export interface Turns {
  /**
   * Waits up to `limitMs` for a turn, then again while `isWorthIt()`. Returns the function that ends the turn, which the caller
   * must call, or undefined on time-out.
   */
  readonly take: (limitMs: number, isWorthIt?: () => boolean) => Promise<(() => void) | undefined>;
}

interface Waiting {
  state: 'waiting' | 'called' | 'gone';
  readonly call: () => void;
}

export function limitConcurrency(atOnceMax: number): Turns {
  let taken = 0;
  const line: Waiting[] = [];

  /** Hands the turn to the next in line. */
  const end = (): void => {
    for (let next = line.shift(); next !== undefined; next = line.shift()) {
      if (next.state === 'gone') continue;
      next.state = 'called';
      next.call();
      return;
    }
    taken -= 1;
  };

  return {
    async take(limitMs, isWorthIt = () => false) {
      if (taken < atOnceMax) {
        taken += 1;
        return end;
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      const own: Waiting = { state: 'waiting', call: resolve };
      line.push(own);
      while ((await within(limitMs, promise)) === LATE && own.state === 'waiting') {
        if (isWorthIt()) continue;
        own.state = 'gone';
        return undefined;
      }
      return end;
    },
  };
}
