/**
 * Subjects in turns: every round opens, measures and closes each one, so that whatever else the machine does meets all of
 * them. What is told is the median of the rounds, and between which the others lay. Imported by bench/.
 */
import { closedLoop, type Figures } from './closed-loop.ts';
import type { Ground, SubjectKind } from './subject.ts';

/** The median, and the least and the greatest. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface Measured {
  readonly name: string;
  readonly atOnce: number;
  readonly perSecond: Spread;
  readonly p50Ms: Spread;
  readonly p99Ms: Spread;
  readonly count: number;
  readonly failed: number;
}

export interface Turn {
  readonly kind: SubjectKind;
  /** Each is measured in the order given, after one warm-up. */
  readonly atOnce: readonly number[];
}

export interface RoundsOptions {
  readonly rounds: number;
  /** Before the first measurement, at the greatest number at once, for a process that has just started is slow. */
  readonly warmUpSeconds: number;
  readonly seconds: number;
  readonly said: (text: string) => void;
}

/** Before each measurement, until as many are under way as there will be. */
const SETTLE_SECONDS = 0.5;
const WARM_UP_AT_ONCE_MAX = 50;

export async function measureInTurns(
  ground: Ground,
  turns: readonly Turn[],
  { rounds, warmUpSeconds, seconds, said }: RoundsOptions,
): Promise<Measured[]> {
  const figures = turns.map(({ atOnce }) => atOnce.map((): Figures[] => []));
  for (let round = 1; round <= rounds; round += 1) {
    for (const [turn, { kind, atOnce }] of turns.entries()) {
      said(`round ${round} of ${rounds}, ${kind.name}`);
      const subject = await kind.open(ground);
      try {
        const warmUp = { atOnce: Math.min(Math.max(...atOnce), WARM_UP_AT_ONCE_MAX), warmUpSeconds, seconds: 0 };
        await closedLoop(subject.once, warmUp);
        for (const [place, n] of atOnce.entries())
          figures[turn]![place]!.push(
            await closedLoop(subject.once, { atOnce: n, warmUpSeconds: SETTLE_SECONDS, seconds }),
          );
      } finally {
        await subject.close();
      }
    }
  }
  return turns.flatMap(({ kind }, turn) => figures[turn]!.map((each) => measured(kind.name, each)));
}

export function measured(name: string, figures: readonly Figures[]): Measured {
  const sum = (of: (one: Figures) => number): number => figures.reduce((all, one) => all + of(one), 0);
  return {
    name,
    atOnce: figures[0]!.atOnce,
    perSecond: spreadOf(figures.map(({ perSecond }) => perSecond)),
    p50Ms: spreadOf(figures.map(({ p50Ms }) => p50Ms)),
    p99Ms: spreadOf(figures.map(({ p99Ms }) => p99Ms)),
    count: sum(({ count }) => count),
    failed: sum(({ failed }) => failed),
  };
}

/** Of an even number of values, the median is the mean of the two in the middle. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const median = (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
  return { median, min: sorted[0]!, max: sorted.at(-1)! };
}
