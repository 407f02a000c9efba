/** The schemas of the parts of a calendar: when a recurring transfer runs. A refusal says what its part may be. */
import { z } from '@hono/zod-openapi';
import { WEEKDAYS } from '../../domain/transfer/calendar.ts';
import { faultSaying } from '../http/validation.ts';

/** The refusal of one part of a calendar, whose values go from `min` to `max`, or are the word `also`. */
function outOf(min: number, max: number, also = '') {
  const allowed = `Must be a whole number from ${min} to ${max}${also}`;
  return {
    error: faultSaying(
      'calendar_invalid',
      `${allowed}, a range {start, end, step?} of numbers, a list of these, or "*".`,
    ),
  };
}

type Refusal = ReturnType<typeof outOf>;

/** The schemas of the values of one part of a calendar, from `min` to `max`: a number, and a range. */
function valuesWithin(min: number, max: number, invalid: Refusal) {
  const within = (from: number) => z.int(invalid).min(from, invalid).max(max, invalid);
  const range = z
    .strictObject({ start: within(min), end: within(min), step: within(1).optional() }, invalid)
    .refine(({ start, end }) => start <= end, invalid);
  return [within(min), range] as const;
}

/** The schemas of one such value, and of a list of up to 60. */
function oneOrMore<Values extends readonly z.ZodType[]>(values: Values, invalid: Refusal) {
  const listed = z.array(z.union(values, invalid)).min(1, invalid).max(60, invalid);
  return [...values, listed] as const;
}

export function calendarPart(min: number, max: number) {
  const invalid = outOf(min, max);
  return z.union([z.literal('*'), ...oneOrMore(valuesWithin(min, max, invalid), invalid)], invalid);
}

const dayInvalid = outOf(1, 31, ' or "last"');
const days = [...valuesWithin(1, 31, dayInvalid), z.literal('last')] as const;
export const dayPart = z.union([z.literal('*'), ...oneOrMore(days, dayInvalid)], dayInvalid);

const weekdayInvalid = {
  error: faultSaying('calendar_invalid', `Must be one of ${WEEKDAYS.join(', ')}, or a list of these.`),
};
const weekday = z.enum(WEEKDAYS, weekdayInvalid);
export const weekdayPart = z.union([weekday, z.array(weekday).min(1).max(7)], weekdayInvalid);
