/**
 * The closed loop by which everything is measured: a fixed number of calls under way, each followed at once by the next, for some
 * seconds after a warm-up. Calls that end within these seconds count; calls still under way at the end are awaited, not counted.
 */
export interface LoopOptions {
  /** The number of calls under way at any time. */
  readonly atOnce: number;
  /** The least time of the warm-up, which also lasts until `atOnce` calls have ended, but at most 15 s longer. */
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

export interface Figures {
  readonly atOnce: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** The number of calls that ended within the time. */
  readonly count: number;
  /** The number of calls that threw, those of the warm-up included. */
  readonly failed: number;
}

/** So many failures in a row are a fault and not load: the loop ends with the last error. */
const FAILED_IN_A_ROW_MAX = 20;
const WARM_UP_MS_MORE_MAX = 15_000;

export async function closedLoop(
  once: () => Promise<void>,
  { atOnce, warmUpSeconds, seconds }: LoopOptions,
): Promise<Figures> {
  const warmFrom = performance.now() + warmUpSeconds * 1_000;
  let countsFrom = Number.POSITIVE_INFINITY;
  const tookMs: number[] = [];
  let [ended, failed, failedInARow] = [0, 0, 0];
  const isOver = (now: number): boolean => now >= countsFrom + seconds * 1_000 || failedInARow >= FAILED_IN_A_ROW_MAX;

  const oneAfterTheOther = async (): Promise<void> => {
    for (let startedAt = performance.now(); !isOver(startedAt); startedAt = performance.now()) {
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
      ended += 1;
      if (endedAt >= countsFrom && !isOver(endedAt)) tookMs.push(endedAt - startedAt);
      const isWarm = ended >= atOnce || endedAt >= warmFrom + WARM_UP_MS_MORE_MAX;
      if (endedAt >= warmFrom && isWarm) countsFrom = Math.min(countsFrom, endedAt);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, oneAfterTheOther));
  return { atOnce, perSecond: tookMs.length / seconds, ...latencies(tookMs), failed };
}

/** Makes the calls one after the other, for calls that take too long for a loop of some seconds. */
export async function oneByOne(once: () => Promise<void>, times: number): Promise<Figures> {
  const tookMs: number[] = [];
  const beganAt = performance.now();
  for (let n = 0; n < times; n += 1) {
    const startedAt = performance.now();
    await once();
    tookMs.push(performance.now() - startedAt);
  }
  const seconds = (performance.now() - beganAt) / 1_000;
  return { atOnce: 1, perSecond: times / seconds, ...latencies(tookMs), failed: 0 };
}

/** The percentile of numbers in ascending order; NaN if there are none. */
export function percentile(ascending: readonly number[], percent: number): number {
  return ascending[Math.max(0, Math.ceil((ascending.length * percent) / 100) - 1)] ?? Number.NaN;
}

function latencies(tookMs: readonly number[]): Pick<Figures, 'p50Ms' | 'p99Ms' | 'count'> {
  const sorted = tookMs.toSorted((a, b) => a - b);
  return { p50Ms: percentile(sorted, 50), p99Ms: percentile(sorted, 99), count: tookMs.length };
}
