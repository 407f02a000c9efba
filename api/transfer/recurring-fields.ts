/** The schemas of recurring transfers: the request, which says when one runs, and the answers. */
import { z } from '@hono/zod-openapi';
import type { RecurringTransfer } from '../../db/transfer/recurring-queries.ts';
import type { Transfer } from '../../db/transfer/queries.ts';
import type { RecurringTransferId } from '../../domain/ids.ts';
import { hasDay, MISSING_DAYS, namesMissingDay, type Calendar } from '../../domain/transfer/calendar.ts';
import { neverRuns } from '../../domain/transfer/run-times.ts';
import { EVERY_SECONDS, RECURRING_STATUSES, type RecurringTerms } from '../../domain/transfer/recurring.ts';
import { TRANSFER_FAILURE_REASONS, TRANSFER_STATUSES } from '../../domain/transfer/transfer.ts';
import {
  amountAnswer,
  exampleMovementId,
  exampleReceiverId,
  exampleRecurringId,
  exampleWalletId,
  idAnswer,
  instantAnswer,
  instantField,
  walletIdField,
} from '../http/fields.ts';
import { calendarPart, dayPart, weekdayPart } from './calendar-parts.ts';
import { movementRequestFields } from './movement.ts';
import { ProblemError } from '../http/problem.ts';
import { bodyFault, faultCode } from '../http/validation.ts';

/** What a calendar as a whole says is judged once each of its parts is right. */
const once = { when: ({ issues }: { readonly issues: readonly unknown[] }) => issues.length === 0 };

const calendarField = z
  .strictObject(
    {
      minute: calendarPart(0, 59).optional().openapi({ description: 'The default is 0.' }),
      hour: calendarPart(0, 23).optional().openapi({ description: 'The default is 0.' }),
      day_of_month: dayPart.optional().openapi({ description: '`"last"` is the last day of each month.' }),
      missing_day: z
        .enum(MISSING_DAYS, { error: 'missing_day_invalid' })
        .optional()
        .openapi({
          description:
            "What happens to a `day_of_month` of 29 to 31 in a month without that day: `last`, the default, runs on the month's last " +
            'day, `skip` does not run. Recurring transfers from before this choice existed skip, and show `skip`.',
        }),
      month: calendarPart(1, 12).optional().openapi({ description: '1 is January.' }),
      year: calendarPart(2000, 2100).optional(),
      day_of_week: weekdayPart.optional(),
    },
    { error: faultCode('calendar_invalid') },
  )
  .refine((calendar) => Object.keys(calendar).length > 0, { error: 'calendar_invalid', abort: true, ...once })
  .refine((calendar) => calendar.missing_day === undefined || namesMissingDay(calendar), {
    error: 'missing_day_invalid',
    path: ['missing_day'],
    abort: true,
  })
  .refine((calendar) => hasDay(withMissingDay(calendar)), { error: 'calendar_never', ...once })
  .openapi({
    example: { day_of_month: 1, hour: 9 },
    description:
      'Runs at the times, in `time_zone`, that match all parts. A part is a number, a range `{start, end, step?}` that includes both ' +
      'ends, a list of these, or `"*"`; days of the week are names. Without a part, minute and hour are 0, and the others match ' +
      'every value: `{"day_of_month": 1, "hour": 9}` is 9:00 on the first of every month, `{"hour": "*", "minute": [0, 30], ' +
      '"day_of_week": ["MONDAY", "FRIDAY"]}` every half hour on two days of the week. Each time runs once on each of its days. If ' +
      'the clock is put forward over it, it runs right after the gap; if the clock is put back and shows it twice, it runs the ' +
      'first time. So a calendar of every hour runs once less on such a day. For evenly spaced runs, use `every`.',
  });

/** The calendar as it is stored: with the default of `missing_day` written out. */
function withMissingDay(calendar: Calendar): Calendar {
  return { ...calendar, ...(namesMissingDay(calendar) ? { missing_day: calendar.missing_day ?? 'last' } : {}) };
}

