/**
 * A recurring transfer: a standing order whose runs are ordinary transfers, at an interval or by a calendar; and the names of its
 * runs. The times of its runs are in run-times.ts. Pure.
 */
import type { Calendar } from './calendar.ts';
import type { Currency } from '../currency.ts';
import type { WalletId } from '../ids.ts';

export const RECURRING_STATUSES = ['ACTIVE', 'PAUSED', 'DELETED'] as const;
export type RecurringStatus = (typeof RECURRING_STATUSES)[number];

/** The rhythm of the runs: exactly one of `everySeconds` and `calendar`. */
export interface Recurrence {
  readonly everySeconds: number | null;
  readonly calendar: Calendar | null;
  /** An IANA name; used with a calendar only. */
  readonly timeZone: string;
  readonly startsAt: Date | null;
  /** The last instant at which a run may be due. */
  readonly endsAt: Date | null;
}

/** The terms of each transfer of a recurring transfer, which never change. */
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

/** How long a run that was missed, because something was down, may still be made up for; an older one is skipped, and listed. */
export const CATCHUP_MS = 86_400_000;

/**
 * The place of the run in each interval, in seconds since 1970 modulo the interval: Temporal counts intervals from 1970 unless it
 * is told otherwise. A recurring transfer counts them from its start, rounded up to a whole second. Without a start, it counts them
 * from when it was made, which is before any run: the first run is one interval later.
 */
export function intervalOffset(everySeconds: number, startsAt: Date | null, createdAt: Date): number {
  const fromSeconds =
    startsAt === null ? Math.floor(createdAt.getTime() / 1_000) : Math.ceil(startsAt.getTime() / 1_000);
  return fromSeconds % everySeconds;
}

/** The name of the run at a nominal time: the same run has the same name, so its transfer has the same id. */
export function scheduledRunName(nominalAt: Date): string {
  return `run/${nominalAt.toISOString()}`;
}

/** The name of a run that somebody asked for, by its Idempotency-Key. */
export function triggeredRunName(idempotencyKey: string): string {
  return `trigger/${idempotencyKey}`;
}
