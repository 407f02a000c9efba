/**
 * What a recurring transfer is: a standing order whose runs are ordinary transfers, at an interval or by a calendar. When
 * it runs is computed by Temporal alone; here is what is said about it, and what names a run. Pure.
 */
import type { Currency } from '../currency.ts';
import type { WalletId } from '../ids.ts';

export const RECURRING_STATUSES = ['ACTIVE', 'PAUSED', 'DELETED'] as const;
export type RecurringStatus = (typeof RECURRING_STATUSES)[number];

export const WEEKDAYS = ['SUNDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** Both ends included; `step` is 1 unless it is said. */
export interface CalendarRange {
  readonly start: number;
  readonly end: number;
  readonly step?: number | undefined;
}
/** One value, a range, several of both, or every value there is. */
export type CalendarPart = '*' | number | CalendarRange | readonly (number | CalendarRange)[];

/**
 * The times whose parts all match. A part that is left out is 0 for second, minute and hour, and every value for the others.
 * Kept for ever as it was asked for, which is why it has the wire's names.
 */
export interface Calendar {
  /** Not to be had over HTTP: once a minute is the most. */
  readonly second?: CalendarPart | undefined;
  readonly minute?: CalendarPart | undefined;
  readonly hour?: CalendarPart | undefined;
  readonly day_of_month?: CalendarPart | undefined;
  /** 1 is January. */
  readonly month?: CalendarPart | undefined;
  readonly year?: CalendarPart | undefined;
  readonly day_of_week?: Weekday | readonly Weekday[] | undefined;
}

/** When it runs: exactly one of `everySeconds` and `calendar`. */
export interface Recurrence {
  readonly everySeconds: number | null;
  readonly calendar: Calendar | null;
  /** An IANA name; for a calendar. */
  readonly timeZone: string;
  readonly startsAt: Date | null;
  /** Included. */
  readonly endsAt: Date | null;
}

/** What each of its transfers moves, from whom to whom. Never changes. */
export interface RecurringTerms extends Recurrence {
  readonly senderWalletId: WalletId;
  readonly receiverWalletId: WalletId;
  /** Canonical decimal string, see money.ts. */
  readonly amount: string;
  readonly currency: Currency;
  readonly reference: string | null;
  readonly metadata: Readonly<Record<string, string>>;
}

export const EVERY_SECONDS = { min: 60, max: 366 * 86_400 } as const;

/** What is missed, because something was down, is caught up for so long; what is older is skipped, and listed. */
export const CATCHUP_MS = 86_400_000;

/**
 * Where in each interval the run is, in seconds since 1970 modulo the interval: Temporal counts intervals from 1970 unless
 * it is told otherwise. A standing order counts them from its start, in whole seconds not before it; without one from when
 * it was made, which was before any run: the first is one interval later.
 */
export function intervalOffset(everySeconds: number, startsAt: Date | null, createdAt: Date): number {
  const fromSeconds =
    startsAt === null ? Math.floor(createdAt.getTime() / 1_000) : Math.ceil(startsAt.getTime() / 1_000);
  return fromSeconds % everySeconds;
}

/** The name of the run at a nominal time: the same run has the same name, and so its transfer the same id. */
export function scheduledRunName(nominalAt: Date): string {
  return `run/${nominalAt.toISOString()}`;
}

/** The name of a run that somebody asked for, by its Idempotency-Key. */
export function triggeredRunName(idempotencyKey: string): string {
  return `trigger/${idempotencyKey}`;
}

const LEAP_YEAR = 2028;

/** Whether there is a day in its months and years at all: not the 30th of February. */
export function hasDay({ day_of_month: day = '*', month = '*', year = LEAP_YEAR }: Calendar): boolean {
  // However often a calendar names its values, there are twelve months and some hundred years.
  const firstDay = Math.min(...valuesOf(day, 1, 31));
  const months = [...valuesOf(month, 1, 12)];
  const years = year === '*' ? [LEAP_YEAR] : [...valuesOf(year, 1_970, 2_100)];
  return years.some((y) => months.some((m) => firstDay <= new Date(Date.UTC(y, m, 0)).getUTCDate()));
}

/** Each value once. */
function valuesOf(part: CalendarPart, min: number, max: number): Set<number> {
  if (part === '*') return valuesOf({ start: min, end: max }, min, max);
  if (typeof part === 'number') return new Set([part]);
  if (!('start' in part)) return new Set(part.flatMap((each) => [...valuesOf(each, min, max)]));
  const { start, end, step = 1 } = part;
  return new Set(Array.from({ length: Math.floor((end - start) / step) + 1 }, (_, index) => start + index * step));
}
