import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { it, keepHistory, refusalOf, useEnvironment } from './environment.ts';
import type { OrderActivity } from './order-faults.ts';
import { linesOf, withOrder, withOrders, type OrderOptions, type RunningOrder } from './order-run.ts';
import { holdUp } from './services.ts';

const environment = useEnvironment();

const isConfirmed = ({ row }: RunningOrder['services']): boolean => row().status === 'CONFIRMED';

describe('who asks for an order', () => {
  it('to be canceled after it was confirmed has all that has not left released', async () => {
    await withOrders(environment(), [
      {
        name: 'nothing has left',
        options: {},
        use: async ({ handle, cancel, until }) => {
          await until(isConfirmed);
          await cancel();
          await cancel().catch(() => {});
          assert.deepEqual(await handle.result(), { status: 'CANCELED', cancelReason: 'canceled' });
          await keepHistory('order-canceled', handle);
        },
      },
      {
        name: 'by Temporal’s own cancel request',
        options: {},
        use: async ({ handle, until }) => {
          await until(isConfirmed);
          await handle.cancel();
          assert.deepEqual(await handle.result(), { status: 'CANCELED', cancelReason: 'canceled' });
          await keepHistory('order-cancel-request', handle);
        },
      },
      {
        name: 'some has left',
        options: { lines: linesOf(1, 2, 3), allowSplit: true },
        use: async ({ handle, services, handOver, cancel, until }) => {
          await until(isConfirmed);
          await handOver(2);
          await cancel();
          assert.deepEqual(await handle.result(), { status: 'PARTLY_COMPLETED', cancelReason: null });
          assert.equal(services.paid(), '20.0000');
          await keepHistory('order-canceled-in-part', handle);
        },
      },
      {
        name: 'all has left',
        options: { arrival: 'reported' },
        use: async ({ handle, services, handOver, cancel, moved, until }) => {
          await until(isConfirmed);
          await handOver();
          assert.equal(await refusalOf(cancel()), 'not_cancelable');
          await handle.cancel();
          await until(({ shipments }) => shipments.get(1) === 'HANDED_OVER');
          services.report(1, 'DELIVERED');
          await moved();
          assert.equal((await handle.result()).status, 'COMPLETED');
        },
      },
    ]);
  });

  it('to be canceled, and handed over meanwhile, gets exactly one of the two, whichever comes first, and both are told', async () => {
    const issuing = holdUp('issue');
    const releasing = holdUp('release');
    await withOrders(environment(), [
      {
        name: 'handed over first',
        options: { before: issuing.hold, arrival: 'at_once' },
        use: async ({ handle, handOver, cancel, until }) => {
          await until(isConfirmed);
          const handedOver = handOver();
          await issuing.reached;
          const canceled = refusalOf(cancel());
          issuing.release();
          assert.deepEqual(await Promise.all([handedOver.then((told) => told?.outcome), canceled]), [
            'issued',
            'not_cancelable',
          ]);
          assert.equal((await handle.result()).status, 'COMPLETED');
          await keepHistory('order-canceled-too-late', handle);
        },
      },
      {
        name: 'canceled first',
        options: { before: releasing.hold },
        use: async ({ handle, handOver, cancel, until }) => {
          await until(isConfirmed);
          const canceled = refusalOf(cancel());
          await releasing.reached;
          const handedOver = handOver();
          releasing.release();
          assert.deepEqual(await Promise.all([handedOver, canceled]), [
            { outcome: 'released', reason: 'released' },
            '',
          ]);
          assert.equal((await handle.result()).status, 'CANCELED');
          await keepHistory('order-handed-over-too-late', handle);
        },
      },
      ...[1, 2, 3, 4, 5, 6].map((round) => ({
        name: `at once ${round}`,
        options: { arrival: 'at_once' } as OrderOptions,
        use: async ({ handle, handOver, cancel, until }: RunningOrder) => {
          await until(isConfirmed);
          const asked = [() => handOver().then((told) => told?.outcome), () => refusalOf(cancel())];
          const told = await Promise.all((round % 2 === 0 ? asked : asked.toReversed()).map((ask) => ask()));
          const [handedOver, canceled] = round % 2 === 0 ? told : told.toReversed();
          const { status } = await handle.result();
          assert.deepEqual(
            [handedOver, canceled],
            status === 'COMPLETED' ? ['issued', 'not_cancelable'] : ['released', ''],
            status,
          );
        },
      })),
    ]);
  });

  it('to be handed over with two references at once is told twice with which the goods have left', async () => {
    await withOrder(environment(), { arrival: 'at_once' }, async ({ handle, handOver, until }) => {
      await until(isConfirmed);
      const told = await Promise.all([handOver(1, 'first'), handOver(1, 'second')]);
      assert.equal(told[0]!.outcome, 'issued');
      assert.deepEqual(told[0], told[1]);
      assert.equal((await handle.result()).status, 'COMPLETED');
    });
  });

  it('to be handed over as soon as its row says CONFIRMED is not told otherwise by a run that has not heard of it', async () => {
    const confirming = holdUp('confirmOrder');
    await withOrder(
      environment(),
      { after: confirming.hold, arrival: 'at_once' },
      async ({ handle, handOver, until }) => {
        await until(isConfirmed);
        const handedOver = handOver();
        await environment().sleep('1 second');
        confirming.release();
        assert.equal((await handedOver)?.outcome, 'issued');
        assert.equal((await handle.result()).status, 'COMPLETED');
        await keepHistory('order-handed-over-while-confirmed', handle);
      },
    );
  });

  it('to be handed over while it is undone is refused', async () => {
    const undoing = holdUp('releaseOrder');
    const options: OrderOptions = { refuse: { booking: 1 }, before: undoing.hold };
    await withOrder(environment(), options, async ({ handle, handOver }) => {
      await undoing.reached;
      const refusal = refusalOf(handOver());
      await environment().sleep('1 second');
      undoing.release();
      assert.equal(await refusal, 'not_confirmed');
      assert.equal((await handle.result()).cancelReason, 'delivery_refused');
    });
  });
});

