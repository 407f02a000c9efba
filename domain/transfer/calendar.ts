/**
 * A calendar: parts of the time on a local clock that all have to match. This file computes the matching days and times on that
 * clock; run-times.ts computes their instants. Pure.
 */

export const WEEKDAYS = ['SUNDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** Both ends included; `step` is 1 if absent. */
export interface CalendarRange {
  readonly start: number;
  readonly end: number;
  readonly step?: number | undefined;
}
/** One value, a range, several of both, or every value there is. */
export type CalendarPart = '*' | number | CalendarRange | readonly (number | CalendarRange)[];
/** A calendar part that may also name the last day of the month, whichever it is. */
export type DayPart = CalendarPart | 'last' | readonly (number | CalendarRange | 'last')[];

/** What a 29th, 30th or 31st means in a month without it: the month's last day, or no day. */
export const MISSING_DAYS = ['last', 'skip'] as const;

/**
 * The times whose parts all match. A part that is left out is 0 for second, minute and hour, and every value for the others. Stored
 * for ever as it was asked for, so its fields have the wire's names.
 */
export interface Calendar {
  /** Not available over HTTP, which allows one run a minute at most. */
  readonly second?: CalendarPart | undefined;
  readonly minute?: CalendarPart | undefined;
  readonly hour?: CalendarPart | undefined;
  readonly day_of_month?: DayPart | undefined;
  /** Stored if `namesMissingDay` is true. Rows from before there was a choice lack it, and skip as they always did. */
  readonly missing_day?: (typeof MISSING_DAYS)[number] | undefined;
  /** 1 is January. */
  readonly month?: CalendarPart | undefined;
  readonly year?: CalendarPart | undefined;
  readonly day_of_week?: Weekday | readonly Weekday[] | undefined;
}

/** Temporal's own bounds: no run is outside them. */
const YEARS = { min: 2000, max: 2100 } as const;
export const CALENDAR_END_MS = Date.UTC(YEARS.max + 1, 0, 1);
const CALENDAR_START_MS = Date.UTC(YEARS.min, 0, 1);
const DAY_MS = 86_400_000;

/** Whether the calendar names, by its number, a day that some months lack. `"*"` does not: it means every day there is. */
export function namesMissingDay({ day_of_month: day }: Calendar): boolean {
  return day !== undefined && day !== '*' && Math.max(...daysOf(day).days) > 28;
}

/** Whether any day matches the calendar at all. A 30th of February that is skipped never does. */
export function hasDay(calendar: Calendar): boolean {
  return (
    localTimes({ ...calendar, second: 0, minute: 0, hour: 0 }, CALENDAR_START_MS, CALENDAR_END_MS).next().done !== true
  );
}

/** A date and time on a local clock, in milliseconds since 1970 on that clock. */
export type LocalMs = number;

/** The matching local times from `from` on and before `until`, in order. */
export function* localTimes(calendar: Calendar, from: LocalMs, until: LocalMs): Generator<LocalMs> {
  const { isDay, hours, minutes, seconds } = compile(calendar);
  const end = Math.min(until, CALENDAR_END_MS);
  for (let day = Math.floor(Math.max(from, CALENDAR_START_MS) / DAY_MS) * DAY_MS; day < end; day += DAY_MS) {
    if (!isDay(day)) continue;
    for (const hour of hours)
      for (const minute of minutes)
        for (const second of seconds) {
          const at = day + ((hour * 60 + minute) * 60 + second) * 1_000;
          if (at >= from && at < end) yield at;
        }
  }
}

export function matchesLocal(calendar: Calendar, local: LocalMs): boolean {
  return localTimes(calendar, local, local + 1).next().done !== true;
}

function compile(calendar: Calendar) {
  const { days, isLast } = daysOf(calendar.day_of_month ?? '*');
  const daysMax = Math.max(...days);
  const months = valuesOf(calendar.month ?? '*', 1, 12);
  const years = valuesOf(calendar.year ?? '*', YEARS.min, YEARS.max);
  const weekdays = new Set([calendar.day_of_week ?? WEEKDAYS].flat().map((day) => WEEKDAYS.indexOf(day)));
  return {
    isDay: (midnight: LocalMs): boolean => {
      const date = new Date(midnight);
      const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()];
      if (!years.has(year) || !months.has(month) || !weekdays.has(date.getUTCDay())) return false;
      if (days.has(day)) return true;
      if (day < 28 || day !== new Date(Date.UTC(year, month, 0)).getUTCDate()) return false;
      return isLast || (calendar.missing_day === 'last' && daysMax > day);
    },
    hours: inOrder(valuesOf(calendar.hour ?? 0, 0, 23)),
    minutes: inOrder(valuesOf(calendar.minute ?? 0, 0, 59)),
    seconds: inOrder(valuesOf(calendar.second ?? 0, 0, 59)),
  };
}

