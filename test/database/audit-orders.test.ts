// The audit of orders can fail: each of O1 to O8 is broken by hand in a database, and the audit reports that invariant and no other.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  breachTest,
  startAuditedOrders,
  type AuditedOrders,
  type AuditedOrderStack,
  type Breach,
} from './audited-orders.ts';

describe('the audit of orders', () => {
  let stack: AuditedOrderStack;
  before(async () => {
    stack = await startAuditedOrders();
  });
  after(() => stack?.stop());

  test('finds nothing wrong with orders that are in order', () =>
    stack.use(async ({ audit }) => {
      const report = await audit({ withLog: true });
      assert.deepEqual(report.violations, []);
      assert.equal(report.ok, true);
      assert.deepEqual(report.undone_orders, { under_way: 5, attention: 0, overdue: 0 });
      const { orders, consignments, returns, skus, shipments, invoices, credit_notes } = report.checked;
      assert.deepEqual(
        [orders, consignments, returns, skus, shipments, invoices, credit_notes],
        [13, 10, 3, 3, 10, 5, 1],
      );
    }));

  const run = (breach: Breach): void => breachTest(() => stack, breach);

  describe('O1', () => {
    run({
      what: 'a stock that was raised',
      damage: ({ damage }) => damage('inventory', `UPDATE stock SET on_hand = on_hand + 1 WHERE sku = 'lamp'`),
      breaks: ['O1'],
      said: /O1 stock lamp: 89 are on hand and 2 reserved, but its entries sum to 88 and 2/,
    });
    run({
      what: 'goods that were given back without an entry',
      damage: ({ damage }) => damage('inventory', `UPDATE stock SET reserved = reserved - 1 WHERE sku = 'lamp'`),
      breaks: ['O1'],
      said: /O1 stock lamp: 1 are reserved, but its reservations sum to 2/,
    });
    run({
      what: 'an entry that shows another stock',
      damage: ({ damage }) =>
        damage(
          'inventory',
          `UPDATE stock_entries SET on_hand_after = on_hand_after + 1 WHERE sku = 'lamp' AND sequence = 2`,
        ),
      breaks: ['O1'],
      said: /1 entries say another stock/,
    });
    run({
      what: 'a gap in a sequence',
      damage: ({ damage }) =>
        damage(
          'inventory',
          `UPDATE stock_entries SET sequence = sequence + 1 WHERE sku = 'lamp' AND sequence = (SELECT sequence FROM stock WHERE sku = 'lamp');
           UPDATE stock SET sequence = sequence + 1 WHERE sku = 'lamp'`,
        ),
      breaks: ['O1'],
      said: /1 entries are not numbered one after the other/,
    });
    run({
      what: 'a receipt of which no entry tells, and an entry of which no fence tells',
      damage: ({ damage }) =>
        damage('inventory', `UPDATE stock_entries SET cause_id = gen_random_uuid() WHERE type = 'RECEIPT'`),
      breaks: ['O1'],
      said: /O1 the entries of [0-9a-f-]{36} {2}on desk: (its RECEIPT of 3 and 0 has no entry|a RECEIPT of 3 and 0, of which nothing tells)/,
    });
  });

  describe('O2', () => {
    run({
      what: 'goods that have left by the order, and not by the inventory',
      damage: ({ damage, orders }) =>
        damage('order', `UPDATE consignments SET goods = 'ISSUED' WHERE order_id = '${orders.confirmed.orderId}'`),
      breaks: ['O2'],
      said: /O2 order .*: its consignment 1 is ISSUED, but the inventory says nothing of it/,
    });
    run({
      what: 'a consignment that has ended delivered and voided',
      damage: ({ damage, orders }) =>
        damage('order', `UPDATE consignments SET money = 'DUE' WHERE order_id = '${orders.writtenOff.orderId}'`),
      breaks: ['O2'],
      said: /O2 order .*: its consignment 1 has ended DELIVERED and DUE/,
    });
    run({
      what: 'money that was taken for goods that are given back',
      damage: ({ damage, orders }) =>
        damage('order', `UPDATE consignments SET money = 'CAPTURED' WHERE order_id = '${orders.canceled.orderId}'`),
      breaks: ['O2', 'O4'],
      said: /its consignment 1 has ended RELEASED and CAPTURED/,
    });
    run({
      what: 'a status that is not that of the consignments, with its event and step',
      damage: ({ damage, orders: { partly } }) =>
        damage(
          'order',
          `UPDATE orders SET status = 'COMPLETED' WHERE order_id = '${partly.orderId}';
           UPDATE order_steps SET step = 'COMPLETED' WHERE order_id = '${partly.orderId}' AND step = 'PARTLY_COMPLETED';
           UPDATE outbox_events SET event_id = replace(event_id, 'partly-', ''), type = 'order.completed',
             payload = replace(payload::text, 'order.partly-completed', 'order.completed')::json
           WHERE event_id = 'order.partly-completed/${partly.orderId}'`,
        ),
      breaks: ['O2'],
      said: /it is COMPLETED, but its consignments say PARTLY_COMPLETED/,
    });
    run({
      what: 'a status that was written over the end',
      damage: ({ damage, orders }) =>
        damage(
          'order',
          `UPDATE orders SET status = 'CANCELED', cancel_reason = 'timed_out' WHERE order_id = '${orders.delivered.orderId}'`,
        ),
      breaks: ['O2', 'O7'],
      said: /it is CANCELED with the steps: (PENDING; CONFIRMED; COMPLETED)/,
    });
    run({
      what: 'consignments that are not what was reserved',
      damage: ({ damage, orders }) =>
        damage('order', `UPDATE consignments SET lines = '{1}' WHERE order_id = '${orders.delivered.orderId}'`),
      breaks: ['O2', 'O4'],
      said: /its consignments are 1: 2 × lamp, but the inventory has reserved 1: 1 × desk, 2 × lamp for it/,
    });
    run({
      what: 'an order that ended, and for which goods can still be reserved',
      damage: ({ damage, orders }) =>
        damage(
          'inventory',
          `DELETE FROM step_fences WHERE saga_id = '${orders.outOfStock.orderId}';
           DELETE FROM outbox_events WHERE subject = '${orders.outOfStock.orderId}'`,
        ),
      breaks: ['O2'],
      said: /it is CANCELED, and goods can still be reserved for it/,
    });
    run({
      what: 'a reservation that is not what its fence says',
      damage: ({ damage, orders }) =>
        damage('inventory', `UPDATE reservations SET state = 'ISSUED' WHERE order_id = '${orders.canceled.orderId}'`),
      breaks: ['O1', 'O2'],
      said: /O2 the reservation of .*\/1: it is ISSUED, but its fence says undone/,
    });
  });

  describe('O3', () => {
    const forgotten = `
      DELETE FROM order_steps WHERE order_id = 'ID'; DELETE FROM consignments WHERE order_id = 'ID';
      DELETE FROM order_lines WHERE order_id = 'ID'; DELETE FROM orders WHERE order_id = 'ID'; DELETE FROM outbox_events WHERE subject = 'ID'`;
    run({
      what: 'goods, a hold and a shipment for an order that does not exist',
      damage: async ({ damage, open, orders: { confirmed } }) => {
        await damage('order', forgotten.replaceAll('ID', confirmed.orderId));
        open.delete(`order/${confirmed.orderId}`);
      },
      breaks: ['O3', 'O8'],
      said: /O3 order .*: goods are reserved for it, but it does not exist/,
    });
    run({
      what: 'a hold of an order that has ended',
      damage: ({ damage, orders: { confirmed }, open }) => {
        open.delete(`order/${confirmed.orderId}`);
        return endAsCanceled(damage, confirmed.orderId);
      },
      breaks: ['O2', 'O3', 'O8'],
      said: /O3 transfer .*: it is DEBITED, but its order is CANCELED/,
    });
    run({
      what: 'a hold that was captured for goods that were given back, and not reversed',
      damage: ({ damage, orders: { reversed } }) =>
        damage('order', forgotten.replaceAll('ID', reversed.orderId)).then(() =>
          damage(
            'transfer',
            `UPDATE transfers SET reversed_amount = 0 WHERE idempotency_key = 'order/${reversed.orderId}/1' AND reverses_transfer_id IS NULL`,
          ),
        ),
      breaks: ['I2', 'O3'],
      said: /O3 transfer .*: it is COMPLETED for the order .*, which does not exist/,
    });
  });

  describe('O8', () => {
    run({
      what: 'an order under way whose workflow was terminated',
      damage: async ({ open, orders }) => open.delete(`order/${orders.confirmed.orderId}`),
      breaks: ['O8'],
      said: /O8 order .*: it has not ended, but no workflow of it is open/,
    });
    run({
      what: 'a return whose goods are back, and whose workflow was terminated',
      damage: async ({ open }) => [...open].filter((id) => id.startsWith('return/')).forEach((id) => open.delete(id)),
      breaks: ['O8'],
      said: /O8 return .*: it has not ended, but no workflow of it is open/,
    });
    run({
      what: 'an open workflow of an order that has ended',
      damage: async ({ open, orders }) => open.add(`order/${orders.delivered.orderId}`),
      breaks: ['O8'],
      said: /O8 order .*: its workflow is open, but it has ended/,
    });
    run({
      what: 'an order that is neither confirmed nor undone long after its deadline',
      damage: ({ damage, orders }) =>
        damage(
          'order',
          `UPDATE orders SET deadline_at = now() - interval '6 minutes' WHERE order_id = '${orders.pending.orderId}'`,
        ),
      breaks: ['O8'],
      said: /O8 order .*: it is still PENDING though it should not be since/,
    });
    run({
      what: 'a consignment that has not left long after the end of its hold',
      damage: ({ damage, orders }) =>
        damage(
          'order',
          `UPDATE consignments SET hold_expires_at = now() - interval '6 minutes' WHERE order_id = '${orders.confirmed.orderId}'`,
        ),
      breaks: ['O8'],
      said: /O8 order .*: it is still CONFIRMED though/,
    });
    run({
      what: 'a consignment that is delivered, and whose shipment is not',
      damage: ({ damage, shipmentOf }) =>
        damage(
          'delivery',
          `UPDATE shipments SET status = 'IN_TRANSIT', rank = 3 WHERE shipment_id = '${shipmentOf('delivered')}'`,
        ),
      breaks: ['O8'],
      said: /O8 order .*: its consignment 1 is DELIVERED, but its shipment is IN_TRANSIT/,
    });
    run({
      what: 'a shipment that is booked for an order that has ended',
      damage: ({ damage, shipmentOf }) =>
        damage(
          'delivery',
          `UPDATE shipments SET status = 'BOOKED', rank = 0 WHERE shipment_id = '${shipmentOf('canceled')}';
           DELETE FROM outbox_events WHERE event_id = 'shipment.canceled/${shipmentOf('canceled')}'`,
        ),
      breaks: ['O8'],
      said: /O8 shipment .*: it is still booked, but its order is CANCELED/,
    });
  });
});

/** Ends an order that has a hold and goods, as if nothing of it had to be undone. */
async function endAsCanceled(damage: AuditedOrders['damage'], orderId: string): Promise<void> {
  await damage(
    'order',
    `DELETE FROM consignments WHERE order_id = '${orderId}';
     UPDATE orders SET status = 'CANCELED', cancel_reason = 'canceled' WHERE order_id = '${orderId}';
     UPDATE order_steps SET step = 'CANCELED' WHERE order_id = '${orderId}' AND step = 'CONFIRMED';
     UPDATE outbox_events SET event_id = replace(event_id, 'confirmed', 'canceled'), type = 'order.canceled',
       payload = jsonb_set(replace(payload::text, 'order.confirmed', 'order.canceled')::jsonb, '{data,reason}', '"canceled"')
     WHERE event_id = 'order.confirmed/${orderId}'`,
  );
}
