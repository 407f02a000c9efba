/** The changes of a time zone's clocks, by the tz database of the runtime. Pure, but for a cache of computed results. */
import type { LocalMs } from './calendar.ts';

const DAY_MS = 86_400_000;
/** The bound of each cache: more than there are names of time zones, but each may be written in upper and lower case. */
const KEPT_MAX = 1_000;

const formats = new Map<string, Intl.DateTimeFormat>();

/** How far ahead of UTC a time zone's clocks are at an instant, in milliseconds. Parts of a second of the instant are ignored. */
export function offsetAt(timeZone: string, atMs: number): number {
  const seconds = Math.floor(atMs / 1_000) * 1_000;
  const format = kept(formats, timeZone, () => formatOf(timeZone));
  const [month, day, year, hour, minute, second] = format.format(seconds).split(/\D+/).map(Number);
  return Date.UTC(year!, month! - 1, day, hour, minute, second) - seconds;
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const [numeric, digits] = ['numeric', '2-digit'] as const;
  return new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: numeric,
    month: digits,
    day: digits,
    hour: digits,
    minute: digits,
    second: digits,
  });
}

/**
 * A change of clocks: they show `before`, and at `atMs` are put to `after`, forward over a gap, or back, so that times come twice.
 */
export interface ClockChange {
  readonly atMs: number;
  readonly before: LocalMs;
  readonly after: LocalMs;
}

/** The one change between two instants, which are some days apart at most; undefined if the offset is the same at both. */
export function changeBetween(timeZone: string, fromMs: number, untilMs: number): ClockChange | undefined {
  const [before, after] = [offsetAt(timeZone, fromMs), offsetAt(timeZone, untilMs)];
  if (before === after) return undefined;
  let [low, high] = [Math.floor(fromMs / 1_000), Math.floor(untilMs / 1_000)];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(timeZone, middle * 1_000) === before) low = middle;
    else high = middle;
  }
  return { atMs: high * 1_000, before: high * 1_000 + before, after: high * 1_000 + after };
}

const years = new Map<string, readonly ClockChange[]>();

/** The changes within a year of UTC, in order. */
export function changesIn(timeZone: string, year: number): readonly ClockChange[] {
  return kept(years, `${timeZone} ${year}`, () => {
    const changes: ClockChange[] = [];
    for (let day = Date.UTC(year, 0, 1); day < Date.UTC(year + 1, 0, 1); day += DAY_MS) {
      const change = changeBetween(timeZone, day - 1_000, day + DAY_MS - 1_000);
      if (change !== undefined) changes.push(change);
    }
    return changes;
  });
}

function kept<Value>(all: Map<string, Value>, key: string, make: () => Value): Value {
  const known = all.get(key);
  if (known !== undefined) return known;
  const made = make();
  if (all.size >= KEPT_MAX) all.clear();
  all.set(key, made);
  return made;
}
