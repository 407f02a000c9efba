/**
 * Lets so many do something at once, and the others take turns in the order in which they came. What waits in line here
 * has not been begun, so giving up the wait leaves nothing behind.
 */
import { LATE, within } from '../../process/deadline.ts';

export interface Turns {
  /**
   * Waits for a turn, at most so long, and on for as long again while `isWorthIt` says so when that is over; undefined if
   * there was none. Whoever has one ends it by calling the function.
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