/** A calendar without what Temporal does not know: `last` and `missing_day`. */
export interface PlainCalendar extends Omit<Calendar, 'day_of_month' | 'missing_day'> {
  readonly day_of_month?: CalendarPart | undefined;
}

const LENGTHS: Readonly<Record<number, readonly number[]>> = { 31: [1, 3, 5, 7, 8, 10, 12], 30: [4, 6, 9, 11] };

/** Calendars that together mean the same: one for the numbered days, and one for the last day of each length of a month. */
export function plainCalendars({ missing_day: missing, ...calendar }: Calendar): PlainCalendar[] {
  const { day_of_month: part, ...rest } = calendar;
  if (part === undefined || (missing !== 'last' && !saysLast(part))) return [calendar as PlainCalendar];
  const { days, isLast } = daysOf(part);
  const daysMax = missing === 'last' ? Math.max(...days) : 0;
  const months = valuesOf(rest.month ?? '*', 1, 12);
  const years = valuesOf(rest.year ?? '*', YEARS.min, YEARS.max);
  const isNeeded = (length: number): boolean => !days.has(length) && (isLast || daysMax > length);
  const plain: PlainCalendar[] = [];
  if (days.size > 0) plain.push({ ...rest, day_of_month: inOrder(days) });
  for (const length of [31, 30]) {
    const those = LENGTHS[length]!.filter((month) => months.has(month));
    if (isNeeded(length) && those.length > 0) plain.push({ ...rest, day_of_month: length, month: those });
  }
  if (!months.has(2)) return plain;
  if (isNeeded(29)) plain.push({ ...rest, day_of_month: 29, month: 2 });
  const short = inOrder(years).filter((year) => new Date(Date.UTC(year, 2, 0)).getUTCDate() === 28);
  if (isNeeded(28) && short.length > 0) plain.push({ ...rest, day_of_month: 28, month: 2, year: short });
  return plain;
}

function saysLast(part: DayPart): boolean {
  return part === 'last' || (Array.isArray(part) && part.includes('last'));
}

/** The days by their numbers, and whether the last day is named as `last`. */
function daysOf(part: DayPart): { days: Set<number>; isLast: boolean } {
  const isLast = saysLast(part);
  if (!isLast) return { days: valuesOf(part as CalendarPart, 1, 31), isLast };
  const numbered = part === 'last' ? [] : (part as readonly (number | CalendarRange | 'last')[]);
  return {
    days: valuesOf(
      numbered.filter((each) => each !== 'last'),
      1,
      31,
    ),
    isLast,
  };
}

/** Each value once. A step of 0, which is refused elsewhere, counts as 1. */
function valuesOf(part: CalendarPart, min: number, max: number): Set<number> {
  if (part === '*') return valuesOf({ start: min, end: max }, min, max);
  if (typeof part === 'number') return new Set([part]);
  if (!('start' in part)) return new Set(part.flatMap((each) => [...valuesOf(each, min, max)]));
  const { start, end } = part;
  const step = part.step || 1;
  return new Set(Array.from({ length: Math.floor((end - start) / step) + 1 }, (_, index) => start + index * step));
}

function inOrder(values: ReadonlySet<number>): number[] {
  return [...values].sort((a, b) => a - b);
}
