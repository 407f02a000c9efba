/**
 * Whether something takes as long where much is stored as where little is: asked in turns, every other round backwards, so that other load
 * on the machine affects both alike.
 */
import { percentile } from './closed-loop.ts';

export const ROUNDS = 41;
export const WARM_UP_ROUNDS = 5;

export interface TwoSizes {
  /** Medians. */
  readonly smallMs: number;
  readonly largeMs: number;
  /** The rate at the large one, to that at the small one. */
  readonly ratio: number;
}

/** `time` returns how many milliseconds the work took in that round, counted from 0. */
export async function inTwoSizes<Store>(
  small: Store,
  large: Store,
  time: (store: Store, round: number) => Promise<number>,
): Promise<TwoSizes> {
  const times = { small: [] as number[], large: [] as number[] };
  const stores = { small, large };
  for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round += 1)
    for (const which of round % 2 === 0 ? (['small', 'large'] as const) : (['large', 'small'] as const)) {
      const tookMs = await time(stores[which], round);
      if (round >= WARM_UP_ROUNDS) times[which].push(tookMs);
    }
  const [smallMs, largeMs] = [median(times.small), median(times.large)];
  return { smallMs, largeMs, ratio: smallMs / largeMs };
}

function median(values: readonly number[]): number {
  return percentile(
    values.toSorted((a, b) => a - b),
    50,
  );
}
