import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import proto from '@temporalio/proto';
import type { BatchId } from '../../domain/ids.ts';
import type { transferBatch } from '../../workflows/transfer/batch.ts';
import {
  batchWorkflowId,
  retryUpdate,
  TRANSFER_TASK_QUEUE,
  type BatchInput,
  type Dispatch,
} from '../../workflows/transfer/messages.ts';
import { createBatchServices, type BatchActivityName, type FakeBatchServices } from './batch-services.ts';
import { it, keepHistory, refusalOf, useEnvironment, withWorkers } from './environment.ts';
import { unavailable } from './services.ts';

const environment = useEnvironment();
const TEN_MINUTES_MS = 600_000;

async function startBatch(itemCount: number, dispatch: Dispatch = 'ordinary') {
  const batchId = randomUUID() as BatchId;
  const input: BatchInput = {
    batchId,
    itemCount,
    walletShardCount: 2,
    deadlineMs: (await environment().currentTimeMs()) + TEN_MINUTES_MS,
    dispatch,
    trace: { requestId: 'test-request' },
  };
  return environment().client.workflow.start<typeof transferBatch>('transferBatch', {
    workflowId: batchWorkflowId(batchId),
    taskQueue: TRANSFER_TASK_QUEUE,
    args: [input],
    workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
  });
}

function fail(isTrue: boolean): void {
  if (isTrue) throw unavailable();
}

/** Every item has ended as its fences say, and what was taken and not given has been given back. */
function assertSettled({ fences, refunded, ends }: FakeBatchServices, itemCount: number): void {
  assert.equal(ends.size, itemCount);
  for (const [index, end] of ends) {
    const isCredited = fences.credit.get(index)?.outcome === 'applied';
    const isDebited = fences.debit.get(index)?.outcome === 'applied';
    assert.equal(end.status === 'COMPLETED', isCredited, `item ${index} is ${end.status}`);
    assert.equal(refunded.has(index), isDebited && !isCredited, `item ${index}'s refund`);
    if (!isCredited) assert.notEqual(fences.credit.get(index), undefined, `item ${index} can never be credited`);
  }
}

