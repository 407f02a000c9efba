/**
 * At which instants a recurring transfer runs. Each time on the wall that its calendar names is one run: where the clock is
 * put back and shows it twice, at the first of the two; where it is put forward over it, at the moment after the gap.
 *
 * On every day but those of a change Temporal alone decides, by its own tz database. Around a change it is wrong in several
 * ways (docs/decisions/0013), so there it is given these instants, and what else it starts there is no run. Pure.
 */
import { CALENDAR_END_MS, localTimes, matchesLocal, type Calendar, type LocalMs } from './calendar.ts';
import { changeBetween, changesIn, offsetAt, type ClockChange } from './clock-changes.ts';
import { intervalOffset, type Recurrence } from './recurring.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** No gap is longer but a day that was left out at the date line. */
const GAP_MS = DAY_MS;
/** How far from a change what Temporal computes is not taken on trust: the whole local day, and some. */
const AROUND_MS = 26 * HOUR_MS;

type Timing = Pick<Recurrence, 'calendar' | 'timeZone'>;

/** Whether a nominal time that its Schedule has run is one of its runs. */
export function isRunTime({ calendar, timeZone }: Timing, at: Date): boolean {
  const atMs = at.getTime();
  if (calendar === null) return true;
  const change = changeBetween(timeZone, atMs - AROUND_MS, atMs + AROUND_MS);
  return change === undefined || isRunNear(calendar, timeZone, atMs);
}

function isRunNear(calendar: Calendar, timeZone: string, atMs: number): boolean {
  const local = atMs + offsetAt(timeZone, atMs);
  if (matchesLocal(calendar, local) && instantOf(timeZone, local) === atMs) return true;
  const before = atMs + offsetAt(timeZone, atMs - 1_000);
  return before < local && localTimes(calendar, before, local).next().done !== true;
}

/** The same time on the wall an hour or so later, where the clock is put back between: what is paid at one is not due at the other. */
export function secondOf({ calendar, timeZone }: Timing, at: Date): Date | undefined {
  if (calendar === null) return undefined;
  const local = at.getTime() + offsetAt(timeZone, at.getTime());
  const later = local - offsetAt(timeZone, at.getTime() + DAY_MS);
  return later > at.getTime() && later + offsetAt(timeZone, later) === local ? new Date(later) : undefined;
}

/** The instant of a time on the wall: the first one at which it shows that, or else the moment after the gap. */
function instantOf(timeZone: string, local: LocalMs): number {
  const [fromMs, untilMs] = [local - DAY_MS, local + DAY_MS];
  const instants = [fromMs, untilMs].map((near) => local - offsetAt(timeZone, near));
  const shown = instants.filter((each) => each + offsetAt(timeZone, each) === local);
  return shown.length > 0 ? Math.min(...shown) : changeBetween(timeZone, fromMs, untilMs)!.atMs;
}

/** Ten years of runs can be shown. */
const YEARS_AHEAD = 11;
/** Not many more instants than this are computed ahead, but for those of the first two years. */
const INSTANTS_MAX = 300;

/**
 * The runs that its Schedule is told one by one, for what Temporal makes of its calendar may leave them out: those around the
 * changes of clocks, from the beginning of the year of `from` on for some years, so that it is another list once a year.
 */
export function runsAroundChanges({ calendar, timeZone }: Timing, from: Date): Date[] {
  if (calendar === null) return [];
  const first = from.getUTCFullYear();
  const instants = new Set<number>();
  for (let year = first; year <= first + YEARS_AHEAD; year += 1) {
    if (year >= first + 2 && instants.size >= INSTANTS_MAX) break;
    for (const change of changesIn(timeZone, year))
      for (const instant of runsAround(calendar, timeZone, change)) instants.add(instant);
  }
  return [...instants].sort((a, b) => a - b).map((instant) => new Date(instant));
}

/**
 * Of a time that comes twice, Temporal takes the second, or both; it also leaves out what follows within an hour of the second
 * one, and does not run before a gap's hour is over. A gap at midnight makes it take the day for the one before.
 */
function* runsAround(calendar: Calendar, timeZone: string, { before, after }: ClockChange): Generator<number> {
  const [low, high] = [Math.min(before, after), Math.max(before, after)];
  const isMidnightLeftOut = after > before && Math.floor((before - 1) / DAY_MS) < Math.floor(after / DAY_MS);
  const until = high + (isMidnightLeftOut ? DAY_MS : HOUR_MS);
  for (const local of localTimes(calendar, low, until)) yield instantOf(timeZone, local);
}

/**
 * Why it would never run from now on: there is no time left, or its end is before the next one. Undefined if it will. `createdAt`
 * is when it was made, from which its intervals count if it has no start.
 */
export function neverRuns(
  order: Recurrence,
  now: Date,
  createdAt = now,
): 'no_time_left' | 'ends_before_first_run' | undefined {
  const first =
    order.calendar === null ? firstOfInterval(order, now, createdAt) : firstOfCalendar(order.calendar, order, now);
  if (first === undefined) return 'no_time_left';
  return order.endsAt !== null && order.endsAt.getTime() < first ? 'ends_before_first_run' : undefined;
}

function firstOfInterval({ everySeconds, startsAt }: Recurrence, now: Date, createdAt: Date): number {
  const everyMs = everySeconds! * 1_000;
  const offsetMs = intervalOffset(everySeconds!, startsAt, createdAt) * 1_000;
  const earliest = Math.max(now.getTime() + 1, startsAt?.getTime() ?? 0);
  return Math.ceil((earliest - offsetMs) / everyMs) * everyMs + offsetMs;
}

function firstOfCalendar(
  calendar: Calendar,
  { timeZone, startsAt }: Pick<Recurrence, 'timeZone' | 'startsAt'>,
  now: Date,
): number | undefined {
  const earliest = Math.max(now.getTime() + 1, startsAt?.getTime() ?? 0);
  // What falls into a gap is before the earliest on the wall, and runs after it.
  const from = earliest + offsetAt(timeZone, earliest) - GAP_MS;
  for (const local of localTimes(calendar, from, CALENDAR_END_MS)) {
    const instant = instantOf(timeZone, local);
    if (instant >= earliest) return instant;
  }
  return undefined;
}
