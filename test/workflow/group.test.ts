import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import type { GroupId, InstallationId, TransferId } from '../../domain/ids.ts';
import type { transferGroup } from '../../workflows/transfer/group.ts';
import {
  groupWorkflowId,
  TRANSFER_TASK_QUEUE,
  type Dispatch,
  type GroupInput,
} from '../../workflows/transfer/messages.ts';
import { it, keepHistory, useEnvironment, withWorkers } from './environment.ts';
import { createGroupServices, type FakeGroupServices, type GroupActivityName } from './group-services.ts';
import { unavailable } from './services.ts';

const environment = useEnvironment();
const DISPATCHES = ['ordinary', 'local'] as const;
const SIZE = 6;

function ids(): TransferId[] {
  return Array.from({ length: SIZE }, () => randomUUID() as TransferId);
}

function startGroup(
  transferIds: readonly TransferId[],
  dispatch: Dispatch,
  {
    workflowTaskTimeout = '10 seconds',
    walletShardCount = 2,
  }: { workflowTaskTimeout?: '10 seconds' | '1 second'; walletShardCount?: number } = {},
): Promise<WorkflowHandle<typeof transferGroup>> {
  const groupId = randomUUID() as GroupId;
  const installationId = randomUUID() as InstallationId;
  const input: GroupInput = { groupId, transferIds, walletShardCount, dispatch, installationId };
  return environment().client.workflow.start<typeof transferGroup>('transferGroup', {
    workflowId: groupWorkflowId(groupId),
    taskQueue: TRANSFER_TASK_QUEUE,
    args: [input],
    workflowTaskTimeout,
  });
}

function fail(isTrue: boolean): void {
  if (isTrue) throw unavailable();
}

/** Each transfer has ended, or has a workflow of its own, and these have ended in the group. */
function assertNoneIsLost(
  { completed, startedAlone, applied }: FakeGroupServices,
  all: readonly TransferId[],
  ended: readonly TransferId[],
): void {
  assert.deepEqual(
    all.filter((id) => completed.has(id)),
    ended,
  );
  for (const id of all) assert.notEqual(completed.has(id), startedAlone.has(id), `${id} has one who ends it`);
  for (const id of completed) assert.ok(applied.debit.has(id) && applied.credit.has(id));
}

