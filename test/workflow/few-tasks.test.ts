// A plain transfer in ordinary dispatch takes as few tasks as it can: one activity for both legs where one shard has both wallets,
// and no task for the write of its end. What goes wrong in either goes on as single activities.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import type { WorkflowHandle } from '@temporalio/client';
import proto from '@temporalio/proto';
import { it, keepHistory, refusalOf, useEnvironment, withWorkers } from './environment.ts';
import { cancelUpdate } from '../../workflows/transfer/messages.ts';
import { createServices, failIf, holdUp, type ActivityName } from './services.ts';
import { startTransfer } from './start.ts';

const environment = useEnvironment();
const ONE_SHARD = { isOneShard: true } as const;
const BOTH_SHARDS = { isOneShard: false } as const;

describe('a transfer in ordinary dispatch', () => {
  for (const [between, placed, scheduled, workflowTasks] of [
    ['two wallets of one shard', ONE_SHARD, ['debitAndCredit'], 2],
    ['wallets of two shards', BOTH_SHARDS, ['debit', 'credit'], 3],
  ] as const)
    it(`between ${between} takes ${scheduled.join(' and ')}, and no activity for its end`, async () => {
      const services = createServices();
      await withWorkers(services, async () => {
        const handle = await startTransfer(environment(), 'ordinary', placed);
        assert.deepEqual(await handle.result(), { status: 'COMPLETED' });
        assert.deepEqual(await scheduledBy(handle), scheduled);
        assert.equal(await workflowTasksOf(handle), workflowTasks);
        await keepHistory(placed.isOneShard ? 'direct-one-shard-completed' : 'direct-two-shards-completed', handle);
      });
      // Where a workflow task comes too late, the end is written again.
      assert.deepEqual([...new Set(services.attempts)], ['debit', 'credit', 'recordTransferStatus']);
      assert.deepEqual(services.statuses, ['COMPLETED']);
    });

  for (const when of ['before', 'after'] as const) {
    it(`whose end cannot be written at once, failing ${when} its effect, has an activity for it`, async () => {
      const services = createServices({ [when]: fails('recordTransferStatus', 1) });
      await withWorkers(services, async () => {
        const handle = await startTransfer(environment(), 'ordinary', ONE_SHARD);
        assert.deepEqual(await handle.result(), { status: 'COMPLETED' });
        assert.deepEqual(await scheduledBy(handle), ['debitAndCredit', 'recordTransferStatus']);
        await keepHistory(`direct-one-shard-end-failed-${when}`, handle);
      });
      assert.deepEqual(services.statuses, ['COMPLETED']);
    });

    it(`whose credit fails once ${when} its effect asks for it again by itself`, async () => {
      const services = createServices({ [when]: fails('credit', 1) });
      await withWorkers(services, async () => {
        const handle = await startTransfer(environment(), 'ordinary', ONE_SHARD);
        assert.deepEqual(await handle.result(), { status: 'COMPLETED' });
        assert.deepEqual(await scheduledBy(handle), ['debitAndCredit', 'credit']);
        await keepHistory(`direct-one-shard-credit-failed-${when}`, handle);
      });
      assert.deepEqual(services.statuses, ['COMPLETED']);
      assert.equal(services.attempts.filter((name) => name === 'debit').length, 1);
    });

    it(`whose debit fails once ${when} its effect has both legs tried again`, async () => {
      const services = createServices({ [when]: fails('debit', 1) });
      await withWorkers(services, async () => {
        const handle = await startTransfer(environment(), 'ordinary', ONE_SHARD);
        assert.deepEqual(await handle.result(), { status: 'COMPLETED' });
        assert.deepEqual(await scheduledBy(handle), ['debitAndCredit']);
        await keepHistory(`direct-one-shard-debit-failed-${when}`, handle);
      });
      assert.deepEqual(services.attempts.slice(0, 4), ['debit', 'debit', 'credit', 'recordTransferStatus']);
    });
  }

  it('whose credit is refused in one shard is shown DEBITED, refunded, and ends FAILED', async () => {
    const services = createServices({ refuse: { credit: 'receiver_suspended' } });
    await withWorkers(services, async () => {
      const handle = await startTransfer(environment(), 'ordinary', ONE_SHARD);
      assert.deepEqual(await handle.result(), { status: 'FAILED', failureReason: 'receiver_suspended' });
      await keepHistory('direct-one-shard-credit-refused', handle);
    });
    assert.equal(services.refunded(), true);
    assert.deepEqual(services.statuses, ['DEBITED', 'FAILED']);
  });

  it('whose credit is refused in one shard is compensated within its first task in local dispatch', async () => {
    const services = createServices({ refuse: { credit: 'receiver_suspended' } });
    await withWorkers(services, async () => {
      const handle = await startTransfer(environment(), 'local', ONE_SHARD);
      assert.deepEqual(await handle.result(), { status: 'FAILED', failureReason: 'receiver_suspended' });
      assert.deepEqual(await scheduledBy(handle), []);
      await keepHistory('direct-one-shard-local-credit-refused', handle);
    });
    assert.equal(services.refunded(), true);
  });

  it('whose debit is refused in one shard is never credited', async () => {
    const services = createServices({ refuse: { debit: 'insufficient_funds' } });
    await withWorkers(services, async () => {
      const handle = await startTransfer(environment(), 'ordinary', ONE_SHARD);
      assert.deepEqual(await handle.result(), { status: 'FAILED', failureReason: 'insufficient_funds' });
      await keepHistory('direct-one-shard-debit-refused', handle);
    });
    assert.equal(services.attempts.includes('credit'), false);
    assert.equal(services.fences.credit?.outcome, 'canceled');
    assert.deepEqual(services.statuses, ['FAILED']);
  });

  it('whose credit keeps failing in one shard is refunded at its deadline', async () => {
    const services = createServices({ before: (name) => failIf(name === 'credit') });
    await withWorkers(services, async () => {
      const handle = await startTransfer(environment(), 'ordinary', ONE_SHARD);
      assert.deepEqual(await handle.result(), { status: 'FAILED', failureReason: 'timed_out' });
      await keepHistory('direct-one-shard-timed-out', handle);
    });
    assert.deepEqual(services.fences.credit, { outcome: 'canceled', reason: 'timed_out' });
    assert.equal(services.refunded(), true);
  });

  for (const during of ['debit', 'credit'] as const)
    it(`canceled while its ${during} in one shard is under way moves nothing, also when that arrives afterwards`, async () => {
      const { hold, reached, release } = holdUp(during);
      const services = createServices({ before: hold });
      await withWorkers(services, async () => {
        const handle = await startTransfer(environment(), 'ordinary', ONE_SHARD);
        await reached;
        assert.equal(await refusalOf(handle.executeUpdate(cancelUpdate, { args: [{}] })), '');
        assert.deepEqual(await handle.result(), { status: 'CANCELED' });
        await keepHistory(`direct-one-shard-cancel-during-${during}`, handle);
        release();
      });
      assert.equal(services.fences.credit?.outcome, 'canceled');
      assert.deepEqual(services.statuses, ['CANCELED']);
      assert.equal(services.refunded(), during === 'credit');
      // What was given back had been debited, which its steps and the count of compensations are to show.
      assert.equal(services.debitedAtTheEnd() !== undefined, during === 'credit');
    });

  it('whose credit in one shard had landed unacknowledged when it was canceled ends COMPLETED', async () => {
    const { hold, reached, release } = holdUp('credit');
    const services = createServices({ after: hold });
    await withWorkers(services, async () => {
      const handle = await startTransfer(environment(), 'ordinary', ONE_SHARD);
      await reached;
      assert.equal(await refusalOf(handle.executeUpdate(cancelUpdate, { args: [{}] })), '');
      assert.deepEqual(await handle.result(), { status: 'COMPLETED' });
      release();
    });
    assert.equal(services.refunded(), false);
  });

  it('whose debit took long has a limit three times as long for the credit that is not shown DEBITED', async () => {
    const services = createServices({ before: (name, nth) => failIf(name === 'debit' && nth <= 4) });
    await withWorkers(services, async () => {
      const handle = await startTransfer(environment(), 'ordinary', BOTH_SHARDS);
      assert.deepEqual(await handle.result(), { status: 'COMPLETED' });
      // Repeated after 0.2, 0.4, 0.8 and 1.6 s.
      assert.ok((await limitSecondsOf(handle, 'credit')) >= 9);
    });
    assert.deepEqual(services.statuses, ['COMPLETED']);
  });
});

async function activitiesOf(handle: WorkflowHandle) {
  const { events } = await handle.fetchHistory();
  return (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: scheduled }) => scheduled ?? []);
}

async function scheduledBy(handle: WorkflowHandle): Promise<string[]> {
  return (await activitiesOf(handle)).map(({ activityType }) => activityType!.name!);
}

/** The first limit of an activity, in seconds. */
async function limitSecondsOf(handle: WorkflowHandle, name: string): Promise<number> {
  const activity = (await activitiesOf(handle)).find(({ activityType }) => activityType!.name === name);
  return Number(activity!.scheduleToCloseTimeout!.seconds);
}

async function workflowTasksOf(handle: WorkflowHandle): Promise<number> {
  const { EVENT_TYPE_WORKFLOW_TASK_COMPLETED } = proto.temporal.api.enums.v1.EventType;
  const { events } = await handle.fetchHistory();
  return events!.filter(({ eventType }) => eventType === EVENT_TYPE_WORKFLOW_TASK_COMPLETED).length;
}

/** A fault of the nth attempt of an activity. */
function fails(name: ActivityName, nth: number): (name: ActivityName, nth: number) => void {
  return (other, attempt) => failIf(other === name && attempt === nth);
}