describe('a batch', () => {
  it('is debited, then credited, in every shard, and its items end COMPLETED', async () => {
    const fake = createBatchServices({ itemCount: 5 });
    await withWorkers(fake.services, async () => {
      const handle = await startBatch(5);
      assert.deepEqual(await handle.result(), { status: 'COMPLETED', completed: 5, failed: 0 });
      await keepHistory('batch-completed', handle);
    });
    assert.deepEqual(fake.attempts, ['debitBatch', 'debitBatch', 'creditBatch', 'creditBatch', 'recordBatchEnds']);
    assertSettled(fake, 5);
  });

  it('whose items are refused in part ends each of them by its own reason, and gives back what was taken', async () => {
    const fake = createBatchServices({
      itemCount: 8,
      refuse: (leg, index) =>
        leg === 'debit' && index < 2
          ? 'insufficient_funds'
          : leg === 'credit' && index > 5
            ? 'receiver_suspended'
            : undefined,
    });
    await withWorkers(fake.services, async () => {
      const handle = await startBatch(8);
      assert.deepEqual(await handle.result(), { status: 'COMPLETED', completed: 4, failed: 4 });
      await keepHistory('batch-refused-in-part', handle);
    });
    assertSettled(fake, 8);
    assert.deepEqual(fake.ends.get(1), { status: 'FAILED', failureReason: 'insufficient_funds' });
    assert.deepEqual(fake.ends.get(7), { status: 'FAILED', failureReason: 'receiver_suspended' });
    assert.deepEqual(
      [...fake.refunded].sort((a, b) => a - b),
      [6, 7],
    );
  });

  it('survives every activity failing once before and once after its effect', async () => {
    const itemCount = 5_001;
    const fake = createBatchServices({
      itemCount,
      refuse: (leg, index) => (leg === 'credit' && index % 100 === 0 ? 'balance_limit' : undefined),
      before: (_, nth) => fail(nth === 1),
      after: (_, nth) => fail(nth === 2),
    });
    await withWorkers(fake.services, async () => {
      assert.deepEqual(await (await startBatch(itemCount)).result(), {
        status: 'COMPLETED',
        completed: 4_950,
        failed: 51,
      });
    });
    assertSettled(fake, itemCount);
  });

  it('is compensated in smaller parts than it moves in, for a refund takes longer than a debit', async () => {
    const fake = createBatchServices({ itemCount: 5_001, before: (name) => fail(name === 'creditBatch') });
    await withWorkers(fake.services, async () => {
      assert.deepEqual(await (await startBatch(5_001)).result(), { status: 'COMPLETED', completed: 0, failed: 5_001 });
    });
    assertSettled(fake, 5_001);
    assert.equal(fake.itemsMax.get('debitBatch'), 5_000);
    assert.equal(fake.itemsMax.get('cancelBatchCredits'), 1_000);
    assert.equal(fake.itemsMax.get('refundBatch'), 1_000);
  });

  for (const [which, status] of [
    ['debitBatch', 'timed_out'],
    ['creditBatch', 'timed_out'],
  ] as const) {
    it(`whose ${which} of one shard fails until the deadline is compensated: ${status}`, async () => {
      const fake = createBatchServices({ itemCount: 6, before: (name, nth) => fail(name === which && nth > 1) });
      await withWorkers(fake.services, async () => {
        const handle = await startBatch(6);
        const { completed, failed } = await handle.result();
        assert.deepEqual([completed, failed], which === 'debitBatch' ? [0, 6] : [3, 3]);
        await keepHistory(`batch-timed-out-in-${which}`, handle);
      });
      assertSettled(fake, 6);
      const reasons = [...fake.ends.values()].map((end) => ('failureReason' in end ? end.failureReason : end.status));
      assert.deepEqual(
        [...new Set(reasons)].sort(),
        which === 'debitBatch' ? ['timed_out'] : ['COMPLETED', 'timed_out'],
      );
    });
  }

  it('whose credits were applied but never acknowledged before the deadline ends COMPLETED, not refunded', async () => {
    const fake = createBatchServices({ itemCount: 4, after: (name) => fail(name === 'creditBatch') });
    await withWorkers(fake.services, async () => {
      assert.deepEqual(await (await startBatch(4)).result(), { status: 'COMPLETED', completed: 4, failed: 0 });
    });
    assertSettled(fake, 4);
  });

  for (const stuck of ['cancelBatchCredits', 'refundBatch'] as const) {
    it(`whose compensation (${stuck}) fails for an hour shows attention, and finishes once it heals`, async () => {
      let failingSince: number | undefined;
      const fake = createBatchServices({
        itemCount: 4,
        refuse: (leg, index) => (leg === 'credit' && index === 1 ? 'receiver_suspended' : undefined),
        before: async (name: BatchActivityName) => {
          if (name !== stuck) return;
          const now = await environment().currentTimeMs();
          failingSince ??= now;
          fail(now - failingSince < 3_600_000);
        },
      });
      await withWorkers(fake.services, async () => {
        const handle = await startBatch(4);
        assert.deepEqual(await handle.result(), { status: 'COMPLETED', completed: 3, failed: 1 });
        await keepHistory(`batch-attention-${stuck}`, handle);
      });
      assertSettled(fake, 4);
      assert.equal(
        fake.attention[0]!.reason,
        stuck === 'refundBatch' ? 'refund_batch_failing' : 'cancel_batch_credits_failing',
      );
    });
  }

  it('whose compensation is stuck is tried again at once when an operator asks, and only then', async () => {
    let isHealed = false;
    let healedAttemptAt: number | undefined;
    const fake = createBatchServices({
      itemCount: 4,
      refuse: (leg, index) => (leg === 'credit' && index === 1 ? 'receiver_suspended' : undefined),
      before: async (name: BatchActivityName) => {
        if (name !== 'refundBatch') return;
        fail(!isHealed);
        healedAttemptAt ??= await environment().currentTimeMs();
      },
    });
    await withWorkers(fake.services, async () => {
      const handle = await startBatch(4);
      for (let tries = 0; tries < 100 && fake.attention.length === 0; tries += 1) await environment().sleep('1 minute');
      isHealed = true;
      const askedAt = await environment().currentTimeMs();
      // The attention is written before the workflow is told that it is, and takes requests.
      let refusal: string | undefined;
      for (let tries = 0; tries < 100 && refusal !== ''; tries += 1) {
        refusal = await refusalOf(handle.executeUpdate(retryUpdate));
      }
      assert.equal(refusal, '');
      for (let tries = 0; tries < 200 && healedAttemptAt === undefined; tries += 1) await sleep(20);
      assert.ok(healedAttemptAt! - askedAt < 10_000, 'it waited for the end of its pause');
      assert.deepEqual(await handle.result(), { status: 'COMPLETED', completed: 3, failed: 1 });
      await keepHistory('batch-retried', handle);
    });
    assertSettled(fake, 4);
  });

  it('in local dispatch ends as in ordinary dispatch', async () => {
    const fake = createBatchServices({
      itemCount: 5,
      refuse: (leg, index) => (leg === 'debit' && index === 4 ? 'sender_not_found' : undefined),
    });
    await withWorkers(fake.services, async () => {
      const handle = await startBatch(5, 'local');
      assert.deepEqual(await handle.result(), { status: 'COMPLETED', completed: 4, failed: 1 });
      await keepHistory('batch-local', handle);
    });
    assertSettled(fake, 5);
  });

  it('of ten thousand items leaves a history that hardly grows with them, even if every other one is refused', async () => {
    const sizeOf = async (
      itemCount: number,
      refuse: (index: number) => boolean,
    ): Promise<[events: number, bytes: number]> => {
      const fake = createBatchServices({
        itemCount,
        refuse: (leg, index) => (leg === 'debit' && refuse(index) ? 'insufficient_funds' : undefined),
      });
      return withWorkers(fake.services, async () => {
        const handle = await startBatch(itemCount);
        await handle.result();
        assertSettled(fake, itemCount);
        const { History } = proto.temporal.api.history.v1;
        const history = await handle.fetchHistory();
        return [history.events!.length, History.encode(History.fromObject(history)).finish().length];
      });
    };
    const [events, bytes] = await sizeOf(10_000, () => false);
    const [worstEvents, worstBytes] = await sizeOf(10_000, (index) => index % 2 === 0);
    console.log(
      `history of 10,000 items: ${events} events, ${bytes} bytes; every other refused: ${worstEvents}, ${worstBytes}`,
    );
    assert.ok(events < 300 && bytes < 100_000, `${events} events, ${bytes} bytes`);
    assert.ok(worstEvents < 600 && worstBytes < 500_000, `${worstEvents} events, ${worstBytes} bytes`);
  });
});

