/**
 * What a recurring transfer is: a standing order whose runs are ordinary transfers, at an interval or by a calendar; and
 * what names a run. When it runs is in run-times.ts. Pure.
 */
import type { Calendar } from './calendar.ts';
import type { Currency } from '../currency.ts';
import type { WalletId } from '../ids.ts';

export const RECURRING_STATUSES = ['ACTIVE', 'PAUSED', 'DELETED'] as const;
export type RecurringStatus = (typeof RECURRING_STATUSES)[number];

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
