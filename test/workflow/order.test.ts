import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { it, keepHistory, refusalOf, useEnvironment } from './environment.ts';
import { HOLD_SECONDS, linesOf, withOrder, withOrders, type OrderOptions, type RunningOrder } from './order-run.ts';
import { failIf, holdUp } from './services.ts';

const environment = useEnvironment();

describe('an order', () => {
  it('is reserved, held, booked, handed over, captured, invoiced and delivered, in fewer than 120 events', async () => {
    const services = await withOrder(environment(), {}, async ({ handle, handOver, until }) => {
      await until(({ row }) => row().status === 'CONFIRMED');
      assert.deepEqual(await handOver(), { outcome: 'issued', carrierReference: 'carrier-1' });
      assert.deepEqual(await handle.result(), { status: 'COMPLETED', cancelReason: null });
      const { events } = await handle.fetchHistory();
      assert.ok(events!.length < 120, `${events!.length} events`);
      await keepHistory('order-completed', handle);
    });
    assert.deepEqual(services.attempts.slice(0, 5), ['reserve', 'authorize', 'book', 'confirmOrder', 'issue']);
    assert.deepEqual(services.steps.toSorted(), ['1 CAPTURED', '1 DELIVERED', '1 ISSUED', 'COMPLETED', 'CONFIRMED']);
    assert.equal(services.paid(), '25.0000');
  });

  it('that may be split is a consignment for each SKU, each paid by a hold of its own when it leaves', async () => {
    const options = { lines: linesOf(1, 2, 3), allowSplit: true };
    const services = await withOrder(environment(), options, async ({ handle, services, handOver, until }) => {
      await until(({ row }) => row().status === 'CONFIRMED');
      await handOver(2);
      await until(({ row }) => row().consignments[1]!.money === 'CAPTURED');
      assert.equal(services.row().consignments[0]!.money, 'HELD');
      await Promise.all([handOver(3), handOver(1)]);
      assert.equal(await refusalOf(handOver(4)), 'no_such_consignment');
      assert.equal((await handle.result()).status, 'COMPLETED');
      await keepHistory('order-split', handle);
    });
    // The shipping is paid with the first.
    assert.deepEqual(
      [...services.invoices].toSorted(([a], [b]) => a - b).map(([n, { amount }]) => [n, amount]),
      [
        [1, '15.0000'],
        [2, '20.0000'],
        [3, '30.0000'],
      ],
    );
  });

  for (const dispatch of ['ordinary', 'local'] as const)
    it(`in ${dispatch} dispatch that is refused holds, reserves and books nothing`, async () => {
      const split = { dispatch, lines: linesOf(1, 2), allowSplit: true };
      const refusals: Record<string, OrderOptions> = {
        out_of_stock: { ...split, onHand: 1 },
        payment_refused: { ...split, refuse: { payment: 2 } },
        delivery_refused: { ...split, refuse: { booking: 2 } },
      };
      await withOrders(
        environment(),
        Object.entries(refusals).map(([name, options]) => ({
          ...{ name, options },
          use: async ({ handle, services }) => {
            assert.deepEqual(await handle.result(), { status: 'CANCELED', cancelReason: name });
            assert.equal(services.paid(), '0.0000');
            await keepHistory(`order-${dispatch}-${name}`, handle);
          },
        })),
      );
    });

  it('in local dispatch is confirmed within its first workflow task', async () => {
    await withOrder(environment(), { dispatch: 'local', arrival: 'at_once' }, async ({ handle, handOver, until }) => {
      await until(({ row }) => row().status === 'CONFIRMED');
      assert.equal((await handOver())?.outcome, 'issued');
      assert.equal((await handle.result()).status, 'COMPLETED');
      await keepHistory('order-local-completed', handle);
    });
  });

  for (const when of ['before', 'after'] as const)
    it(`is undone if a step fails until the deadline, each time ${when} its effect, unless it is confirmed`, async () => {
      await withOrders(
        environment(),
        (['reserve', 'authorize', 'book', 'confirmOrder'] as const).map((step) => ({
          name: step,
          options: { [when]: (name: string) => failIf(name === step) },
          use: async ({ handle }) => {
            // A confirmation that was written stands, and nobody hands anything over.
            const cancelReason = step === 'confirmOrder' && when === 'after' ? 'not_handed_over' : 'timed_out';
            assert.deepEqual(await handle.result(), { status: 'CANCELED', cancelReason });
            await keepHistory(`order-timed-out-${when}-${step}`, handle);
          },
        })),
      );
    });

  const once: OrderOptions = {
    ...{ lines: linesOf(1, 2), allowSplit: true, arrival: 'at_once' },
    before: (_, nth) => failIf(nth === 1),
    after: (_, nth) => failIf(nth === 2),
  };
  const ENDS: Record<string, (running: RunningOrder) => Promise<unknown>> = {
    COMPLETED: ({ handOver }) => Promise.all([handOver(1), handOver(2)]),
    PARTLY_COMPLETED: ({ handOver, cancel }) => handOver(2).then(cancel),
    CANCELED: ({ cancel }) => cancel(),
  };
  for (const [end, ask] of Object.entries(ENDS))
    it(`survives every activity failing once before and once after its effect, until it is ${end}`, async () => {
      await withOrder(environment(), once, async (running) => {
        await running.until(({ row }) => row().status === 'CONFIRMED');
        await ask(running);
        assert.equal((await running.handle.result()).status, end);
      });
    });

  it('survives the same while it is undone', async () => {
    await withOrder(environment(), { ...once, refuse: { booking: 1 } }, async ({ handle }) => {
      assert.deepEqual(await handle.result(), { status: 'CANCELED', cancelReason: 'delivery_refused' });
    });
  });

  it('that nobody hands over is released before its hold ends, and ends not_handed_over', async () => {
    let releasedAt = 0;
    const options: OrderOptions = {
      before: async (name) => {
        if (name === 'release') releasedAt = await environment().currentTimeMs();
      },
    };
    await withOrder(environment(), options, async ({ handle, services }) => {
      assert.deepEqual(await handle.result(), { status: 'CANCELED', cancelReason: 'not_handed_over' });
      assert.ok(releasedAt < services.holds.get(1)!.expiresAtMs, 'the hold had ended');
      await keepHistory('order-not-handed-over', handle);
    });
  });

  it('that is handed over too late by the clock of the inventory is released, and the caller is told', async () => {
    const options = { clockAheadMs: HOLD_SECONDS * 1_000 };
    await withOrder(environment(), options, async ({ handle, handOver, until }) => {
      await until(({ row }) => row().status === 'CONFIRMED');
      assert.deepEqual(await handOver(), { outcome: 'released', reason: 'hold_expiring' });
      assert.deepEqual(await handle.result(), { status: 'CANCELED', cancelReason: 'not_handed_over' });
      await keepHistory('order-hold-expiring', handle);
    });
  });
});