const timeZoneField = z
  .string({ error: faultCode('time_zone_invalid') })
  .max(64, { error: 'time_zone_invalid', abort: true })
  .refine(isTimeZone, 'time_zone_invalid')
  .default('UTC')
  .openapi({
    type: 'string',
    default: 'UTC',
    example: 'Europe/Berlin',
    description: 'The time zone of the calendar, by its IANA name. It has no effect on `every`.',
  });

/** Whether a tz database has the name. Offsets are refused, because they know no daylight saving. */
function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

export const recurringRequest = z
  .strictObject(
    {
      sender_wallet_id: walletIdField,
      receiver_wallet_id: walletIdField.openapi({ example: exampleReceiverId }),
      ...movementRequestFields,
      every: z
        .int({ error: faultCode('every_invalid') })
        .min(EVERY_SECONDS.min, 'every_invalid')
        .max(EVERY_SECONDS.max, 'every_invalid')
        .optional()
        .openapi({
          example: 86_400,
          description:
            'Seconds from one run to the next, 60 to 31622400. The first run is at `starts_at`, or one interval after now. ' +
            'Exactly one of `every` and `calendar` is needed.',
        }),
      calendar: calendarField.optional(),
      time_zone: timeZoneField,
      starts_at: instantField.optional().openapi({
        description: 'No run is before it, and intervals are counted from it, even if it has passed.',
      }),
      ends_at: instantField
        .optional()
        .openapi({ description: 'No run is after it. At least one run must be before it.' }),
    },
    { error: faultCode('body_invalid') },
  )
  .refine((body) => body.sender_wallet_id !== body.receiver_wallet_id, {
    error: 'same_wallet',
    path: ['receiver_wallet_id'],
  })
  .refine((body) => (body.every === undefined) !== (body.calendar === undefined), {
    error: 'every_or_calendar',
    path: ['every'],
  })
  .refine((body) => !body.starts_at || !body.ends_at || body.starts_at < body.ends_at, {
    error: 'ends_before_start',
    path: ['ends_at'],
  })
  .openapi('RecurringTransferRequest', {
    example: {
      sender_wallet_id: exampleWalletId,
      receiver_wallet_id: exampleReceiverId,
      amount: '25.00',
      calendar: { day_of_month: 1, hour: 9 },
      time_zone: 'Europe/Berlin',
    },
  });

/** The calendar in an answer, which does not judge what was stored. */
const calendarAnswer = z.record(z.string(), z.unknown()).openapi({ example: { day_of_month: 1, hour: 9 } });

const recurringFields = {
  recurring_transfer_id: idAnswer(exampleRecurringId),
  sender_wallet_id: idAnswer(exampleWalletId),
  receiver_wallet_id: idAnswer(exampleReceiverId),
  status: z.enum(RECURRING_STATUSES).openapi({ description: 'DELETED is final.' }),
  amount: amountAnswer,
  currency: z.string().openapi({ example: 'USD' }),
  reference: z.string().nullable(),
  metadata: z.record(z.string(), z.string()),
  every: z.int().nullable().openapi({ example: null }),
  calendar: calendarAnswer.nullable(),
  time_zone: z.string().openapi({ example: 'Europe/Berlin' }),
  starts_at: instantAnswer.nullable(),
  ends_at: instantAnswer.nullable(),
  created_at: instantAnswer,
  updated_at: instantAnswer,
};

export const recurringAnswer = z.object(recurringFields).openapi('RecurringTransfer');

export const runAnswer = z
  .object({
    scheduled_for: instantAnswer
      .nullable()
      .openapi({ description: 'The time that the run is for; null if it was triggered.' }),
    transfer_id: idAnswer(exampleMovementId),
    status: z.enum(TRANSFER_STATUSES),
    failure_reason: z.enum(TRANSFER_FAILURE_REASONS).nullable(),
    accepted_at: instantAnswer.openapi({ description: 'Later than `scheduled_for` if the run was caught up.' }),
  })
  .openapi('RecurringTransferRun');

export const skipAnswer = z.object({ scheduled_for: instantAnswer }).openapi('SkippedRun');

const nextRunsAnswer = z
  .array(instantAnswer)
  .nullable()
  .openapi({
    description:
      'The next ten at most, none unless it is ACTIVE; null while Temporal, which computes them, does not answer. None either while ' +
      'its Schedule does not run, which `schedule` tells.',
  });