for (const dispatch of DISPATCHES) {
  describe(`a group in ${dispatch} dispatch`, () => {
    it('is debited, then credited, in every shard, and its transfers end COMPLETED', async () => {
      const all = ids();
      const fake = createGroupServices(all);
      await withWorkers(fake.services, async () => {
        const handle = await startGroup(all, dispatch);
        assert.deepEqual(await handle.result(), { ended: SIZE, oneByOne: 0 });
        await keepHistory(`group-${dispatch}-completed`, handle);
      });
      assertNoneIsLost(fake, all, all);
      assert.deepEqual(fake.attempts.toSorted(), [
        'creditGroup 0',
        'creditGroup 1',
        'debitGroup 0',
        'debitGroup 1',
        'recordGroupEnds',
      ]);
    });

    it('of which half is refused ends the others, and gives each refused one a workflow of its own', async () => {
      const all = ids();
      const fake = createGroupServices(all, {
        refuse: (leg, id) => (leg === 'debit' ? all.indexOf(id) < 2 : id === all[5]),
      });
      await withWorkers(fake.services, async () => {
        const handle = await startGroup(all, dispatch);
        assert.deepEqual(await handle.result(), { ended: 3, oneByOne: 3 });
        await keepHistory(`group-${dispatch}-refused-in-part`, handle);
      });
      assertNoneIsLost(fake, all, all.slice(2, 5));
    });

    it('that is refused as a whole writes no end, and gives each a workflow of its own', async () => {
      const all = ids();
      const fake = createGroupServices(all, { refuse: (leg) => leg === 'debit' });
      await withWorkers(fake.services, async () => {
        const handle = await startGroup(all, dispatch);
        assert.deepEqual(await handle.result(), { ended: 0, oneByOne: SIZE });
        await keepHistory(`group-${dispatch}-refused`, handle);
      });
      assertNoneIsLost(fake, all, []);
    });

    for (const name of ['debitGroup', 'creditGroup'] as const) {
      for (const when of ['before', 'after'] as const) {
        it(`whose shard fails ${when} the effect of ${name} ends the transfers of the other shard`, async () => {
          const all = ids();
          const fake = createGroupServices(all, {
            [when]: (other: GroupActivityName, shard?: number) => fail(other === name && shard === 1),
          });
          await withWorkers(fake.services, async () => {
            const handle = await startGroup(all, dispatch);
            assert.deepEqual(await handle.result(), { ended: 3, oneByOne: 3 });
            await keepHistory(`group-${dispatch}-shard-failed-${when}-${name}`, handle);
          });
          // Even ones are debited in shard 0, odd ones are credited there.
          const parity = name === 'debitGroup' ? 0 : 1;
          assertNoneIsLost(
            fake,
            all,
            all.filter((_, place) => place % 2 === parity),
          );
          // Once: the workflows of their own repeat it, each for itself.
          assert.equal(fake.attempts.filter((attempt) => attempt === `${name} 1`).length, 1);
        });
      }
    }

    it('whose ends cannot be written gives each a workflow of its own', async () => {
      const all = ids();
      const fake = createGroupServices(all, { before: (name) => fail(name === 'recordGroupEnds') });
      await withWorkers(fake.services, async () => {
        const handle = await startGroup(all, dispatch);
        assert.deepEqual(await handle.result(), { ended: 0, oneByOne: SIZE });
        await keepHistory(`group-${dispatch}-ends-failed`, handle);
      });
      assertNoneIsLost(fake, all, []);
      assert.equal(fake.applied.credit.size, SIZE);
    });

    it('whose ends were written but not acknowledged starts none of those that have ended', async () => {
      const all = ids();
      const fake = createGroupServices(all, {
        refuse: (leg, id) => leg === 'debit' && id === all[0],
        after: (name) => fail(name === 'recordGroupEnds'),
      });
      await withWorkers(fake.services, async () => {
        assert.deepEqual(await (await startGroup(all, dispatch)).result(), { ended: 0, oneByOne: SIZE });
      });
      assertNoneIsLost(fake, all, all.slice(1));
    });

    it('whose start of the others fails for good leaves them to the sweep, and ends Completed', async () => {
      const all = ids();
      const fake = createGroupServices(all, {
        refuse: (leg, id) => leg === 'credit' && id === all[0],
        before: (name) => fail(name === 'startOneByOne'),
      });
      await withWorkers(fake.services, async () => {
        const handle = await startGroup(all, dispatch);
        assert.deepEqual(await handle.result(), { ended: SIZE - 1, oneByOne: 1 });
        // By its history: the server's own clock may leap ahead as soon as nothing is under way.
        const times = (await handle.fetchHistory()).events!.map(({ eventTime }) => Number(eventTime!.seconds));
        const tookSeconds = times.at(-1)! - times[0]!;
        assert.ok(tookSeconds < 120, `it tried for ${tookSeconds} s`);
        await keepHistory(`group-${dispatch}-left-to-the-sweep`, handle);
      });
      assert.equal(fake.completed.size, SIZE - 1);
      assert.ok(fake.attempts.filter((name) => name === 'startOneByOne').length > 5);
      assert.equal(fake.startedAlone.size, 0);
    });

    it('whose start of the others is not acknowledged the first time repeats it', async () => {
      const all = ids();
      let starts = 0;
      const fake = createGroupServices(all, {
        refuse: (leg) => leg === 'credit',
        after: (name) => fail(name === 'startOneByOne' && ++starts === 1),
      });
      await withWorkers(fake.services, async () => {
        assert.deepEqual(await (await startGroup(all, dispatch)).result(), { ended: 0, oneByOne: SIZE });
      });
      assertNoneIsLost(fake, all, []);
      assert.equal(starts, 2);
    });

    it('whose worker dies in the attempt gives each a workflow of its own, whatever the attempt had moved', async () => {
      const all = ids();
      const fake = createGroupServices(all);
      const handle = await startGroup(all, dispatch, { workflowTaskTimeout: '1 second' });
      await loseWorkflowTask();
      // What the lost worker did: its results were in the workflow task that it never completed.
      if (dispatch === 'local') for (const id of all.slice(0, 3)) fake.applied.debit.add(id);
      await withWorkers(fake.services, async () => {
        const { ended, oneByOne } = await handle.result();
        assert.deepEqual([ended, oneByOne], dispatch === 'local' ? [0, SIZE] : [SIZE, 0]);
        await keepHistory(`group-${dispatch}-worker-lost`, handle);
      });
      assertNoneIsLost(fake, all, dispatch === 'local' ? [] : all);
    });

    it('that is canceled before its first workflow task gives each a workflow of its own', async () => {
      const all = ids();
      const fake = createGroupServices(all);
      const handle = await startGroup(all, dispatch);
      await handle.cancel();
      await withWorkers(fake.services, async () => {
        assert.deepEqual(await handle.result(), { ended: 0, oneByOne: SIZE });
        await keepHistory(`group-${dispatch}-canceled-before-first-task`, handle);
      });
      assertNoneIsLost(fake, all, []);
    });
  });
}

