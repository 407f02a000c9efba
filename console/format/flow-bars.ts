/** What has moved in each step of time as the bars of a plot: sums are exact, and heights are rounded. */
import { shareOf, sumOf, unitsOf } from './amount.ts';

interface Flow {
  readonly amount: string;
}

export interface FlowStep {
  readonly at: string;
  readonly transfers: Flow;
  readonly credits: Flow;
  readonly debits: Flow;
}

export interface FlowBar {
  readonly at: string;
  /** Above the line, from it upwards: what has moved, and on it what has come in. */
  readonly moved: number;
  readonly came: number;
  /** Below the line. */
  readonly left: number;
}

/** So much is seen of what is there, however little it is beside the rest. */
const LEAST = 1.5;

/** `height`: of the whole plot. Returns also how far from above the line is, which amounts in both directions share a scale about. */
export function flowBars(steps: readonly FlowStep[], height: number): { bars: FlowBar[]; line: number } {
  const units = steps.map(({ at, transfers, credits, debits }) => ({
    at,
    moved: unitsOf(transfers.amount) ?? 0n,
    came: unitsOf(credits.amount) ?? 0n,
    left: unitsOf(debits.amount) ?? 0n,
  }));
  const above = units.reduce((most, { moved, came }) => (moved + came > most ? moved + came : most), 0n);
  const below = units.reduce((most, { left }) => (left > most ? left : most), 0n);
  const all = above + below;
  // The least heights of two bars above each other, and of one below, have a place of their own.
  const scaled = height - 3 * LEAST;
  const heightOf = (amount: bigint): number => (amount === 0n ? 0 : Math.max(LEAST, shareOf(amount, 0n, all) * scaled));
  const bars = units.map(({ at, moved, came, left }) => ({
    at,
    moved: heightOf(moved),
    came: heightOf(came),
    left: heightOf(left),
  }));
  return { bars, line: all === 0n ? height : height - Math.max(0, ...bars.map(({ left }) => left)) };
}

/** What all of the steps come to. */
export function flowTotals(steps: readonly FlowStep[]): { moved: string; came: string; left: string } {
  return {
    moved: sumOf(steps.map(({ transfers }) => transfers.amount)),
    came: sumOf(steps.map(({ credits }) => credits.amount)),
    left: sumOf(steps.map(({ debits }) => debits.amount)),
  };
}
