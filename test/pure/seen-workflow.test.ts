// What is read of a workflow: each activity with its attempts, of recorded histories of every way of dispatch, and the activities that
// are still tried.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ATTEMPTS_KEPT, seeWorkflow, type SeenActivity } from '../../temporal/seen-workflow.ts';
import { clientWith, silentClient } from './seen-client.ts';

const ID = 'transfer/one';

async function activitiesOf(history: string, pending?: readonly object[]): Promise<readonly SeenActivity[]> {
  const seen = await seeWorkflow(clientWith({ [ID]: history }, pending), ID);
  assert.ok(seen !== undefined);
  return seen.activities;
}

function shortly(activities: readonly SeenActivity[]): string[] {
  return activities.map(({ name, attempts }) => `${name} ${attempts.map(({ outcome }) => outcome).join(' ')}`);
}

describe('a workflow that is looked at', () => {
  test('has its activities in order, each with the queue and the input that it was given', async () => {
    const activities = await activitiesOf('direct-completed');
    assert.deepEqual(shortly(activities), ['debit completed', 'credit completed', 'recordTransferStatus completed']);
    const [debit] = activities;
    assert.match(debit!.taskQueue!, /^wallet-/);
    assert.ok('terms' in (debit!.input as object));
    const [attempt] = debit!.attempts;
    assert.ok(attempt!.startedMs! <= attempt!.endedMs!);
    assert.deepEqual([attempt!.ordinal, attempt!.error], [1, null]);
  });

  test('shows the local activity of the first task, which has no input, and the ordinary ones after it failed', async () => {
    const activities = await activitiesOf('direct-local-fallback-after-credit-1');
    assert.equal(shortly(activities)[0], 'transferAtOnce failed');
    assert.match(activities[0]!.attempts[0]!.error!, /ECONNREFUSED/);
    assert.deepEqual([activities[0]!.taskQueue, activities[0]!.input], [null, undefined]);
    assert.deepEqual(shortly(activities).slice(1, 3), ['debit completed', 'credit completed']);
    assert.deepEqual(shortly(await activitiesOf('direct-local-completed')), ['transferAtOnce completed']);
  });

  test('counts the attempts of which Temporal has kept nothing but their number', async () => {
    const activities = await activitiesOf('batch-retried');
    const retried = activities.find(({ attemptCount }) => attemptCount > 1)!;
    assert.equal(retried.attempts.length, retried.attemptCount);
    assert.deepEqual(
      retried.attempts.map(({ ordinal }) => ordinal),
      retried.attempts.map((_, index) => index + 1),
    );
    assert.notEqual(retried.attempts.at(-1)!.endedMs, null);
    assert.deepEqual([retried.attempts.at(-2)!.outcome, retried.attempts.at(-2)!.startedMs], ['failed', null]);
  });

  test('shows what it keeps trying: how often, why it fails and when it is tried next; the oldest attempts are only counted', async () => {
    const client = clientWith({ [ID]: 'direct-completed' }, [
      {
        activityId: 'unknown here',
        activityType: { name: 'refund' },
        state: 1,
        attempt: 31,
        lastFailure: { message: 'connect ECONNREFUSED', applicationFailureInfo: { type: 'Error' } },
        scheduledTime: { seconds: 2_000, nanos: 0 },
        lastStartedTime: { seconds: 1_000, nanos: 500_000_000 },
      },
    ]);
    const seen = await seeWorkflow(client, ID);
    assert.deepEqual(seen?.pending, [
      {
        ...{ activity: 'refund', input: undefined, attempt: 31, lastError: 'connect ECONNREFUSED' },
        ...{ lastStartedMs: 1_000_500, nextTryMs: 2_000_000, state: 'backing_off' },
      },
    ]);
    assert.equal(ATTEMPTS_KEPT, 20);
  });

  test('is undefined where Temporal keeps nothing of it, and an error where it does not answer', async () => {
    assert.equal(await seeWorkflow(clientWith({}), ID), undefined);
    await assert.rejects(seeWorkflow(silentClient(), ID), /no connection/);
  });
});
