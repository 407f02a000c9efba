// The contents of a request for a recurring transfer, and the names of its runs: judged without a database or Temporal.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { recurringRunId, recurringTransferId, transferId } from '../../domain/derived-id.ts';
import { hasDay, type Calendar } from '../../domain/transfer/calendar.ts';
import { intervalOffset, scheduledRunName, triggeredRunName } from '../../domain/transfer/recurring.ts';
import { RECEIVER, SENDER, testApp, type Problem } from './api-fakes.ts';

const body = { sender_wallet_id: SENDER, receiver_wallet_id: RECEIVER, amount: '25.00' };

/** The first fault of a body, by place and code; none if it got as far as the database, which is not there. */
async function faultOf(extra: Record<string, unknown>): Promise<string> {
  const [first] = await faultsOf(extra);
  return first === undefined ? 'none' : `${first.pointer} ${first.code}`;
}

async function faultsOf(extra: Record<string, unknown>): Promise<NonNullable<Problem['errors']>> {
  const { app } = testApp();
  const response = await app.request('/v1/recurring-transfers', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': 'k' },
    body: JSON.stringify({ ...body, ...extra }),
  });
  const { errors, code } = (await response.json()) as Problem;
  if (response.status === 500) return [];
  assert.equal(response.status, 422);
  assert.equal(code, errors?.[0]?.code);
  return errors!;
}

const at = (text: string): Date => new Date(text);

