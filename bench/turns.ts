/**
 * Measurements in turns: each subject once in every round, every other round backwards, so that other load on the machine affects
 * all alike. Results are the medians of the rounds with their spread. A ratio is the median of the rounds' ratios, because two
 * subjects that were measured one after the other had the same conditions.
 */
import type { Figures } from './closed-loop.ts';

export interface Turn {
  /** The name in the progress. */
  readonly name: string;
  /** Opens, measures and closes the subject. */
  readonly run: () => Promise<readonly Sample[]>;
}

export interface Sample extends Figures {
  /** The name of the measurement; with `atOnce` it is unique in a run. */
  readonly id: string;
  readonly cost?: Cost | undefined;
}

/** What a transfer cost, in the mean. */
export interface Cost {
  /** CPU time in ms, by the names of the processes. */
  readonly cpuMs: Readonly<Record<string, number>>;
  /** How many transfers a group had; absent of what knows no groups. */
  readonly groupSize?: number | undefined;
}

/** The median, the least and the greatest of the rounds. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** One measurement in all of its rounds. */
export interface Measured {
  readonly id: string;
  readonly atOnce: number;
  /** The samples by round. */
  readonly rounds: readonly Sample[];
  readonly perSecond: Spread;
  readonly p50Ms: Spread;
  readonly p99Ms: Spread;
  readonly failed: number;
}

export interface RoundsOptions {
  readonly rounds: number;
  readonly tell: (text: string) => void;
  /** Called when a turn breaks off and is repeated once. A second failure, or an interruption, ends the run. */
  readonly brokeOff: (turn: string, error: unknown) => void;
  readonly interrupt: AbortSignal;
}

export async function inTurns(turns: readonly Turn[], options: RoundsOptions): Promise<Measured[]> {
  const { rounds, tell, brokeOff, interrupt } = options;
  const samples: Sample[] = [];
  const again = (turn: Turn) => (error: unknown) => {
    if (interrupt.aborted) throw error;
    brokeOff(turn.name, error);
    return turn.run();
  };
  for (let round = 1; round <= rounds; round += 1) {
    for (const turn of round % 2 === 1 ? turns : turns.toReversed()) {
      tell(`round ${round} of ${rounds}, ${turn.name}`);
      samples.push(...(await turn.run().catch(again(turn))));
    }
  }
  const groups = Map.groupBy(samples, ({ id, atOnce }) => `${id} ${atOnce}`);
  return [...groups.values()].map(measuredOf);
}

/** The samples of one measurement, in the order of the rounds. */
export function measuredOf(rounds: readonly Sample[]): Measured {
  const { id, atOnce } = rounds[0]!;
  return {
    id,
    atOnce,
    rounds,
    perSecond: spreadOf(rounds.map(({ perSecond }) => perSecond)),
    p50Ms: spreadOf(rounds.map(({ p50Ms }) => p50Ms)),
    p99Ms: spreadOf(rounds.map(({ p99Ms }) => p99Ms)),
    failed: rounds.reduce((all, { failed }) => all + failed, 0),
  };
}

/** The ratio of a figure of `one` to that of `other`, which were measured in the same rounds. */
export function ratioOf(one: Measured, other: Measured, figure: 'perSecond' | 'p50Ms'): Spread {
  return spreadOf(one.rounds.map((round, n) => round[figure] / other.rounds[n]![figure]));
}

/** The spread of values; the median of an even number is the mean of the two in the middle. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const median = (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
  return { median, min: sorted[0]!, max: sorted.at(-1)! };
}