// Last in its file: the time-skipping server does not skip any more once a run has closed before its activity.
describe('an order that is canceled during a step of its confirmation', () => {
  const STEPS: readonly OrderActivity[] = ['reserve', 'authorize', 'book', 'confirmOrder'];
  const HOW = {
    'by a request': ({ cancel }: RunningOrder) => refusalOf(cancel()),
    'by Temporal’s own cancel request': ({ handle }: RunningOrder) => handle.cancel().then(() => ''),
  };
  for (const [how, cancel] of Object.entries(HOW))
    it(`${how} is undone, and an effect that is late changes nothing`, async () => {
      const cases = STEPS.flatMap((step) =>
        (['before', 'after'] as const).map((when) => ({ step, when, ...holdUp(step) })),
      );
      await withOrders(
        environment(),
        cases.map(({ step, when, hold, reached, release }) => ({
          name: `${when} ${step}`,
          options: { [when]: hold },
          use: async (running) => {
            await reached;
            const canceled = cancel(running);
            const end = await running.handle.result().finally(release);
            assert.equal(await canceled, '');
            assert.deepEqual(end, { status: 'CANCELED', cancelReason: 'canceled' });
            if (how === 'by a request') await keepHistory(`order-canceled-${when}-${step}`, running.handle);
          },
        })),
      );
    });

  it('or while it is undone ends as it was going to', async () => {
    const undoing = holdUp('undoOrder');
    const options: OrderOptions = { refuse: { payment: 1 }, before: undoing.hold };
    await withOrder(environment(), options, async ({ handle, cancel }) => {
      await undoing.reached;
      const canceled = refusalOf(cancel());
      await handle.cancel();
      undoing.release();
      assert.equal(await canceled, '');
      assert.deepEqual(await handle.result(), { status: 'CANCELED', cancelReason: 'payment_refused' });
    });
  });
});