describe('a request for a recurring transfer', () => {
  const refused: [Record<string, unknown>, string][] = [
    [{}, '/every every_or_calendar'],
    [{ every: 60, calendar: { hour: 1 } }, '/every every_or_calendar'],
    [{ every: 59 }, '/every every_invalid'],
    [{ every: 60.5 }, '/every every_invalid'],
    [{ every: '60' }, '/every every_invalid'],
    [{ every: 366 * 86_400 + 1 }, '/every every_invalid'],
    [{ calendar: {} }, '/calendar calendar_invalid'],
    [{ calendar: 'daily' }, '/calendar calendar_invalid'],
    [{ calendar: { minute: 60 } }, '/calendar/minute calendar_invalid'],
    [{ calendar: { hour: [] } }, '/calendar/hour calendar_invalid'],
    [{ calendar: { hour: -1 } }, '/calendar/hour calendar_invalid'],
    [{ calendar: { hour: { start: 5, end: 3 } } }, '/calendar/hour calendar_invalid'],
    [{ calendar: { hour: { start: 5 } } }, '/calendar/hour calendar_invalid'],
    [{ calendar: { hour: { start: 1, end: 3, step: 0 } } }, '/calendar/hour/step calendar_invalid'],
    [{ calendar: { day_of_month: 0 } }, '/calendar/day_of_month calendar_invalid'],
    [{ calendar: { day_of_month: { start: 1, end: 3, step: 0 } } }, '/calendar/day_of_month/step calendar_invalid'],
    [{ calendar: { month: 'JUNE' } }, '/calendar/month calendar_invalid'],
    [{ calendar: { day_of_week: 'Monday' } }, '/calendar/day_of_week calendar_invalid'],
    [{ calendar: { day_of_week: 1 } }, '/calendar/day_of_week calendar_invalid'],
    [{ calendar: { second: 1 } }, '/calendar/second unknown_field'],
    [{ calendar: { day_of_month: 31, month: [2, 4], missing_day: 'skip' } }, '/calendar calendar_never'],
    [{ calendar: { day_of_month: 29, month: 2, day_of_week: 'MONDAY', year: 2028 } }, '/calendar calendar_never'],
    [{ calendar: { day_of_month: 'first' } }, '/calendar/day_of_month calendar_invalid'],
    [{ calendar: { hour: 'last' } }, '/calendar/hour calendar_invalid'],
    [{ calendar: { day_of_month: 31, missing_day: 'next' } }, '/calendar/missing_day missing_day_invalid'],
    [{ calendar: { day_of_month: 28, missing_day: 'last' } }, '/calendar/missing_day missing_day_invalid'],
    [{ calendar: { day_of_month: 'last', missing_day: 'last' } }, '/calendar/missing_day missing_day_invalid'],
    [{ calendar: { hour: 9, missing_day: 'skip' } }, '/calendar/missing_day missing_day_invalid'],
    [{ every: 60, time_zone: 'Nowhere/Town' }, '/time_zone time_zone_invalid'],
    [{ every: 60, time_zone: '+01:00' }, '/time_zone time_zone_invalid'],
    [{ every: 60, time_zone: '' }, '/time_zone time_zone_invalid'],
    [{ every: 60, starts_at: 'tomorrow' }, '/starts_at instant_invalid'],
    [{ every: 60, starts_at: '2040-01-01T00:00:00Z', ends_at: '2040-01-01T00:00:00Z' }, '/ends_at ends_before_start'],
    [{ every: 60, amount: '0' }, '/amount amount_not_positive'],
    [{ every: 60, receiver_wallet_id: SENDER }, '/receiver_wallet_id same_wallet'],
    [{ every: 60, until: '2040-01-01T00:00:00Z' }, '/until unknown_field'],
  ];
  for (const [extra, expected] of refused) {
    test(`is refused with ${expected} for ${JSON.stringify(extra)}`, async () => {
      assert.equal(await faultOf(extra), expected);
    });
  }

  const others = 'a range {start, end, step?} of numbers, a list of these, or "*".';
  for (const [calendar, detail] of [
    [{ day_of_month: 32 }, `Must be a whole number from 1 to 31 or "last", ${others}`],
    [{ day_of_month: ['first'] }, `Must be a whole number from 1 to 31 or "last", ${others}`],
    [{ minute: [1, 70] }, `Must be a whole number from 0 to 59, ${others}`],
    [{ month: 13 }, `Must be a whole number from 1 to 12, ${others}`],
    [{ year: { start: 1999, end: 2030 } }, `Must be a whole number from 2000 to 2100, ${others}`],
    [
      { day_of_week: 'MON' },
      'Must be one of SUNDAY, MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, or a list of these.',
    ],
  ] as const)
    test(`is told what is allowed, and nothing else, for ${JSON.stringify(calendar)}`, async () => {
      assert.deepEqual(
        (await faultsOf({ calendar })).map((fault) => fault.detail),
        [detail],
      );
    });

  const accepted: Record<string, unknown>[] = [
    { every: 60 },
    { every: 366 * 86_400, starts_at: '2020-01-01T00:00:00Z' },
    { calendar: { day_of_month: 1, hour: 9 }, time_zone: 'Asia/Kolkata' },
    { calendar: { hour: '*', minute: [0, { start: 20, end: 59, step: 20 }], day_of_week: ['MONDAY', 'FRIDAY'] } },
    { calendar: { month: { start: 1, end: 12, step: 3 }, day_of_month: 31 }, ends_at: '2040-01-01T00:00:00+02:00' },
    { calendar: { day_of_month: 30, month: 2 } },
    { calendar: { day_of_month: 'last' } },
    { calendar: { day_of_month: [15, 'last'], hour: 9 } },
    { calendar: { day_of_month: { start: 28, end: 31 }, missing_day: 'skip' } },
    { calendar: { day_of_month: 29, month: 2, year: { start: 2027, end: 2028 } }, time_zone: 'UTC' },
  ];
  for (const extra of accepted) {
    test(`may say ${JSON.stringify(extra)}`, async () => {
      assert.equal(await faultOf(extra), 'none');
    });
  }

  test('needs an Idempotency-Key, as a trigger does, for a repeat must not make a second one', async () => {
    const { app } = testApp();
    for (const path of ['', `/${SENDER}/trigger`]) {
      const response = await app.request(`/v1/recurring-transfers${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ...body, every: 60 }),
      });
      assert.deepEqual([response.status, ((await response.json()) as Problem).code], [400, 'idempotency_key_missing']);
    }
  });
});

describe('the calendar', () => {
  test('knows which days there are', () => {
    const cases: [Calendar, boolean][] = [
      [{ hour: 1 }, true],
      [{ day_of_month: 30, month: 2 }, false],
      [{ day_of_month: 30, month: 2, missing_day: 'last' }, true],
      [{ day_of_month: 'last', month: 2, year: 2027, day_of_week: 'SUNDAY' }, true],
      [{ day_of_month: 'last', month: 2, year: 2027, day_of_week: 'MONDAY' }, false],
      [{ day_of_month: 29, month: 2 }, true],
      [{ day_of_month: 29, month: 2, year: 2027 }, false],
      [{ day_of_month: 29, month: 2, year: [2027, 2028] }, true],
      [{ day_of_month: { start: 30, end: 31 }, month: [2, { start: 4, end: 6, step: 2 }] }, true],
      [{ day_of_month: 31, month: { start: 4, end: 6, step: 2 } }, false],
    ];
    for (const [calendar, expected] of cases) assert.equal(hasDay(calendar), expected, JSON.stringify(calendar));
  });
});

describe('an interval', () => {
  test('counts from its start, or else from when it was made, and not from 1970', () => {
    for (const [every, start] of [
      [60, '2026-11-21T10:00:17Z'],
      [3_600, '2026-11-21T10:15:00.500Z'],
      [86_400 * 7, '2026-11-21T23:59:59.999Z'],
    ] as const) {
      const offset = intervalOffset(every, at(start), at('2026-11-20T00:00:00Z'));
      assert.ok(offset >= 0 && offset < every);
      assert.equal((Math.ceil(at(start).getTime() / 1_000) - offset) % every, 0);
      const made = intervalOffset(every, null, at(start));
      assert.equal((Math.floor(at(start).getTime() / 1_000) - made) % every, 0);
    }
  });
});

describe('the id of a run', () => {
  const id = recurringTransferId('a');

  test('follows from the recurring transfer and the time or the key, and from nothing else', () => {
    const name = scheduledRunName(at('2026-11-21T10:00:00Z'));
    assert.equal(name, 'run/2026-11-21T10:00:00.000Z');
    const ids = [
      recurringRunId(id, name),
      recurringRunId(id, scheduledRunName(at('2026-11-21T10:01:00Z'))),
      recurringRunId(id, triggeredRunName('k')),
      recurringRunId(id, triggeredRunName('2026-11-21T10:00:00.000Z')),
      recurringRunId(recurringTransferId('b'), name),
    ];
    assert.equal(new Set(ids).size, ids.length);
    assert.equal(recurringRunId(id, scheduledRunName(at('2026-11-21T11:00:00+01:00'))), ids[0]);
  });

  test('is not what a client can name by a key of its own', () => {
    const name = triggeredRunName('k');
    assert.notEqual(recurringRunId(id, name), transferId(name));
  });
});
