/**
 * The closed loop by which everything is measured: a fixed number of calls under way, each followed at once by the next, for some
 * seconds after a warm-up, and longer if too few have ended by then. Calls that end within that time count; calls still under way at
 * its end are awaited, not counted.
 */
export interface LoopOptions {
  /** The number of calls under way at any time. */
  readonly atOnce: number;
  /** The least time of the warm-up, which also lasts until `atOnce` calls have ended, but at most 15 s longer. */
  readonly warmUpSeconds: number;
  /** At least; it also lasts until twice as many as are under way at a time have ended, but no longer than 15 s more. */
  readonly seconds: number;
  /** Called when the counting begins, and again when it is over. */
  readonly atEdge?: () => void;
}

export interface Figures {
  readonly atOnce: number;
  /** NaN, as the times are, if nothing ended within the time. */
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
const MS_MORE_MAX = 15_000;

export async function closedLoop(
  once: () => Promise<void>,
  { atOnce, warmUpSeconds, seconds, atEdge = () => {} }: LoopOptions,
): Promise<Figures> {
  const warmFrom = performance.now() + warmUpSeconds * 1_000;
  const wanted = 2 * atOnce;
  let countsFrom = Number.POSITIVE_INFINITY;
  let enoughAt = seconds === 0 ? 0 : Number.POSITIVE_INFINITY;
  let overAt = Number.POSITIVE_INFINITY;
  const tookMs: number[] = [];
  let [ended, failed, failedInARow] = [0, 0, 0];
  const isOver = (now: number): boolean => {
    if (failedInARow >= FAILED_IN_A_ROW_MAX) return true;
    const dueAt = countsFrom + seconds * 1_000;
    if (overAt === Number.POSITIVE_INFINITY && now >= dueAt) {
      if (enoughAt === Number.POSITIVE_INFINITY && now < dueAt + MS_MORE_MAX) return false;
      overAt = Math.min(now, Math.max(dueAt, enoughAt));
      atEdge();
    }
    return now >= overAt;
  };
  const count = (tookFor: number, now: number): void => {
    tookMs.push(tookFor);
    if (tookMs.length === wanted) enoughAt = now;
  };

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
      if (endedAt >= countsFrom && !isOver(endedAt)) count(endedAt - startedAt, endedAt);
      const isWarm = ended >= atOnce || endedAt >= warmFrom + MS_MORE_MAX;
      if (endedAt >= warmFrom && isWarm && countsFrom === Number.POSITIVE_INFINITY) {
        countsFrom = endedAt;
        atEdge();
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, oneAfterTheOther));
  const perSecond = tookMs.length === 0 ? Number.NaN : (tookMs.length / (overAt - countsFrom)) * 1_000;
  return { atOnce, perSecond, ...latencies(tookMs), failed };
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
