import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { it, keepHistory, refusalOf, useEnvironment } from './environment.ts';
import type { OrderActivity, OrderFaults } from './order-faults.ts';
import { linesOf, withOrder, withOrders, type OrderCase, type OrderOptions, type RunningOrder } from './order-run.ts';
import { holdUp } from './services.ts';

const environment = useEnvironment();

const isConfirmed = ({ row }: RunningOrder['services']): boolean => row().status === 'CONFIRMED';

/** How an order goes on, and at which of its activities its first run is terminated. */
const COURSES: Record<string, { options: OrderFaults; end: string; at: readonly OrderActivity[] }> = {
  'handed over': {
    options: {},
    end: 'COMPLETED',
    at: [
      ...(['reserve', 'authorize', 'book', 'confirmOrder', 'issue', 'recordConsignment'] as const),
      ...(['captureHold', 'postInvoice', 'handOver', 'recordOrderEnd'] as const),
    ],
  },
  canceled: {
    options: {},
    end: 'CANCELED',
    at: ['release', 'cancelBooking', 'voidHold', 'recordConsignment', 'recordOrderEnd'],
  },
  refused: {
    options: { refuse: { booking: 1 } },
    end: 'CANCELED',
    at: ['undoOrder', 'releaseOrder', 'voidHold', 'cancelBooking', 'recordOrderEnd'],
  },
};

/** Goes on with the order until it has ended, however far it is. */
async function goOn({ services, handOver, cancel, until }: RunningOrder, how: string): Promise<void> {
  if (how === 'refused') return;
  await until(({ row }) => row().status !== 'PENDING');
  if (services.row().status !== 'CONFIRMED') return;
  // A run that is terminated, or has ended by itself, does not answer.
  await (how === 'canceled' ? cancel() : handOver()).catch(() => {});
}

function terminatedAt(how: string, at: OrderActivity, when: 'before' | 'after'): OrderCase {
  const { options, end } = COURSES[how]!;
  const { hold, reached, release } = holdUp(at);
  return {
    name: `${how}, terminated ${when} ${at}`,
    options: { ...options, arrival: 'at_once', [when]: hold },
    use: async (running) => {
      // Either run may be the one that is asked.
      const going = goOn(running, how).catch(() => {});
      await reached;
      await running.handle.terminate('by a test');
      const handle = await running.startAnew();
      await Promise.all([going, goOn(running, how)]).finally(release);
      const { status, cancelReason } = await handle.result();
      assert.equal(status, end);
      if (end === 'CANCELED') assert.equal(cancelReason, how === 'canceled' ? 'canceled' : 'delivery_refused');
      if (when === 'after' && how === 'handed over') await keepHistory(`order-adopted-after-${at}`, handle);
    },
  };
}

// The time-skipping server does not skip any more once a run has closed before its activity: nothing here waits for a time.
describe('a run that follows a terminated one', () => {
  for (const [how, { at }] of Object.entries(COURSES))
    for (const when of ['before', 'after'] as const)
      it(`of an order that is ${how} adopts what was done ${when} it was terminated, at each activity`, () =>
        withOrders(
          environment(),
          at.map((activity) => terminatedAt(how, activity, when)),
        ));

  it('of an order whose first run had its goods issued after the second had asked adopts them, with their reference', async () => {
    const issuing = holdUp('issue');
    const asking = holdUp('goodsOf');
    const options: OrderOptions = {
      arrival: 'at_once',
      before: issuing.hold,
      after: asking.hold,
    };
    await withOrder(environment(), options, async ({ handle, handOver, cancel, startAnew, until }) => {
      await until(isConfirmed);
      const lost = handOver(1, 'first').catch(() => {});
      await issuing.reached;
      await handle.terminate('by a test');
      await lost;
      const next = await startAnew();
      await asking.reached;
      issuing.release();
      await until(({ goods }) => goods.has(1));
      asking.release();
      assert.equal(await refusalOf(cancel()), 'not_cancelable');
      assert.equal((await next.result()).status, 'COMPLETED');
      await keepHistory('order-adopted-late-issue', next);
    });
  });

  it('of an order that was released without a request keeps why', async () => {
    const recording = holdUp('recordOrderEnd');
    const options: OrderOptions = { lines: linesOf(1), before: recording.hold, clockAheadMs: 8 * 86_400_000 };
    await withOrder(environment(), options, async ({ handle, handOver, startAnew, until }) => {
      await until(isConfirmed);
      await handOver();
      await recording.reached;
      await handle.terminate('by a test');
      const next = await startAnew();
      assert.deepEqual(await next.result(), { status: 'CANCELED', cancelReason: 'not_handed_over' });
      recording.release();
    });
  });

  it('of an order that was canceled, long ago, keeps why', async () => {
    const recording = holdUp('recordOrderEnd');
    await withOrder(
      environment(),
      { before: recording.hold },
      async ({ handle, services, cancel, startAnew, until }) => {
        await until(isConfirmed);
        await cancel();
        await recording.reached;
        await handle.terminate('by a test');
        const { consignments, ...row } = services.row();
        const stored = { ...row, consignments: consignments.map((part) => ({ ...part, holdExpiresAtMs: 0 })) };
        const next = await startAnew({ stored });
        assert.deepEqual(await next.result(), { status: 'CANCELED', cancelReason: 'canceled' });
        recording.release();
      },
    );
  });

  it('of an order that was confirmed since its input was read asks what has become of the goods', async () => {
    const ending = holdUp('recordOrderEnd');
    const options: OrderOptions = { arrival: 'at_once', before: ending.hold };
    await withOrder(environment(), options, async ({ handle, handOver, startAnew, until }) => {
      await until(isConfirmed);
      await handOver();
      await ending.reached;
      await handle.terminate('by a test');
      const next = await startAnew({ stored: undefined });
      assert.equal((await next.result()).status, 'COMPLETED');
      ending.release();
    });
  });

  it('of an order whose row it is given although it is no further than its acceptance confirms it', async () => {
    const reserving = holdUp('reserve');
    const options: OrderOptions = { arrival: 'at_once', before: reserving.hold };
    await withOrder(environment(), options, async ({ handle, services, handOver, startAnew, until }) => {
      await reserving.reached;
      await handle.terminate('by a test');
      const next = await startAnew({ stored: services.row() });
      await until(isConfirmed);
      await handOver();
      assert.equal((await next.result()).status, 'COMPLETED');
      reserving.release();
    });
  });
});
