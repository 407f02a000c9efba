/** Work in lanes: that of one lane is done one after the other, in its order; that of different lanes side by side, up to a bound. */

export interface Turns {
  /** Waits for one of the places. Returns what gives it back. */
  readonly take: () => Promise<() => void>;
}

export function createTurns(atOnce: number): Turns {
  const waiting: (() => void)[] = [];
  let free = atOnce;
  const giveBack = (): void => {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  };
  return {
    async take() {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      return giveBack;
    },
  };
}

export interface Lanes {
  /** Does the work once all that was given to the lane before has ended, and a turn is free. `work` must not throw. */
  readonly run: (lane: string, turns: Turns, work: () => Promise<void>) => Promise<void>;
  /** Resolves once all that was given has ended. */
  readonly settled: () => Promise<void>;
}

export function createLanes(): Lanes {
  const ends = new Map<string, Promise<void>>();
  return {
    run(lane, turns, work) {
      const before = ends.get(lane);
      const end = (async () => {
        await before;
        const giveBack = await turns.take();
        try {
          await work();
        } finally {
          giveBack();
        }
      })();
      ends.set(lane, end);
      const leave = (): void => {
        if (ends.get(lane) === end) ends.delete(lane);
      };
      void end.then(leave, leave);
      return end;
    },
    async settled() {
      while (ends.size > 0) await Promise.allSettled(ends.values());
    },
  };
}
