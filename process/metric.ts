/**
 * A counter, a histogram or a gauge over closed sets of labels: no label's value is ever taken from a request or a row, so that the
 * number of series has a bound. Each counter and histogram begins at 0 with every combination of its values.
 */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** The values of each label. */
export type Sets = Readonly<Record<string, readonly string[]>>;
type Labels<S extends Sets> = { readonly [Name in keyof S]: S[Name][number] };

/** The set of a label whose values are known only once a process is composed, such as its routes: `begin` tells them. */
export const TOLD_LATER: readonly string[] = [];

export interface Counting<S extends Sets> {
  /** Begins a combination at 0, if it has not begun. */
  readonly begin: (labels: Labels<S>) => void;
  readonly add: (labels: Labels<S>, count?: number) => void;
}

export interface Timing<S extends Sets> {
  readonly begin: (labels: Labels<S>) => void;
  readonly observe: (labels: Labels<S>, seconds: number) => void;
}

/** A gauge that has no series until it is known: what is unknown must not look like 0. */
export interface Showing<Name extends string> {
  readonly set: (labels: Readonly<Record<Name, string>>, value: number) => void;
  /** Takes all series away. */
  readonly forget: () => void;
  /** Takes the series of these labels away. */
  readonly forgetOne: (labels: Readonly<Record<Name, string>>) => void;
}

/** A metric's name, and its definition, which becomes the HELP text. */
export interface Declared {
  readonly name: string;
  readonly help: string;
}

export function countingOf<S extends Sets>(registry: Registry, declared: Declared, sets: S): Counting<S> {
  const counter = new Counter({ ...declared, labelNames: Object.keys(sets), registers: [registry] });
  for (const labels of combinations(sets)) counter.inc(labels, 0);
  return {
    begin: (labels) => counter.inc(labels, 0),
    add: (labels, count = 1) => counter.inc(labels, count),
  };
}

export function timingOf<S extends Sets>(
  registry: Registry,
  { buckets, ...declared }: Declared & { readonly buckets: readonly number[] },
  sets: S,
): Timing<S> {
  const labelNames = Object.keys(sets);
  const histogram = new Histogram({ ...declared, buckets: [...buckets], labelNames, registers: [registry] });
  for (const labels of combinations(sets)) histogram.zero(labels);
  return {
    begin: (labels) => histogram.zero(labels),
    observe: (labels, seconds) => histogram.observe(labels, seconds),
  };
}

export function showingOf<Name extends string = never>(
  registry: Registry,
  declared: Declared,
  labelNames: readonly Name[] = [],
): Showing<Name> {
  const gauge = new Gauge<string>({ ...declared, labelNames: [...labelNames], registers: [registry] });
  const forget = (): void => {
    gauge.reset();
    // Without labels, a reset is a 0.
    if (labelNames.length === 0) gauge.remove();
  };
  forget();
  return {
    set: (labels, value) => gauge.set(labels, value),
    forget,
    forgetOne: (labels) => gauge.remove(labels),
  };
}

/** A gauge that is read at each scrape from what the process has at hand. */
export function readAtScrape<Name extends string>(
  registry: Registry,
  declared: Declared,
  labelNames: readonly Name[],
  read: () => Iterable<readonly [labels: Readonly<Record<Name, string>>, value: number]>,
): void {
  new Gauge<string>({
    ...declared,
    labelNames: [...labelNames],
    registers: [registry],
    collect() {
      this.reset();
      for (const [labels, value] of read()) this.set(labels, value);
    },
  });
}

function combinations(sets: Sets): Record<string, string>[] {
  return Object.entries(sets).reduce<Record<string, string>[]>(
    (found, [name, values]) => found.flatMap((labels) => values.map((value) => ({ ...labels, [name]: value }))),
    [{}],
  );
}
