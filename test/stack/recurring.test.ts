// Recurring transfers on a real stack: what their Schedules run, miss and make up for, and that no run pays twice. The API
// allows a run a minute at most; here rows with a run a second are stored directly, and the stack treats them like any others.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ScheduleNotFoundError } from '@temporalio/client';
import type { RecurringTransferId } from '../../domain/ids.ts';
import type { Calendar } from '../../domain/transfer/calendar.ts';
import type { Page } from './api-client.ts';
import type { Money } from './money.ts';
import { until, type TestStack } from './stack.ts';
import { scheduleOf, storeRecurring, timesPaid, untilScheduled } from './stored-recurring.ts';
import { useStack } from './use-stack.ts';

const EVERY_SECOND: Calendar = { second: '*', minute: '*', hour: '*' };
const HOURLY: Calendar = { hour: '*' };
const DAY_MS = 86_400_000;
const RUN_LIMIT_MS = 120_000;

describe('a recurring transfer', () => {
  let stack: TestStack;
  let money: Money;

  useStack((started) => {
    ({ stack, money } = started);
  });

  const recurring = (calendar: Calendar, changes?: { agedMs?: number; balance?: string }) =>
    storeRecurring(money, calendar, changes);
  const paidFor = (id: RecurringTransferId) => timesPaid(money, id);
  const untilPaid = (id: RecurringTransferId, times: number) =>
    until(RUN_LIMIT_MS, `${id} has not paid ${times} times`, async () => (await paidFor(id)).length >= times);
  const schedule = (id: string) => scheduleOf(money, id);
  const control = async (id: RecurringTransferId, action: string) => {
    const { status, body } = await money.api.post<{ updated_at: string }>(`/v1/recurring-transfers/${id}/${action}`);
    assert.equal(status, 200);
    return Date.parse(body.updated_at);
  };

  test('pays at each of its times, once, and whatever is killed on the way, none is left out', async () => {
    const id = await recurring(EVERY_SECOND);
    await untilPaid(id, 3);
    await stack.killAll();
    await sleep(3_000);
    await stack.start();
    await stack.waitUntilReady();
    const before = (await paidFor(id)).length;
    await untilPaid(id, before + 3);
    stack.kill('temporal', 'SIGKILL');
    const killedAt = Date.now();
    await untilPaid(id, (await paidFor(id)).length + 3);
    // What a killed worker had in hand comes again when its time is up, after later ones.
    const first = (await paidFor(id))[0]!;
    const due = Array.from({ length: Math.floor((killedAt - first) / 1_000) + 1 }, (_, index) => first + index * 1_000);
    await until(RUN_LIMIT_MS, `${id} has not paid for each time`, async () => {
      const paid = new Set(await paidFor(id));
      return due.every((at) => paid.has(at));
    });
    assert.ok(due.length >= 8);
    await control(id, 'pause');
  });

  test('pays once for a range that Temporal runs again and again', async () => {
    const id = await recurring(HOURLY, { agedMs: 3 * DAY_MS });
    await untilScheduled(money, id);
    const end = new Date(Math.floor((Date.now() - 2 * DAY_MS) / 3_600_000) * 3_600_000);
    const range = { start: new Date(end.getTime() - 4 * 3_600_000), end, overlap: 'ALLOW_ALL' as const };
    const taken = async () => (await schedule(id).describe()).info.numActionsTaken;
    await untilPaid(id, 23);
    for (const again of ['', ' again']) {
      const before = await taken();
      await schedule(id).backfill(range);
      await until(RUN_LIMIT_MS, `the range has not run${again}`, async () => (await taken()) >= before + 5);
      // A run that is open would be in the way of the same one again.
      await until(RUN_LIMIT_MS, 'a run is still open', async () => {
        const query = `TemporalScheduledById = 'recurring/${id}' AND ExecutionStatus = 'Running'`;
        return (await money.temporal.workflow.count(query)).count === 0;
      });
    }
    const inRange = (await paidFor(id)).filter((at) => at <= end.getTime() && at >= range.start.getTime());
    assert.equal(inRange.length, 5);
    assert.equal(new Set(inRange).size, 5);
  });

  test('lists what was missed for more than a day as skipped, and makes up for what was not', async () => {
    const id = await recurring(HOURLY, { agedMs: 3 * DAY_MS });
    const hoursUntil = (ms: number): number => Math.floor((Date.now() - ms) / 3_600_000);
    // The Schedule is new and knows nothing of the past: nor would it if Temporal had lost the one before.
    await untilPaid(id, hoursUntil(180_000) - hoursUntil(DAY_MS));
    const { body } = await money.api.get<Page<{ scheduled_for: string }>>(
      `/v1/recurring-transfers/${id}/skipped-runs?limit=200`,
    );
    const skipped = body.data.map(({ scheduled_for }) => Date.parse(scheduled_for)).toReversed();
    const paid = await paidFor(id);
    const all = [...skipped, ...paid];
    assert.deepEqual(
      all.map((at) => at - all[0]!),
      all.map((_, index) => index * 3_600_000),
    );
    assert.ok(skipped.length >= 47 && skipped.length <= 49, `${skipped.length}`);
    assert.ok(paid[0]! > Date.now() - DAY_MS - 60_000 && skipped.at(-1)! < Date.now() - DAY_MS);
    const one = await money.api.get<{ skipped_runs: string[] }>(`/v1/recurring-transfers/${id}`);
    assert.deepEqual(
      one.body.skipped_runs,
      skipped
        .slice(-10)
        .toReversed()
        .map((at) => new Date(at).toISOString()),
    );
  });

  test('that is paused accepts nothing, whatever its Schedule does, and nothing is made up for afterwards', async () => {
    const id = await recurring(EVERY_SECOND);
    await untilPaid(id, 2);
    const pausedAt = await control(id, 'pause');
    const paused = await paidFor(id);
    const before = (await schedule(id).describe()).info.numActionsTaken;
    // As if the Schedule had never heard of it.
    await schedule(id).unpause('by somebody else');
    // Its first run has that put right, and accepts nothing.
    await until(RUN_LIMIT_MS, 'the Schedule was not paused again', async () => {
      const { state, info } = await schedule(id).describe();
      return state.paused && info.numActionsTaken > before;
    });
    assert.deepEqual(await paidFor(id), paused);
    const resumedAt = await control(id, 'resume');
    await untilPaid(id, paused.length + 2);
    await schedule(id).backfill({ start: new Date(paused[0]!), end: new Date(resumedAt), overlap: 'ALLOW_ALL' });
    await sleep(3_000);
    await control(id, 'pause');
    const during = (await paidFor(id)).filter((at) => at > pausedAt && at < resumedAt);
    assert.deepEqual(during, []);
  });

  test('whose Schedule somebody removed gets it again', async () => {
    const id = await recurring(EVERY_SECOND);
    await untilPaid(id, 1);
    await schedule(id).delete();
    await money.rows(
      'transfer',
      'UPDATE recurring_transfers SET tend_due_at = now() WHERE recurring_transfer_id = $1',
      [id],
    );
    await untilPaid(id, (await paidFor(id)).length + 3);
    await control(id, 'pause');
  });

  test('that is deleted runs no more, has no Schedule, and still tells what it paid', async () => {
    const id = await recurring(EVERY_SECOND);
    await untilPaid(id, 2);
    const key = { 'idempotency-key': randomUUID() };
    const triggered = await money.api.post(`/v1/recurring-transfers/${id}/trigger`, undefined, key);
    const response = await fetch(`${stack.api}/v1/recurring-transfers/${id}`, {
      method: 'DELETE',
      headers: stack.authorization,
    });
    assert.equal(response.status, 200);
    const paid = await paidFor(id);
    await until(RUN_LIMIT_MS, 'the Schedule is still there', async () => {
      const error: unknown = await schedule(id)
        .describe()
        .catch((reason: unknown) => reason);
      return error instanceof ScheduleNotFoundError;
    });
    await sleep(2_000);
    assert.deepEqual(await paidFor(id), paid);
    const { body } = await money.api.get<{ status: string; last_runs: unknown[]; next_runs: unknown[] }>(
      `/v1/recurring-transfers/${id}`,
    );
    assert.deepEqual(
      [body.status, body.next_runs, body.last_runs.length],
      ['DELETED', [], Math.min(10, paid.length + 1)],
    );

    const refused = await money.api.post(`/v1/recurring-transfers/${id}/trigger`, undefined, {
      'idempotency-key': randomUUID(),
    });
    assert.deepEqual([refused.status, refused.body['code']], [409, 'recurring_transfer_deleted']);
    const replayed = await money.api.post(`/v1/recurring-transfers/${id}/trigger`, undefined, key);
    assert.deepEqual(
      [replayed.status, replayed.body['transfer_id'], replayed.headers.get('idempotent-replayed')],
      [202, triggered.body['transfer_id'], 'true'],
    );
  });

  test('that is deleted lists whatever it had missed by then as skipped, however much that is', async () => {
    const id = await recurring({ hour: '*', minute: '*' }, { agedMs: 2 * DAY_MS });
    const response = await fetch(`${stack.api}/v1/recurring-transfers/${id}`, {
      method: 'DELETE',
      headers: stack.authorization,
    });
    assert.equal(response.status, 200);
    await until(RUN_LIMIT_MS, 'it is still looked after', async () => {
      const [row] = await money.rows<{ tend_due_at: Date | null }>(
        'transfer',
        'SELECT tend_due_at FROM recurring_transfers WHERE recurring_transfer_id = $1',
        [id],
      );
      return row?.tend_due_at === null;
    });
    const [skipped] = await money.rows<{ skips: number; minutes: number }>(
      'transfer',
      `SELECT count(*)::int AS skips, (extract(epoch FROM max(nominal_at) - min(nominal_at)) / 60)::int AS minutes
       FROM recurring_transfer_skips WHERE recurring_transfer_id = $1`,
      [id],
    );
    assert.ok(skipped!.skips >= 2_879 && skipped!.skips <= 2_881, `${skipped!.skips}`);
    assert.equal(skipped!.minutes, skipped!.skips - 1);
    assert.deepEqual(await paidFor(id), []);
    await assert.rejects(schedule(id).describe(), ScheduleNotFoundError);
  });

  test('leaves every invariant standing', async () => {
    await money.assertSound();
    const unpaid = await money.rows(
      'transfer',
      `SELECT FROM transfers WHERE recurring_transfer_id IS NOT NULL AND status <> 'COMPLETED'`,
    );
    assert.equal(unpaid.length, 0);
  });
});