// Last in its file: the time-skipping server does not skip any more once a run has closed before its activity.
describe('a batch that is canceled by a cancel request', () => {
  for (const [during, answered] of [
    ['recordBatchEnds', 4],
    ['debitBatch', 1],
    ['creditBatch', 3],
  ] as const) {
    it(`during ${during}: what is not credited by then is CANCELED, and the run ends Completed`, async () => {
      const reached = Promise.withResolvers<void>();
      const gate = Promise.withResolvers<void>();
      const fake = createBatchServices({
        itemCount: 6,
        before: async (name, nth) => {
          if (name !== during || nth !== 1) return;
          reached.resolve();
          await gate.promise;
          fail(during !== 'recordBatchEnds');
        },
      });
      await withWorkers(fake.services, async () => {
        const handle = await startBatch(6);
        await reached.promise;
        await untilHeard(handle, answered);
        await handle.cancel();
        gate.resolve();
        const { status } = await handle.result();
        assert.equal(status, 'COMPLETED');
        await keepHistory(`batch-canceled-during-${during}`, handle);
      });
      assertSettled(fake, 6);
      const statuses = [...new Set([...fake.ends.values()].map((end) => end.status))].sort();
      if (during === 'recordBatchEnds') assert.deepEqual(statuses, ['COMPLETED']);
      else assert.ok(statuses.includes('CANCELED'), statuses.join());
    });
  }
});

/**
 * Waits until the workflow has been told of so many activities, and does not run: the time-skipping server never ends a
 * workflow task that cancels an activity which has just been completed. The real one repeats it.
 */
async function untilHeard(handle: WorkflowHandle, activities: number): Promise<void> {
  for (;;) {
    const events = (await handle.fetchHistory()).events!;
    const completed = events.filter((event) => event.activityTaskCompletedEventAttributes).length;
    const lastTask = events.findLast(
      (event) => event.workflowTaskCompletedEventAttributes || event.workflowTaskScheduledEventAttributes,
    );
    if (completed === activities && lastTask?.workflowTaskCompletedEventAttributes) return;
    await sleep(20);
  }
}