export const recurringMade = z
  .object({
    ...recurringFields,
    next_runs: nextRunsAnswer.openapi({
      description:
        'The next ten at most, none unless it is ACTIVE; null where Temporal, which computes them, did not answer in time: ask again.',
    }),
  })
  .openapi('RecurringTransferMade');

export const recurringDetails = z
  .object({
    ...recurringFields,
    next_runs: nextRunsAnswer,
    schedule: z
      .enum(['runs', 'paused', 'missing'])
      .nullable()
      .openapi({
        example: 'runs',
        description:
          'The state of its Temporal Schedule; null unless it is ACTIVE, and while Temporal does not answer. If it is `paused` or ' +
          '`missing`, the recurring transfer was made a moment ago, has no run left, or somebody stopped the Schedule in Temporal. ' +
          'In the last case the reconciliation puts it right, and runs that were due meanwhile, within a day, are made up for.',
      }),
    last_runs: z.array(runAnswer).openapi({ description: 'The ten newest runs; `/runs` lists all.' }),
    skipped_runs: z.array(instantAnswer).openapi({
      description: 'The times of the ten latest runs that were missed and not caught up; `/skipped-runs` lists all.',
    }),
  })
  .openapi('RecurringTransferDetails');

export function renderRecurring(row: RecurringTransfer): z.input<typeof recurringAnswer> {
  return {
    recurring_transfer_id: row.recurringTransferId,
    sender_wallet_id: row.senderWalletId,
    receiver_wallet_id: row.receiverWalletId,
    status: row.status,
    amount: row.amount,
    currency: row.currency,
    reference: row.reference,
    metadata: row.metadata,
    every: row.everySeconds,
    calendar: row.calendar === null ? null : renderCalendar(row.calendar),
    time_zone: row.timeZone,
    starts_at: row.startsAt?.toISOString() ?? null,
    ends_at: row.endsAt?.toISOString() ?? null,
    created_at: row.createdAt.toISOString(),
    updated_at: row.updatedAt.toISOString(),
  };
}

/** A calendar that was made before there was a choice lacks `missing_day`, and skips. */
function renderCalendar(calendar: Calendar): Record<string, unknown> {
  return { ...calendar, ...(namesMissingDay(calendar) ? { missing_day: calendar.missing_day ?? 'skip' } : {}) };
}

export function renderRun(row: Transfer): z.input<typeof runAnswer> {
  return {
    scheduled_for: row.nominalAt?.toISOString() ?? null,
    transfer_id: row.transferId,
    status: row.status,
    failure_reason: row.failureReason,
    accepted_at: row.createdAt.toISOString(),
  };
}

/** Returns the terms of a request, as they are stored. */
export function termsOf(body: z.output<typeof recurringRequest>): RecurringTerms {
  return {
    senderWalletId: body.sender_wallet_id,
    receiverWalletId: body.receiver_wallet_id,
    amount: body.amount,
    currency: body.currency,
    reference: body.reference ?? null,
    metadata: body.metadata,
    everySeconds: body.every ?? null,
    calendar: body.calendar === undefined ? null : withMissingDay(body.calendar),
    timeZone: body.time_zone,
    startsAt: body.starts_at ?? null,
    endsAt: body.ends_at ?? null,
  };
}

/** The fault of terms that will never run from `now` on; undefined if they will. */
export function neverFault(terms: RecurringTerms, now: Date): ReturnType<typeof bodyFault> | undefined {
  if (terms.endsAt !== null && terms.endsAt <= now) return bodyFault('ends_in_the_past', ['ends_at']);
  switch (neverRuns(terms, now)) {
    case 'no_time_left':
      return bodyFault('calendar_never', ['calendar']);
    case 'ends_before_first_run':
      return bodyFault('ends_before_first_run', ['ends_at']);
    case undefined:
      return undefined;
  }
}

export function recurringNotFound(id: RecurringTransferId): ProblemError {
  return new ProblemError('recurring_transfer_not_found', { detail: `There is no recurring transfer ${id}.` });
}
