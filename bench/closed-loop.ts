/**
 * The one way in which everything is measured: so many at a time, each followed at once by the next, for some seconds after
 * a warm-up. What ends within these seconds counts; what is still under way at their end is waited for and does not.
 */
export interface LoopOptions {
  /** How many are under way at any time. */
  readonly atOnce: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

export interface Figures {
  readonly atOnce: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** How many ended within the time. */
  readonly count: number;
  /** How many threw, the warm-up's included. */
  readonly failed: number;
}

/** So many in a row that fail are not load but a fault: the loop ends with the last one's error. */
const FAILED_IN_A_ROW_MAX = 20;

export async function closedLoop(
  once: () => Promise<void>,
  { atOnce, warmUpSeconds, seconds }: LoopOptions,
): Promise<Figures> {
  const countsFrom = performance.now() + warmUpSeconds * 1_000;
  const endsAt = countsFrom + seconds * 1_000;
  const tookMs: number[] = [];
  let [failed, failedInARow] = [0, 0];
  const oneAfterTheOther = async (): Promise<void> => {
    for (let startedAt = performance.now(); startedAt < endsAt; startedAt = performance.now()) {
      try {
        await once();
        failedInARow = 0;
      } catch (error) {
        failed += 1;
        failedInARow += 1;
        if (failedInARow >= FAILED_IN_A_ROW_MAX) throw error;
        continue;
      }
      const endedAt = performance.now();
      if (endedAt >= countsFrom && endedAt < endsAt) tookMs.push(endedAt - startedAt);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, oneAfterTheOther));
  tookMs.sort((a, b) => a - b);
  return {
    atOnce,
    perSecond: tookMs.length / seconds,
    p50Ms: percentile(tookMs, 50),
    p99Ms: percentile(tookMs, 99),
    count: tookMs.length,
    failed,
  };
}

/** Of numbers in ascending order: the smallest that so many percent of them do not exceed; NaN of none. */
export function percentile(ascending: readonly number[], percent: number): number {
  return ascending[Math.max(0, Math.ceil((ascending.length * percent) / 100) - 1)] ?? Number.NaN;
}
