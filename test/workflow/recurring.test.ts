import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe } from 'node:test';
import { WorkflowFailedError } from '@temporalio/client';
import type { RecurringActivities, RunAnswer } from '../../activities/transfer/recurring.ts';
import { recurringRunId } from '../../domain/derived-id.ts';
import type { RecurringTransferId } from '../../domain/ids.ts';
import { scheduledRunName } from '../../domain/transfer/recurring.ts';
import { recurringScheduleId, TRANSFER_TASK_QUEUE, type RecurringInput } from '../../workflows/transfer/messages.ts';
import type { recurringTransfer } from '../../workflows/transfer/recurring.ts';
import { it, keepHistory, scheduledStartTime, useEnvironment, withWorkers } from './environment.ts';
import { createServices, unavailable } from './services.ts';

const environment = useEnvironment();
const at = new Date('2026-11-21T10:00:00Z');

/** The transfer database, as far as a run is concerned; `accepted` has each transfer once. */
function services({ isPaused = false, failing = (_nth: number): 'before' | 'after' | undefined => undefined } = {}) {
  const accepted = new Set<string>();
  let attempts = 0;
  const activities: RecurringActivities = {
    async acceptRecurringRun({ recurringTransferId, nominalMs }): Promise<RunAnswer> {
      attempts += 1;
      const fails = failing(attempts);
      if (fails === 'before') throw unavailable();
      const transferId = recurringRunId(recurringTransferId, scheduledRunName(new Date(nominalMs)));
      if (!isPaused) accepted.add(transferId);
      if (fails === 'after') throw unavailable();
      return isPaused ? { outcome: 'not_due' } : { outcome: 'accepted', transferId };
    },
  };
  const fakes = createServices();
  return { ...fakes, accepted, tried: () => attempts, activities: { ...fakes.activities, ...activities } };
}

/** As a Schedule starts it, which the time-skipping server has not. */
function start(recurringTransferId: RecurringTransferId, nominalAt: Date | undefined, again = '') {
  const input: RecurringInput = { recurringTransferId };
  return environment().client.workflow.start<typeof recurringTransfer>('recurringTransfer', {
    workflowId: `${recurringScheduleId(recurringTransferId)}-${nominalAt?.toISOString()}${again}`,
    taskQueue: TRANSFER_TASK_QUEUE,
    args: [input],
    ...(nominalAt === undefined ? {} : { typedSearchAttributes: [{ key: scheduledStartTime, value: nominalAt }] }),
  });
}

describe('a run of a recurring transfer', () => {
  const newId = () => randomUUID() as RecurringTransferId;

  it('accepts the transfer of its nominal time, and ends without waiting for it', async () => {
    const fakes = services();
    const id = newId();
    await withWorkers(fakes, async () => {
      const handle = await start(id, at);
      const transferId = recurringRunId(id, scheduledRunName(at));
      assert.deepEqual(await handle.result(), { outcome: 'accepted', transferId });
      await keepHistory('recurring-accepted', handle);
    });
    assert.equal(fakes.accepted.size, 1);
  });

  it('that Temporal runs twice for one time accepts one transfer, and one for another time another', async () => {
    const fakes = services();
    const id = newId();
    await withWorkers(fakes, async () => {
      // One after the other: while one is waited for, time is skipped, past the time-out of another that is just being started.
      const first = await (await start(id, at)).result();
      const second = await (await start(id, at, '-again')).result();
      const other = await (await start(id, new Date(at.getTime() + 60_000))).result();
      assert.deepEqual(first, second);
      assert.notDeepEqual(first, other);
    });
    assert.equal(fakes.accepted.size, 2);
  });

  it('whose worker is lost after the acceptance, and whose database comes and goes, accepts one transfer', async () => {
    const fakes = services({ failing: (nth) => (nth < 8 ? (nth % 2 === 0 ? 'after' : 'before') : undefined) });
    await withWorkers(fakes, async () => {
      const handle = await start(newId(), at);
      assert.equal((await handle.result()).outcome, 'accepted');
      await keepHistory('recurring-retried', handle);
    });
    assert.deepEqual([fakes.accepted.size, fakes.tried()], [1, 8]);
  });

  it('that is not due accepts nothing and ends all the same', async () => {
    const fakes = services({ isPaused: true });
    await withWorkers(fakes, async () => {
      const handle = await start(newId(), at);
      assert.deepEqual(await handle.result(), { outcome: 'not_due' });
      await keepHistory('recurring-not-due', handle);
    });
    assert.equal(fakes.accepted.size, 0);
  });

  it('that no Schedule has started fails, and accepts nothing', async () => {
    const fakes = services();
    await withWorkers(fakes, async () => {
      await assert.rejects((await start(newId(), undefined)).result(), WorkflowFailedError);
    });
    assert.equal(fakes.tried(), 0);
  });
});
