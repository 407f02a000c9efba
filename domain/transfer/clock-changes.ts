/**
 * When the clocks of a time zone are changed, by the tz database of the runtime. Pure, but for what it keeps so as not to
 * compute it again.
 */
import type { LocalMs } from './calendar.ts';

const DAY_MS = 86_400_000;
/** More than there are names of time zones; each may be written in upper and lower case. */
const KEPT_MAX = 1_000;

const formats = new Map<string, Intl.DateTimeFormat>();

/** How far ahead of UTC its clocks are at an instant, in milliseconds; the parts of a second are left out. */
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

/** Clocks that show `before` are put to `after` at an instant, forward over a gap, or back, so that times come twice. */
export interface ClockChange {
  readonly atMs: number;
  readonly before: LocalMs;
  readonly after: LocalMs;
}

/** The one change between two instants; undefined if the clocks go alike at both. They are some days apart at most. */
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

/** The changes of a year of UTC, in order. */
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