describe('a delivery', () => {
  it('that the carrier reports ends the order at once', async () => {
    await withOrder(environment(), { arrival: 'reported' }, async ({ handle, services, handOver, moved, until }) => {
      await until(({ row }) => row().status === 'CONFIRMED');
      await handOver();
      await until(({ shipments }) => shipments.get(1) === 'HANDED_OVER');
      services.report(1, 'DELIVERED');
      await moved();
      // In real time, in which no hour passes.
      await until(({ row }) => row().status === 'COMPLETED');
      assert.equal((await handle.result()).status, 'COMPLETED');
      await keepHistory('order-delivery-reported', handle);
    });
  });

  it('whose report is lost is found by looking', async () => {
    await withOrder(environment(), { arrival: 'reported' }, async ({ handle, services, handOver, until }) => {
      await until(({ row }) => row().status === 'CONFIRMED');
      await handOver();
      await until(({ shipments }) => shipments.get(1) === 'HANDED_OVER');
      await environment().sleep('2 days');
      services.report(1, 'DELIVERED');
      const reportedAt = await environment().currentTimeMs();
      assert.equal((await handle.result()).status, 'COMPLETED');
      // By the server's record of the end, because time may leap on before it is asked for.
      const { closeTime } = await handle.describe();
      assert.ok(closeTime !== undefined && closeTime.getTime() - reportedAt <= 86_400_000 + 10_000);
    });
  });

  it('that is reported while the answer to a look is under way is not overlooked', async () => {
    const look = holdUp('shipmentOf');
    const options: OrderOptions = { arrival: 'reported', after: look.hold };
    await withOrder(environment(), options, async ({ handle, services, handOver, moved, until }) => {
      await until(({ row }) => row().status === 'CONFIRMED');
      await handOver();
      await until(({ shipments }) => shipments.get(1) === 'HANDED_OVER');
      await moved();
      await look.reached;
      services.report(1, 'DELIVERED');
      await moved();
      look.release();
      await until(({ row }) => row().status === 'COMPLETED');
      await handle.result();
    });
  });
});
