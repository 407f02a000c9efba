import assert from 'node:assert/strict';
import { describe } from 'node:test';
import type { WorkflowHandle } from '@temporalio/client';
import proto from '@temporalio/proto';
import { it, keepHistory, useEnvironment, withWorkers } from './environment.ts';
import { createServices, failIf, type ActivityName } from './services.ts';
import { startTransfer } from './start.ts';

const environment = useEnvironment();
const { EventType } = proto.temporal.api.enums.v1;

/** The server notices a lost worker by this time-out, which is real time even where time is skipped. */
const SOON_LOST = { workflowTaskTimeout: '1 second' } as const;

describe('a transfer in local dispatch', () => {
  it('completes in one workflow task with no activity scheduled', async () => {
    const services = createServices();
    await withWorkers(services, async () => {
      const handle = await startTransfer(environment(), 'local');
      assert.deepEqual(await handle.result(), { status: 'COMPLETED' });
      assert.equal(await countEvents(handle, EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED), 0);
      assert.equal(await countEvents(handle, EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED), 1);
      await keepHistory('direct-local-completed', handle);
    });
    assert.deepEqual(services.statuses, ['COMPLETED']);
    assert.deepEqual(services.attempts, ['debit', 'credit', 'recordTransferStatus']);
  });

  it('is compensated within the same workflow task when its credit is refused', async () => {
    const services = createServices({ refuse: { credit: 'receiver_suspended' } });
    await withWorkers(services, async () => {
      const handle = await startTransfer(environment(), 'local');
      assert.deepEqual(await handle.result(), { status: 'FAILED', failureReason: 'receiver_suspended' });
      assert.equal(await countEvents(handle, EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED), 0);
      await keepHistory('direct-local-credit-refused', handle);
    });
    assert.equal(services.refunded(), true);
  });

  const STEPS: readonly { name: ActivityName; nth: number; refuse?: { credit: string } }[] = [
    { name: 'debit', nth: 1 },
    { name: 'recordTransferStatus', nth: 1 },
    { name: 'credit', nth: 1 },
    { name: 'recordTransferStatus', nth: 1, refuse: { credit: 'receiver_suspended' } },
    { name: 'recordTransferStatus', nth: 2, refuse: { credit: 'receiver_suspended' } },
    { name: 'cancelCredit', nth: 1, refuse: { credit: 'receiver_suspended' } },
    { name: 'refund', nth: 1, refuse: { credit: 'receiver_suspended' } },
  ];
  for (const { name, nth, refuse } of STEPS) {
    for (const when of ['before', 'after'] as const) {
      it(`tries ${name} ${nth} once${refuse === undefined ? '' : ' after a refused credit'}, and takes ordinary activities from there when it fails ${when} its effect`, async () => {
        const services = createServices({
          ...(refuse === undefined ? {} : { refuse }),
          [when]: (other: ActivityName, n: number) => failIf(other === name && n === nth),
        });
        await withWorkers(services, async () => {
          const handle = await startTransfer(environment(), 'local');
          assert.equal((await handle.result()).status, refuse === undefined ? 'COMPLETED' : 'FAILED');
          assert.ok((await countEvents(handle, EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED)) > 0);
          const refused = refuse === undefined ? '' : '-refused';
          await keepHistory(`direct-local-fallback-${when}-${name}-${nth}${refused}`, handle);
        });
        assert.equal(services.refunded(), refuse !== undefined);
        assert.deepEqual(services.statuses, refuse === undefined ? ['COMPLETED'] : ['DEBITED', 'FAILED']);
      });
    }
  }

  it('whose worker dies with the first workflow task open takes ordinary activities in the next one', async () => {
    const services = createServices();
    const handle = await startTransfer(environment(), 'local', SOON_LOST);
    await loseWorkflowTask();
    await withWorkers(services, async () => {
      assert.deepEqual(await handle.result(), { status: 'COMPLETED' });
      assert.equal(await countEvents(handle, EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT), 1);
      assert.ok((await countEvents(handle, EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED)) > 0);
      await keepHistory('direct-local-worker-lost', handle);
    });
  });

  it('whose worker dies after its local activities and before its workflow task ended moves the money once', async () => {
    const services = createServices();
    const handle = await startTransfer(environment(), 'local', SOON_LOST);
    await loseWorkflowTask();
    // What the lost worker did: its results were in the workflow task that it never completed.
    const { debit, recordTransferStatus, credit } = services.activities;
    await debit(undefined as never);
    await recordTransferStatus({
      transferId: undefined as never,
      next: { status: 'DEBITED' },
      trace: undefined as never,
    });
    await credit(undefined as never);
    await withWorkers(services, async () => {
      assert.deepEqual(await handle.result(), { status: 'COMPLETED' });
    });
    assert.deepEqual(services.statuses, ['DEBITED', 'COMPLETED']);
    assert.deepEqual(services.attempts.filter((name) => name === 'debit').length, 2);
  });

  it('that is canceled before its first workflow task ends CANCELED', async () => {
    const services = createServices();
    const handle = await startTransfer(environment(), 'local');
    await handle.cancel();
    await withWorkers(services, async () => {
      assert.deepEqual(await handle.result(), { status: 'CANCELED' });
      await keepHistory('direct-local-cancel-before-first-task', handle);
    });
    assert.equal(services.fences.debit?.outcome, 'canceled');
  });

  it('whose credit never succeeds is given up at its deadline, although a local activity came first', async () => {
    const services = createServices({ before: (name) => failIf(name === 'credit') });
    await withWorkers(services, async () => {
      const handle = await startTransfer(environment(), 'local');
      assert.deepEqual(await handle.result(), { status: 'FAILED', failureReason: 'timed_out' });
      await keepHistory('direct-local-timed-out', handle);
    });
    assert.equal(services.refunded(), true);
  });
});

describe('a transfer in ordinary dispatch', () => {
  it('whose worker dies with its workflow task open goes on with another worker', async () => {
    const services = createServices();
    const handle = await startTransfer(environment(), 'ordinary', SOON_LOST);
    await loseWorkflowTask();
    await withWorkers(services, async () => {
      assert.deepEqual(await handle.result(), { status: 'COMPLETED' });
      await keepHistory('direct-worker-lost', handle);
    });
  });
});

/** Takes the workflow task as a worker would, and never answers, as one that was killed. */
async function loseWorkflowTask(): Promise<void> {
  await environment().client.workflowService.pollWorkflowTaskQueue({
    namespace: environment().client.options.namespace,
    taskQueue: { name: 'transfer' },
    identity: 'test-worker-lost',
  });
}

async function countEvents(handle: WorkflowHandle, eventType: proto.temporal.api.enums.v1.EventType): Promise<number> {
  const { events } = await handle.fetchHistory();
  return events!.filter((event) => event.eventType === eventType).length;
}
