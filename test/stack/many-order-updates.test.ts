// An order whose run has taken all the updates that Temporal lets it take: another run takes its place, so that the goods leave, are
// kept or come back as before, and all of it is paid once.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { takesNoMoreUpdates } from '../../temporal/exhausted-updates.ts';
import { handOverUpdate, orderWorkflowId } from '../../workflows/order/messages.ts';
import type { OrderId } from '../../domain/ids.ts';
import type { Money } from './money.ts';
import { ordersOn, type Order, type OrderCalls } from './order-calls.ts';
import { until } from './stack.ts';
import { useFewUpdates } from './use-few-updates.ts';

/** Of one run; by default it is 2,000. */
const UPDATES_MAX = 8;

describe('an order whose run takes no more updates', () => {
  let money: Money;
  let orders: OrderCalls;
  useFewUpdates(UPDATES_MAX, (started) => {
    ({ money } = started);
    orders = ordersOn(started);
  });

  /** An order of two consignments, of which the first was handed over so often that its run takes no other request. */
  async function exhausted() {
    const sale = await orders.sale(2);
    const other = await orders.product(2);
    const lines = [sale.sku, other].map((sku) => ({ sku, quantity: 1 }));
    const { order_id: id, consignments } = await orders.confirmed(sale, { allow_split: true, lines });
    const skus = consignments.map((each) => each.lines.map(({ sku }) => sku).join());
    assert.deepEqual(skus.toSorted(), [sale.sku, other].toSorted());
    const handle = money.temporal.workflow.getHandle(orderWorkflowId(id as OrderId));
    const { runId } = await handle.describe();
    const handOver = () => handle.executeUpdate(handOverUpdate, { args: [{ n: 1, carrierReference: 'van 1' }] });
    for (let n = 0; n < UPDATES_MAX; n += 1) assert.equal((await handOver())?.outcome, 'issued');
    await assert.rejects(handOver(), takesNoMoreUpdates);
    return { ...sale, id, runId, handle, skus };
  }

  /** Has the carrier report that what has left has arrived, and returns the order once it has ended. */
  async function arrived(id: string): Promise<Order> {
    for (const { goods, shipment_id: shipment } of (await orders.read(id)).consignments) {
      if (goods === 'RELEASED') continue;
      const report = { event_id: randomUUID(), status: 'DELIVERED', at: new Date().toISOString() };
      const told = async () => (await money.api.post(`/v1/shipments/${shipment}/events`, report)).status === 200;
      await until(120_000, 'the shipment was not handed over', told);
    }
    return orders.ended(id);
  }

  test('is handed over by the next run, and what comes back is paid back', async () => {
    const { id, runId, handle, buyer, seller, skus } = await exhausted();
    const path = `/v1/orders/${id}`;
    const left = await money.api.post(`${path}/consignments/2/hand-over`, { carrier_reference: 'van 2' });
    assert.equal(left.status, 200, JSON.stringify(left.body));
    assert.notEqual((await handle.describe()).runId, runId, 'another run goes on');
    assert.equal((await arrived(id)).status, 'COMPLETED');
    assert.deepEqual(await orders.wallet(buyer), { balance: '80.0000', held: '0.0000' });

    const lines = [{ sku: skus[1], quantity: 1 }];
    const { body } = await money.api.post(`${path}/returns`, { lines }, { 'idempotency-key': randomUUID() });
    const back = `/v1/returns/${String(body['return_id'])}`;
    assert.equal((await money.api.post(`${back}/receipt`, {})).status, 202);
    const isPaid = async () => (await money.api.get(back)).body['status'] === 'REFUNDED';
    await until(120_000, 'the goods that came back are not paid back', isPaid);
    assert.deepEqual(await orders.wallet(buyer), { balance: '90.0000', held: '0.0000' });
    assert.equal((await orders.wallet(seller)).balance, '10.0000');
    await money.assertSound();
  });

  test('is canceled by the next run, as far as its goods have not left', async () => {
    const { id, runId, handle, buyer, seller, skus } = await exhausted();
    const canceled = await orders.cancel(id);
    assert.equal(canceled.status, 200, JSON.stringify(canceled.body));
    assert.notEqual((await handle.describe()).runId, runId, 'another run goes on');
    const ended = await arrived(id);
    assert.equal(ended.status, 'PARTLY_COMPLETED');
    assert.deepEqual(
      ended.consignments.map(({ goods, money: paid }) => [goods, paid]),
      [
        ['DELIVERED', 'CAPTURED'],
        ['RELEASED', 'VOIDED'],
      ],
    );
    assert.deepEqual(await Promise.all(skus.map((sku) => orders.stock(sku))), [
      { onHand: 1, reserved: 0 },
      { onHand: 2, reserved: 0 },
    ]);
    assert.deepEqual(await orders.wallet(buyer), { balance: '90.0000', held: '0.0000' });
    assert.equal((await orders.wallet(seller)).balance, '10.0000');
    await money.assertSound();
  });
});
