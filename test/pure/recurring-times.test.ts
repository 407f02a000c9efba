// The instants at which a calendar runs: last days of months, changes of clocks, and calendars that never run. Judged without a
// server; test/stack/recurring-calendars.test.ts shows that Temporal does the same.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { localTimes, plainCalendars, type Calendar } from '../../domain/transfer/calendar.ts';
import { changesIn } from '../../domain/transfer/clock-changes.ts';
import { recurringBodyHash } from '../../domain/transfer/recurring-body.ts';
import { isRunTime, neverRuns, runsAroundChanges, secondOf } from '../../domain/transfer/run-times.ts';
import { USD } from '../database/wallets.ts';
import { RECEIVER, SENDER } from './api-fakes.ts';
import type { WalletId } from '../../domain/ids.ts';

const at = (text: string): Date => new Date(text);
const days = (calendar: Calendar, year: number): string[] =>
  [...localTimes(calendar, Date.UTC(year, 0, 1), Date.UTC(year + 1, 0, 1))].map((local) =>
    new Date(local).toISOString().slice(5, 10),
  );

describe('a calendar of month ends', () => {
  const lastDays = ['01-31', '02-28', '03-31', '04-30', '05-31', '06-30'];

  test('runs in every month, on its last day where the 29th to 31st is missing', () => {
    assert.deepEqual(days({ day_of_month: 'last' }, 2027).slice(0, 6), lastDays);
    assert.deepEqual(days({ day_of_month: 31, missing_day: 'last' }, 2027).slice(0, 6), lastDays);
    assert.deepEqual(days({ day_of_month: 30, missing_day: 'last', month: [1, 2, 3] }, 2028), [
      '01-30',
      '02-29',
      '03-30',
    ]);
    assert.deepEqual(days({ day_of_month: 29, missing_day: 'last', month: 2 }, 2027), ['02-28']);
    assert.deepEqual(days({ day_of_month: [15, 'last'], month: 2 }, 2028), ['02-15', '02-29']);
  });

  test('skips such months if it is to, and does not run twice on a day that two of its parts name', () => {
    assert.deepEqual(days({ day_of_month: 31, missing_day: 'skip', month: [1, 2, 3, 4] }, 2027), ['01-31', '03-31']);
    assert.deepEqual(days({ day_of_month: 31, month: [1, 2] }, 2027), ['01-31']);
    assert.deepEqual(days({ day_of_month: [30, 31, 'last'], missing_day: 'last', month: [2, 4] }, 2027), [
      '02-28',
      '04-30',
    ]);
    assert.deepEqual(days({ day_of_month: 'last', day_of_week: 'SUNDAY' }, 2027), ['01-31', '02-28', '10-31']);
  });

  test('is several of those that Temporal has, which mean the same', () => {
    const parts: Calendar[] = [
      { day_of_month: 'last' },
      { day_of_month: [1, 'last'], month: [1, 2, 4] },
      ...[29, 30, 31].map((day): Calendar => ({ day_of_month: day, missing_day: 'last' })),
      { day_of_month: { start: 29, end: 31 }, missing_day: 'last', year: { start: 2027, end: 2100, step: 3 } },
      { day_of_month: [28, 30, 'last'], missing_day: 'last', day_of_week: ['MONDAY', 'SUNDAY'] },
    ];
    for (const calendar of parts) {
      const plain = plainCalendars(calendar);
      for (const each of plain) assert.ok(!JSON.stringify(each).includes('last'), JSON.stringify(each));
      for (let year = 2026; year <= 2100; year += 1)
        assert.deepEqual(
          [...new Set(plain.flatMap((each) => days(each, year)))].sort(),
          days(calendar, year),
          `${year} ${JSON.stringify(calendar)}`,
        );
    }
    const rent = { day_of_month: 1, hour: 9 };
    assert.deepEqual(plainCalendars(rent), [rent]);
  });

  test('has the body of before there was a choice, unless it says otherwise', () => {
    const hash = (calendar: Calendar): string =>
      recurringBodyHash({
        senderWalletId: SENDER as WalletId,
        receiverWalletId: RECEIVER as WalletId,
        amount: '1.0000',
        currency: USD,
        reference: null,
        metadata: {},
        everySeconds: null,
        calendar,
        timeZone: 'UTC',
        startsAt: null,
        endsAt: null,
      });
    const before = hash({ day_of_month: 31, hour: 9 });
    assert.equal(before, 'dd69cf6570ec527d082f7c4a833a5ce177c3b5ba30f88b3ad8927467319b91e8');
    assert.equal(hash({ day_of_month: 31, hour: 9, missing_day: 'last' }), before);
    assert.notEqual(hash({ day_of_month: 31, hour: 9, missing_day: 'skip' }), before);
  });
});

