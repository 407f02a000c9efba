/**
 * The instants at which a recurring transfer runs. Each local time that its calendar names is one run: if the clock is put back and
 * shows that time twice, the run is at the first of the two; if the clock is put forward over it, at the moment after the gap.
 *
 * On every day without a change of clocks Temporal alone decides, by its own tz database. Around a change it is wrong in several
 * ways (docs/decisions/0013), so there it is given these instants, and any other time at which it starts is no run. Pure.
 */
import { CALENDAR_END_MS, localTimes, matchesLocal, type Calendar, type LocalMs } from './calendar.ts';
import { changeBetween, changesIn, offsetAt, type ClockChange } from './clock-changes.ts';
import { intervalOffset, type Recurrence } from './recurring.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** The longest gap: a day that was left out at the date line. */
const GAP_MS = DAY_MS;
/** How near to a change of clocks Temporal's times are not taken on trust: the whole local day, and two hours. */
const AROUND_MS = 26 * HOUR_MS;

type Timing = Pick<Recurrence, 'calendar' | 'timeZone'>;

/** Whether a nominal time at which the Schedule has started is a run. */
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

/** The second instant with the same local time, if the clock is put back between the two: only one of them is paid. */
export function secondOf({ calendar, timeZone }: Timing, at: Date): Date | undefined {
  if (calendar === null) return undefined;
  const local = at.getTime() + offsetAt(timeZone, at.getTime());
  const later = local - offsetAt(timeZone, at.getTime() + DAY_MS);
  return later > at.getTime() && later + offsetAt(timeZone, later) === local ? new Date(later) : undefined;
}

/** The instant of a local time: the first one at which the clock shows it, or else the moment after the gap. */
function instantOf(timeZone: string, local: LocalMs): number {
  const [fromMs, untilMs] = [local - DAY_MS, local + DAY_MS];
  const instants = [fromMs, untilMs].map((near) => local - offsetAt(timeZone, near));
  const shown = instants.filter((each) => each + offsetAt(timeZone, each) === local);
  return shown.length > 0 ? Math.min(...shown) : changeBetween(timeZone, fromMs, untilMs)!.atMs;
}

/** Enough to show ten years of runs. */
const YEARS_AHEAD = 11;
/** After so many instants no further year is computed; the first two years are computed in any case. */
const INSTANTS_MAX = 300;

/**
 * The runs around changes of clocks, which the Schedule is told one by one, because what Temporal makes of the calendar may leave
 * them out. They begin with the year of `from` and cover some years, so that the list is another one once a year.
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
 * The runs around one change of clocks. Of a local time that comes twice, Temporal takes the second, or both; it also leaves out
 * what follows within an hour of the second one, and does not run before a gap's hour is over. At a gap at midnight it takes the
 * day for the one before.
 */
function* runsAround(calendar: Calendar, timeZone: string, { before, after }: ClockChange): Generator<number> {
  const [low, high] = [Math.min(before, after), Math.max(before, after)];
  const isMidnightLeftOut = after > before && Math.floor((before - 1) / DAY_MS) < Math.floor(after / DAY_MS);
  const until = high + (isMidnightLeftOut ? DAY_MS : HOUR_MS);
  for (const local of localTimes(calendar, low, until)) yield instantOf(timeZone, local);
}

/**
 * Why a recurring transfer would never run from now on: no time is left, or it ends before the next run. Undefined if it will run.
 * `createdAt` is when it was made, from which its intervals count if it has no start.
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
  // A local time within a gap is before the earliest on the local clock, but its run comes after the gap.
  const from = earliest + offsetAt(timeZone, earliest) - GAP_MS;
  for (const local of localTimes(calendar, from, CALENDAR_END_MS)) {
    const instant = instantOf(timeZone, local);
    if (instant >= earliest) return instant;
  }
  return undefined;
}
