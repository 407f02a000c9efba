// The calendars of recurring transfers on a real Temporal server: around changes of clocks and at the ends of months each time
// is one run, the times shown are the times run, and a Schedule that somebody has stopped is found and put right.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { findRecurringTransfer } from '../../db/transfer/recurring-queries.ts';
import { matchesLocal, type Calendar } from '../../domain/transfer/calendar.ts';
import { changesIn, offsetAt } from '../../domain/transfer/clock-changes.ts';
import type { InstallationId, RecurringTransferId } from '../../domain/ids.ts';
import { isRunTime } from '../../domain/transfer/run-times.ts';
import { alignSchedule, matchingTimes } from '../../temporal/transfer/recurring-schedule.ts';
import type { Money } from './money.ts';
import { until } from './stack.ts';
import { scheduleOf, storeRecurring, timesPaid, untilScheduled } from './stored-recurring.ts';
import { useStack } from './use-stack.ts';

interface Recurring {
  readonly recurring_transfer_id: string;
  readonly calendar: Record<string, unknown>;
  readonly next_runs: string[] | null;
  readonly schedule: string | null;
}

const PATH = '/v1/recurring-transfers';
const LIMIT_MS = 120_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const BERLIN = 'Europe/Berlin';

/** What a patient person with the wall clock in view would run: step by step, each time shown once, at once after a gap. */
function byTheWall(
  calendar: Calendar,
  timeZone: string,
  [fromMs, untilMs]: readonly [number, number],
  stepMs = MINUTE_MS,
): string[] {
  const shown = new Set<number>();
  const runs: number[] = [];
  const isDue = (local: number): boolean => !shown.has(local) && matchesLocal(calendar, local);
  let last = fromMs - 3 * HOUR_MS + offsetAt(timeZone, fromMs - 3 * HOUR_MS) - stepMs;
  for (let at = fromMs - 3 * HOUR_MS; at <= untilMs; at += stepMs) {
    const local = at + offsetAt(timeZone, at);
    let isRun = isDue(local);
    for (let missing = last + stepMs; missing < local; missing += stepMs) isRun ||= isDue(missing);
    if (isRun && at > fromMs) runs.push(at);
    shown.add(local);
    last = local;
  }
  return runs.map((at) => new Date(at).toISOString());
}

