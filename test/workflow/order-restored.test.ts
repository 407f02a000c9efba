import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { it, keepHistory, useEnvironment } from './environment.ts';
import { withOrder, type OrderOptions, type RunningOrder } from './order-run.ts';
import { holdUp } from './services.ts';

const environment = useEnvironment();

const isOfMissingRow = (error: unknown): boolean =>
  error instanceof WorkflowFailedError &&
  error.cause?.cause instanceof ApplicationFailure &&
  error.cause.cause.type === 'MovementMissing';

const isConfirmed = ({ row }: RunningOrder['services']): boolean => row().status === 'CONFIRMED';

/** An order that has been handed over, or canceled, and whose run was terminated just before it would have written its end. */
async function withUnendedOrder(
  how: 'handOver' | 'cancel',
  use: (running: RunningOrder) => Promise<void>,
): Promise<RunningOrder['services']> {
  const ending = holdUp('recordOrderEnd');
  const options: OrderOptions = { arrival: 'at_once', before: ending.hold };
  return withOrder(environment(), options, async (running) => {
    await running.until(isConfirmed);
    await running[how]();
    await ending.reached;
    await running.handle.terminate('by a test');
    await use(running).finally(ending.release);
  });
}

const trace = { trace: { requestId: 'a test' } };

/** Somebody counts, and sees that the goods are gone, which the inventory does not know; and the books of the test follow. */
function countTheShelf({ goods, stock, violations }: RunningOrder['services']): void {
  goods.set(1, { outcome: 'issued', carrierReference: 'carrier-1' });
  stock.get('sku-1')!.onHand -= 2;
  violations.length = 0;
}

describe('a run that follows the restore of one database', () => {
  for (const lost of ['the decision', 'the reservation'] as const) {
    it(`of the inventory, which has lost ${lost} on goods that have left, has them leave, and pays nothing back`, async () => {
      const services = await withUnendedOrder('handOver', async ({ services: { restoreInventory }, startAnew }) => {
        restoreInventory(lost === 'the reservation');
        const next = await startAnew();
        assert.equal((await next.result()).status, 'COMPLETED');
        await keepHistory(`order-restored-inventory-${lost === 'the decision' ? 'issued' : 'unreserved'}`, next);
      });
      assert.equal(services.holds.get(1)!.isReversed, false);
    });

    it(`of the inventory, which has lost ${lost} on goods that were given back, gives them back at once`, async () => {
      await withUnendedOrder('cancel', async ({ services: { restoreInventory }, startAnew }) => {
        restoreInventory(lost === 'the reservation');
        const next = await startAnew();
        assert.deepEqual(await next.result(), { status: 'CANCELED', cancelReason: 'canceled' });
        if (lost === 'the decision') await keepHistory('order-restored-inventory-released', next);
      });
    });
  }

  it('of the inventory and of the row believes the carrier, who has the goods, and captures the hold', async () => {
    await withUnendedOrder('handOver', async ({ services, startAnew, cancel }) => {
      const { consignments, ...row } = services.row();
      const reserved = { goods: 'RESERVED', money: 'HELD', carrierReference: null } as const;
      services.restoreRow({ ...row, consignments: consignments.map((part) => ({ ...part, ...reserved })) });
      services.restoreInventory();
      const next = await startAnew();
      await cancel().catch(() => {});
      assert.equal((await next.result()).status, 'COMPLETED');
      assert.equal(services.holds.get(1)!.status, 'COMPLETED');
      await keepHistory('order-restored-carrier-has-the-goods', next);
      countTheShelf(services);
    });
  });

  it('of the inventory and of the row from before its confirmation, whose time is over, believes the carrier, too', async () => {
    await withUnendedOrder('handOver', async ({ services, startAnew }) => {
      services.restoreRow();
      services.restoreInventory();
      const next = await startAnew({ deadlineMs: 0 });
      assert.equal((await next.result()).status, 'COMPLETED');
      assert.equal(services.holds.get(1)!.status, 'COMPLETED');
      await keepHistory('order-restored-undone-carrier-has-the-goods', next);
      countTheShelf(services);
    });
  });

  it('of the inventory, which has given back since what the row says to have left, believes the row', async () => {
    await withUnendedOrder('handOver', async ({ services, startAnew }) => {
      services.restoreInventory();
      await services.activities.release({ ...trace, orderId: services.orderId, n: 1, reason: 'reconciled' });
      const next = await startAnew();
      assert.equal((await next.result()).status, 'COMPLETED');
      assert.equal(services.holds.get(1)!.isReversed, false);
      await keepHistory('order-restored-left-by-the-row', next);
      countTheShelf(services);
    });
  });

  it('of another database than the row and the inventory, which agree that the goods were given back, believes these', async () => {
    await withUnendedOrder('cancel', async ({ services, startAnew }) => {
      services.report(1, 'HANDED_OVER');
      assert.equal((await (await startAnew()).result()).status, 'CANCELED');
    });
  });

  it('of the row from before its confirmation, whose time is over, confirms an order whose goods have left', async () => {
    await withUnendedOrder('handOver', async ({ services, startAnew }) => {
      services.restoreRow();
      const next = await startAnew({ deadlineMs: 0 });
      assert.equal((await next.result()).status, 'COMPLETED');
      assert.equal(services.row().compensating, false);
      await keepHistory('order-restored-row-whose-goods-have-left', next);
    });
  });

  it('of the row from before its confirmation does not reserve again what was given back', async () => {
    await withUnendedOrder('cancel', async ({ services, startAnew }) => {
      services.restoreRow();
      const next = await startAnew();
      assert.equal((await next.result()).status, 'CANCELED');
      assert.equal(services.attempts.filter((name) => name === 'authorize').length, 1);
    });
  });
});