describe('a group that waits', () => {
  it('for a shard that nobody serves does so for some seconds, and ends the transfers of the others', async () => {
    const all = ids();
    const fake = createGroupServices(all, { shardCount: 3 });
    await withWorkers(fake.services, async () => {
      // There are workers of the first two.
      const handle = await startGroup(all, 'ordinary', { walletShardCount: 3 });
      assert.deepEqual(await handle.result(), { ended: 2, oneByOne: 4 });
      const times = (await handle.fetchHistory()).events!.map(({ eventTime }) => Number(eventTime!.seconds));
      const tookSeconds = times.at(-1)! - times[0]!;
      // A busy machine adds seconds of its own; the transfers' deadline, for which it must not wait, is minutes away.
      assert.ok(tookSeconds <= 20, `it waited for ${tookSeconds} s`);
      await keepHistory('group-shard-silent', handle);
    });
    assertNoneIsLost(
      fake,
      all,
      all.filter((_, place) => place % 3 === 0),
    );
  });

  for (const during of ['debitGroup', 'creditGroup', 'recordGroupEnds'] as const) {
    it(`for ${during} and is canceled starts at once what has not ended by then`, async () => {
      const all = ids();
      const reached = Promise.withResolvers<void>();
      const gate = Promise.withResolvers<void>();
      const fake = createGroupServices(all, {
        before: (name) => {
          if (name !== during) return;
          reached.resolve();
          return gate.promise;
        },
      });
      await withWorkers(fake.services, async () => {
        const handle = await startGroup(all, 'ordinary');
        await reached.promise;
        await untilIdle(handle);
        await handle.cancel();
        assert.deepEqual(await handle.result(), { ended: 0, oneByOne: SIZE });
        await keepHistory(`group-canceled-during-${during}`, handle);
        assertNoneIsLost(fake, all, []);
        gate.resolve();
      });
    });
  }
});

/** Takes the workflow task as a worker would, and never answers, as one that was killed. */
async function loseWorkflowTask(): Promise<void> {
  await environment().client.workflowService.pollWorkflowTaskQueue({
    namespace: environment().client.options.namespace,
    taskQueue: { name: TRANSFER_TASK_QUEUE },
    identity: 'test-worker-lost',
  });
}

/** Waits until the workflow has no task: the time-skipping server never ends one that cancels what has just been completed. */
async function untilIdle(handle: WorkflowHandle): Promise<void> {
  for (;;) {
    const events = (await handle.fetchHistory()).events!;
    const lastTask = events.findLast(
      (event) => event.workflowTaskCompletedEventAttributes || event.workflowTaskScheduledEventAttributes,
    );
    if (lastTask?.workflowTaskCompletedEventAttributes) return;
    await sleep(20);
  }
}