describe('the calendar of a recurring transfer, on a Temporal server', () => {
  let money: Money;

  useStack((started) => {
    ({ money } = started);
  });

  const schedule = (id: string) => scheduleOf(money, id);
  /** Once Temporal has answered, which on a machine at its limits may take longer than a request waits for it. */
  const get = async (id: string) => {
    let body: Recurring | undefined;
    await until(LIMIT_MS, 'its next runs are not known', async () => {
      ({ body } = await money.api.get<Recurring>(`${PATH}/${id}`));
      return body.next_runs !== null && body.schedule !== undefined;
    });
    return body!;
  };
  const post = async (changes: Record<string, unknown>) => {
    const wallets = { sender_wallet_id: await money.wallet(0), receiver_wallet_id: await money.wallet(1) };
    const key = { 'idempotency-key': randomUUID() };
    return money.api.post<Recurring & { code: string; errors: { pointer: string }[] }>(
      PATH,
      { ...wallets, amount: '1.00', ...changes },
      key,
    );
  };
  const create = async (changes: Record<string, unknown>): Promise<Recurring> => {
    const { status, body } = await post(changes);
    assert.equal(status, 201, JSON.stringify(body));
    return body;
  };

  const calendars: [Calendar, number][] = [
    [{ hour: 2, minute: 30 }, 30],
    [{ hour: 2, minute: [15, 45] }, 30],
    [{ hour: [0, 1] }, 30],
    [{ hour: 0, minute: 30 }, 30],
    [{ hour: 9, day_of_week: 'SUNDAY' }, 30],
    [{ hour: 9, day_of_week: ['FRIDAY', 'SATURDAY'] }, 30],
    [{ hour: '*' }, 30],
    [{ hour: '*', minute: [0, 30] }, 20],
    [{ hour: '*', minute: '*' }, 5],
  ];
  for (const timeZone of [
    BERLIN,
    'America/New_York',
    'America/Santiago',
    'America/Havana',
    'America/St_Johns',
    'Africa/Cairo',
    'Africa/Casablanca',
    'Atlantic/Azores',
    'Australia/Lord_Howe',
    'Pacific/Chatham',
  ])
    test(`runs each time of the clock once on either side of the changes in ${timeZone}, of 2025`, async () => {
      const changes = changesIn(timeZone, 2025);
      assert.equal(changes.length, 2);
      for (const [calendar, hours] of calendars) {
        const recurringTransferId = randomUUID() as RecurringTransferId;
        const start = new Date('2025-01-01T00:00:00Z');
        await alignSchedule(money.temporal, {
          recurringTransferId,
          status: 'PAUSED',
          version: 1,
          installationId: 'test' as InstallationId,
          everySeconds: null,
          calendar,
          timeZone,
          startsAt: null,
          endsAt: null,
          createdAt: start,
          accountedUntil: start,
        });
        for (const { atMs } of changes) {
          const [from, to] = [new Date(atMs - hours * HOUR_MS), new Date(atMs + hours * HOUR_MS)];
          const times = (await matchingTimes(money.temporal, recurringTransferId, from, to))!;
          assert.deepEqual(
            times.filter((at) => isRunTime({ calendar, timeZone }, at)).map((at) => at.toISOString()),
            byTheWall(calendar, timeZone, [from.getTime(), to.getTime()]),
            JSON.stringify(calendar),
          );
        }
        await schedule(recurringTransferId).delete();
      }
    });

  test('a backfill over the changes in Berlin of 2025 pays once for each day, however often it is run', async () => {
    const calendar = { hour: 2, minute: 30 };
    const agedMs = Date.now() - Date.parse('2025-03-20T00:00:00Z');
    // Tended by the sweep, its Schedule would soon list the changes to come, and no longer those of 2025, which are accounted for.
    const id = await storeRecurring(money, calendar, { agedMs, timeZone: BERLIN, isTended: false });
    const [bound] = await money.rows<{ id: InstallationId }>(
      'transfer',
      'SELECT installation_id AS id FROM installation',
    );
    const row = (await findRecurringTransfer(money.databases.transfer, id))!;
    await alignSchedule(money.temporal, { ...row, installationId: bound!.id });
    const change = new Date('2025-03-30T01:00:00Z');
    const known = await matchingTimes(money.temporal, id, new Date(change.getTime() - 1_000), change);
    assert.equal(known?.length, 1);
    for (const _ of [1, 2])
      for (const [start, end] of [
        ['2025-03-29T00:00:00Z', '2025-03-31T12:00:00Z'],
        ['2025-10-25T00:00:00Z', '2025-10-27T12:00:00Z'],
      ] as const)
        await schedule(id).backfill({ start: new Date(start), end: new Date(end), overlap: 'ALLOW_ALL' });
    const expected = [
      '2025-03-29T01:30:00.000Z',
      '2025-03-30T01:00:00.000Z',
      '2025-03-31T00:30:00.000Z',
      '2025-10-25T00:30:00.000Z',
      '2025-10-26T00:30:00.000Z',
      '2025-10-27T01:30:00.000Z',
    ];
    const in2025 = async () =>
      (await timesPaid(money, id)).map((at) => new Date(at).toISOString()).filter((at) => at.startsWith('2025'));
    await until(LIMIT_MS, 'the range has not run', async () => (await in2025()).length >= expected.length);
    await until(LIMIT_MS, 'a run is still open', async () => {
      const query = `TemporalScheduledById = 'recurring/${id}' AND ExecutionStatus = 'Running'`;
      return (await money.temporal.workflow.count(query)).count === 0;
    });
    assert.deepEqual(await in2025(), expected);
    await money.api.post(`${PATH}/${id}/pause`);
  });

  test('next_runs are those that run, over the changes to come', async () => {
    for (const calendar of [
      { month: [3, 10], day_of_week: 'SUNDAY', hour: 2, minute: 30 },
      { month: 10, day_of_month: 'last', hour: 2, minute: 30 },
    ] as const) {
      const { recurring_transfer_id: id } = await create({ calendar, time_zone: BERLIN });
      const next = (await get(id)).next_runs!;
      assert.equal(next.length, 10);
      assert.deepEqual(
        next.slice(0, 3),
        byTheWall(calendar, BERLIN, [hourNow(), Date.parse(next[2]!)], 30 * MINUTE_MS),
      );
      const days = next.map((each) => new Date(Date.parse(each) + HOUR_MS).toISOString().slice(0, 10));
      assert.equal(new Set(days).size, 10);
    }
    const year = new Date().getUTCFullYear() + 1;
    const [gap] = changesIn(BERLIN, year).map(({ atMs }) => new Date(atMs).toISOString());
    const onlyInGap = { year, month: 3, day_of_month: Number(gap!.slice(8, 10)), hour: 2 };
    const { recurring_transfer_id: id } = await create({ calendar: onlyInGap, time_zone: BERLIN });
    assert.deepEqual((await get(id)).next_runs, [gap]);
  });

  test('a month without its day runs on the last one, unless it is to be skipped', async () => {
    const next = async (calendar: Record<string, unknown>) => {
      const made = await create({ calendar: { ...calendar, hour: 9 } });
      return { calendar: made.calendar, runs: (await get(made.recurring_transfer_id)).next_runs! };
    };
    const lastDays = byTheWall(
      { day_of_month: 'last', hour: 9 },
      'UTC',
      [hourNow(), hourNow() + 330 * 24 * HOUR_MS],
      HOUR_MS,
    );
    const last = await next({ day_of_month: 'last' });
    assert.deepEqual(last.runs, lastDays.slice(0, 10));
    const unsaid = await next({ day_of_month: 31 });
    assert.deepEqual(unsaid, { calendar: { day_of_month: 31, hour: 9, missing_day: 'last' }, runs: last.runs });
    const skipping = await next({ day_of_month: 31, missing_day: 'skip' });
    assert.ok(skipping.runs.every((at) => at.slice(8, 10) === '31'));
    // Made before there was a choice.
    const id = await storeRecurring(money, { day_of_month: 31, hour: 9 });
    await untilScheduled(money, id);
    const former = await get(id);
    assert.deepEqual([former.calendar, former.next_runs], [skipping.calendar, skipping.runs]);
  });

  test('what can never run is refused', async () => {
    const inAnHour = new Date(Date.now() + HOUR_MS).toISOString();
    for (const [changes, expected] of [
      [{ calendar: { year: 2020 } }, '/calendar calendar_never'],
      [{ calendar: { year: 2000 }, time_zone: BERLIN }, '/calendar calendar_never'],
      [{ calendar: { year: 2030 }, starts_at: '2031-01-02T00:00:00Z' }, '/calendar calendar_never'],
      [{ calendar: { day_of_month: 29, month: 2 }, ends_at: inAnHour }, '/ends_at ends_before_first_run'],
      [{ every: 3_700, ends_at: inAnHour }, '/ends_at ends_before_first_run'],
      [{ every: 86_400, starts_at: '2026-01-01T00:00:00Z', ends_at: inAnHour }, '/ends_at ends_before_first_run'],
    ] as const) {
      // That one which runs each day from midnight on may well run within the hour.
      if ('starts_at' in changes && 'every' in changes && new Date().getUTCHours() === 23) continue;
      const { status, body } = await post(changes);
      assert.deepEqual([status, `${body.errors?.[0]?.pointer} ${body.code}`], [422, expected], JSON.stringify(changes));
    }
  });

  test('a Schedule that somebody paused or deleted in Temporal is found, told, and put right', async () => {
    // Every five minutes it runs by itself, and would find them before the run that this asks for.
    await money.temporal.schedule.getHandle('reconciliation').pause('by a test');
    const stopped = async (stop: (id: string) => Promise<unknown>) => {
      const id = await storeRecurring(money, { day_of_month: 1 }, { agedMs: 90_000 });
      await untilScheduled(money, id);
      // What it may have to be looked at again for soon is for the reconciliation alone to find.
      await money.rows(
        'transfer',
        `UPDATE recurring_transfers SET tend_due_at = now() + interval '1 hour' WHERE recurring_transfer_id = $1`,
        [id],
      );
      await stop(id);
      return id;
    };
    const paused = await stopped((id) => schedule(id).pause('by somebody'));
    const missing = await stopped((id) => schedule(id).delete());
    const shown = async (id: string) => {
      const { schedule: state, next_runs: next } = await get(id);
      return [state, next?.length];
    };
    assert.deepEqual(
      [await shown(paused), await shown(missing)],
      [
        ['paused', 0],
        ['missing', 0],
      ],
    );

    const { body } = await money.api.post('/v1/reconciliation-runs', { scope: 'all' }, { prefer: 'wait=60' });
    assert.deepEqual([body['status'], body['repaired']], ['REPAIRED', 2], JSON.stringify(body));
    assert.deepEqual(
      [await shown(paused), await shown(missing)],
      [
        ['runs', 10],
        ['runs', 10],
      ],
    );
    const again = await money.api.post('/v1/reconciliation-runs', { scope: 'all' }, { prefer: 'wait=60' });
    assert.equal(again.body['status'], 'CLEAN');
  });

  test('leaves every invariant standing', async () => {
    await money.assertSound();
  });
});

function hourNow(): number {
  return Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
}