describe('around a change of clocks', () => {
  const berlin = (calendar: Calendar) => ({ calendar, timeZone: 'Europe/Berlin' });
  const around = (calendar: Calendar, timeZone: string, from: string, year: string): string[] =>
    runsAroundChanges({ calendar, timeZone }, at(from))
      .map((each) => each.toISOString())
      .filter((each) => each.startsWith(year));

  test('the changes are those of the tz database', () => {
    const instants = (timeZone: string, year: number) =>
      changesIn(timeZone, year).map(({ atMs, before, after }) => [
        new Date(atMs).toISOString(),
        (after - before) / 60_000,
      ]);
    assert.deepEqual(instants('Europe/Berlin', 2025), [
      ['2025-03-30T01:00:00.000Z', 60],
      ['2025-10-26T01:00:00.000Z', -60],
    ]);
    assert.deepEqual(instants('Australia/Lord_Howe', 2025), [
      ['2025-04-05T15:00:00.000Z', -30],
      ['2025-10-04T15:30:00.000Z', 30],
    ]);
    assert.deepEqual(instants('Pacific/Apia', 2011).at(-1), ['2011-12-30T10:00:00.000Z', 1_440]);
    assert.deepEqual(instants('Asia/Kolkata', 2025), []);
  });

  test('a time that is missing runs at the moment after the gap, and one that comes twice at the first of the two', () => {
    assert.deepEqual(around({ hour: 2, minute: 30 }, 'Europe/Berlin', '2025-01-01T00:00:00Z', '2025'), [
      '2025-03-30T01:00:00.000Z',
      '2025-10-26T00:30:00.000Z',
    ]);
    assert.deepEqual(around({ hour: 1, minute: 30 }, 'America/New_York', '2025-01-01T00:00:00Z', '2025-11'), [
      '2025-11-02T05:30:00.000Z',
    ]);
    assert.deepEqual(around({ hour: 9 }, 'Europe/Berlin', '2025-01-01T00:00:00Z', '20'), []);
    assert.deepEqual(around({ hour: 2, minute: 30 }, 'UTC', '2025-01-01T00:00:00Z', '20'), []);
  });

  test('several that are missing, and one after the gap, are one run', () => {
    const order = berlin({ hour: '*', minute: [0, 30] });
    const instants = runsAroundChanges(order, at('2025-01-01T00:00:00Z')).map((each) => each.toISOString());
    assert.equal(instants.filter((each) => each === '2025-03-30T01:00:00.000Z').length, 1);
  });

  test('what Temporal starts besides is no run: not the second of two, nor what follows a time an hour later', () => {
    for (const [calendar, time, expected] of [
      [{ hour: 2, minute: 30 }, '2025-10-26T00:30:00Z', true],
      [{ hour: 2, minute: 30 }, '2025-10-26T01:30:00Z', false],
      [{ hour: 1 }, '2025-10-25T23:00:00Z', true],
      [{ hour: 1 }, '2025-10-26T00:00:00Z', false],
      [{ hour: 2, minute: 30 }, '2025-03-30T01:00:00Z', true],
      [{ hour: 2, minute: 30 }, '2025-03-30T01:30:00Z', false],
      // Far from one, Temporal alone knows.
      [{ hour: 2, minute: 30 }, '2025-06-01T12:00:00Z', true],
    ] as const)
      assert.equal(isRunTime(berlin(calendar), at(time)), expected, `${JSON.stringify(calendar)} ${time}`);
    assert.equal(isRunTime({ calendar: null, timeZone: 'Europe/Berlin' }, at('2025-10-26T01:30:00Z')), true);
  });

  test('the second of two is known, so that what was paid for it is not paid for the first', () => {
    const order = berlin({ hour: 2, minute: 30 });
    assert.deepEqual(secondOf(order, at('2025-10-26T00:30:00Z')), at('2025-10-26T01:30:00Z'));
    for (const time of ['2025-10-26T01:30:00Z', '2025-10-25T00:30:00Z', '2025-03-30T01:00:00Z', '2025-03-29T12:00:00Z'])
      assert.equal(secondOf(order, at(time)), undefined);
  });

  test('what a Schedule is told stays bounded, and is the same for a year', () => {
    const every = { hour: '*', minute: '*' } as const;
    const instants = runsAroundChanges(berlin(every), at('2027-01-01T00:00:00Z'));
    assert.ok(instants.length <= 600, `${instants.length}`);
    const daily = berlin({ hour: 2, minute: 30 });
    const [early, late, next] = ['2027-01-01', '2027-12-31', '2028-01-01'].map((day) =>
      runsAroundChanges(daily, at(`${day}T12:00:00Z`)),
    );
    assert.deepEqual(early, late);
    assert.notDeepEqual(late, next);
    assert.equal(early!.length, 24);
  });
});

