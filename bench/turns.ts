/**
 * What is compared is measured in turns: in every round each once, every other round backwards, so that whatever else the
 * machine does meets all of them alike. Told are the medians of the rounds with their spread, and of ratios the median of
 * the rounds' ratios, for two that were measured next to each other share the machine's mood.
 */
import type { Figures } from './closed-loop.ts';

export interface Turn {
  /** For whoever watches. */
  readonly name: string;
  /** Opens, measures and closes. */
  readonly run: () => Promise<readonly Sample[]>;
}

export interface Sample extends Figures {
  /** Names what was measured; with `atOnce` it is unique in a run. */
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

/** The median, and the least and the greatest. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** One measurement in all of its rounds. */
export interface Measured {
  readonly id: string;
  readonly atOnce: number;
  /** By round. */
  readonly rounds: readonly Sample[];
  readonly perSecond: Spread;
  readonly p50Ms: Spread;
  readonly p99Ms: Spread;
  readonly failed: number;
}

export interface RoundsOptions {
  readonly rounds: number;
  readonly said: (text: string) => void;
  /** Told of a turn that broke off and is taken once more; a second time, and when interrupted, it ends the run. */
  readonly brokeOff: (turn: string, error: unknown) => void;
  readonly interrupt: AbortSignal;
}

export async function inTurns(turns: readonly Turn[], options: RoundsOptions): Promise<Measured[]> {
  const { rounds, said, brokeOff, interrupt } = options;
  const samples: Sample[] = [];
  const again = (turn: Turn) => (error: unknown) => {
    if (interrupt.aborted) throw error;
    brokeOff(turn.name, error);
    return turn.run();
  };
  for (let round = 1; round <= rounds; round += 1) {
    for (const turn of round % 2 === 1 ? turns : turns.toReversed()) {
      said(`round ${round} of ${rounds}, ${turn.name}`);
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

/** Of two that were measured in the same rounds: how many times the other's figure this one's is. */
export function ratioOf(one: Measured, other: Measured, figure: 'perSecond' | 'p50Ms'): Spread {
  return spreadOf(one.rounds.map((round, n) => round[figure] / other.rounds[n]![figure]));
}

/** Of an even number of values, the median is the mean of the two in the middle. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const median = (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
  return { median, min: sorted[0]!, max: sorted.at(-1)! };
}