describe('a run whose row is restored beneath it', () => {
  for (const [from, isPending] of [
    ['its confirmation', true],
    ['what has become of its consignments', false],
  ] as const)
    it(`from before ${from} ends without an end, and another run brings the order to it`, async () => {
      const ending = holdUp('recordOrderEnd');
      const issuing = holdUp('recordConsignment');
      const options: OrderOptions = {
        arrival: 'at_once',
        before: async (...at) => {
          await issuing.hold(...at);
          await ending.hold(...at);
        },
      };
      await withOrder(environment(), options, async ({ handle, services, handOver, startAnew, until }) => {
        await until(isConfirmed);
        const confirmed = services.row();
        void handOver().catch(() => {});
        await issuing.reached;
        if (isPending) services.restoreRow();
        issuing.release();
        if (!isPending) {
          await ending.reached;
          services.restoreRow(confirmed);
        }
        ending.release();
        await assert.rejects(handle.result(), isOfMissingRow);
        const next = await startAnew();
        assert.equal((await next.result()).status, 'COMPLETED');
      });
    });
});

it('an order whose reservation is lost beneath its run, and that is handed over, gives the money back', async () => {
  const services = await withOrder(environment(), {}, async (running) => {
    await running.until(isConfirmed);
    running.services.restoreInventory(true);
    await running.handOver().catch(() => {});
    await running.cancel().catch(() => {});
    assert.equal((await running.handle.result()).status, 'CANCELED');
  });
  assert.equal(services.holds.get(1)!.status, 'CANCELED');
});

describe('a delivery that was restored', () => {
  it('from before the booking of goods that have not left has them booked again as they leave', async () => {
    await withOrder(environment(), { arrival: 'at_once' }, async ({ handle, services, handOver, until }) => {
      await until(isConfirmed);
      services.restoreShipment(1, false);
      await handOver();
      assert.equal((await handle.result()).status, 'COMPLETED');
    });
  });

  for (const [from, isBooked] of [
    ['the hand-over', true],
    ['the booking', false],
  ] as const)
    it(`from before ${from} is told again that the goods have left`, async () => {
      await withOrder(environment(), { arrival: 'reported' }, async ({ handle, services, handOver, moved, until }) => {
        await until(isConfirmed);
        await handOver();
        await until(({ shipments }) => shipments.get(1) === 'HANDED_OVER');
        services.restoreShipment(1, isBooked);
        await moved();
        await until(({ shipments }) => shipments.get(1) === 'HANDED_OVER');
        services.report(1, 'DELIVERED');
        await moved();
        assert.equal((await handle.result()).status, 'COMPLETED');
        await keepHistory(`order-restored-delivery-${isBooked ? 'booked' : 'nothing'}`, handle);
      });
    });
});