describe('what can never run', () => {
  const now = at('2027-03-01T12:00:00Z');
  const order = { everySeconds: null, calendar: null, timeZone: 'Europe/Berlin', startsAt: null, endsAt: null };

  test('is a calendar whose times have passed, or lie before its start', () => {
    const never = (calendar: Calendar, startsAt: Date | null = null) =>
      neverRuns({ ...order, calendar, startsAt }, now);
    assert.equal(never({ year: 2020 }), 'no_time_left');
    assert.equal(never({ year: 2027, month: 3, day_of_month: 1, hour: 12, minute: 59 }), 'no_time_left');
    assert.equal(never({ year: 2027, month: 3, day_of_month: 1, hour: 13, minute: 1 }), undefined);
    assert.equal(never({ year: 2028 }, at('2029-01-01T00:00:00Z')), 'no_time_left');
    assert.equal(never({ month: 2, day_of_month: 29 }), undefined);
  });

  test('is not one that falls into a gap alone, for it runs after that', () => {
    const calendar = { year: 2027, month: 3, day_of_month: 28, hour: 2, minute: 30 };
    assert.equal(neverRuns({ ...order, calendar }, now), undefined);
    const after = at('2027-03-28T01:00:00Z');
    assert.equal(
      neverRuns({ ...order, calendar, startsAt: after, endsAt: new Date(after.getTime() + 1) }, now),
      undefined,
    );
    assert.equal(
      neverRuns({ ...order, calendar, endsAt: new Date(after.getTime() - 1) }, now),
      'ends_before_first_run',
    );
    assert.equal(neverRuns({ ...order, calendar }, after), 'no_time_left');
  });

  test('is one that ends before its first run, be it of a calendar or an interval', () => {
    const endsAt = at('2027-03-02T12:00:00Z');
    const never = (changes: object) => neverRuns({ ...order, endsAt, ...changes }, now);
    assert.equal(never({ calendar: { day_of_month: 1, hour: 9 } }), 'ends_before_first_run');
    assert.equal(never({ calendar: { hour: 9 } }), undefined);
    assert.equal(never({ everySeconds: 86_400 }), undefined);
    assert.equal(never({ everySeconds: 86_401 }), 'ends_before_first_run');
    // One that has passed gives the rhythm alone.
    const startsAt = at('2027-02-01T13:00:00Z');
    assert.equal(never({ everySeconds: 86_400 * 30, startsAt }), 'ends_before_first_run');
    assert.equal(never({ everySeconds: 86_400, startsAt }), undefined);
  });
});
