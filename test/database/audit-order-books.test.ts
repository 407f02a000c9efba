// The audit of what orders leave in the books, under keys and in outboxes can fail: each of O4 to O7 is broken by hand, and the audit
// reports that invariant and no other. At the end money moves that should not have.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { refundKey } from '../../domain/order/money.ts';
import {
  breachTest,
  sentencesOf,
  startAuditedOrders,
  type AuditedOrders,
  type AuditedOrderStack,
  type Breach,
} from './audited-orders.ts';

describe('the audit of the books of orders', () => {
  let stack: AuditedOrderStack;
  before(async () => {
    stack = await startAuditedOrders();
  });
  after(() => stack?.stop());
  const run = (breach: Breach): void => breachTest(() => stack, breach);

  describe('O4', () => {
    const lost = (id: string): string =>
      `DELETE FROM journal_lines USING journals WHERE journals.journal_id = journal_lines.journal_id AND order_id = '${id}';
       DELETE FROM journals WHERE order_id = '${id}'; DELETE FROM invoice_lines USING invoices WHERE invoices.invoice_id = invoice_lines.invoice_id AND order_id = '${id}';
       DELETE FROM invoices WHERE order_id = '${id}'; DELETE FROM outbox_events WHERE payload::text LIKE '%${id}%'`;
    run({
      what: 'goods that have left without an invoice',
      damage: ({ damage, orders }) => damage('accounting', lost(orders.due.orderId)),
      breaks: ['O4', 'O5'],
      said: /O4 order .*: its consignment 1 is DUE, and has no invoice/,
    });
    run({
      what: 'an invoice for goods that have not left',
      damage: ({ damage, orders }) =>
        damage('inventory', `DELETE FROM step_fences WHERE saga_id = '${orders.due.orderId}' AND step = 'goods:1'`),
      breaks: ['O2', 'O4', 'O7', 'O8'],
      said: /O4 invoice .*: the goods of .*\/1 have not left/,
    });
    run({
      what: 'an invoice of an order that does not exist',
      damage: ({ damage, invoiceOf }) =>
        damage(
          'accounting',
          `UPDATE invoices SET order_id = gen_random_uuid() WHERE invoice_id = '${invoiceOf('due')}'`,
        ),
      breaks: ['O4', 'O5', 'O7'],
      said: /O4 invoice .*: its order .* does not exist/,
    });
    run({
      what: 'a consignment that is paid, and whose invoice is due',
      damage: ({ damage, orders }) =>
        damage('order', `UPDATE consignments SET money = 'CAPTURED' WHERE order_id = '${orders.due.orderId}'`),
      breaks: ['O4'],
      said: /its consignment 1 is CAPTURED, but its transfer is CANCELED with/,
    });
    run({
      what: 'an invoice of another amount than the consignment’s, with its event, lines, journal and accounts',
      damage: ({ damage, orders }) =>
        damage('order', `UPDATE consignments SET invoice_number = 7 WHERE order_id = '${orders.due.orderId}'`),
      breaks: ['O4'],
      said: /its consignment 1 should have an invoice of .*,7, but has one of/,
    });
    run({
      what: 'a return that is refunded by another transfer than its credit note says',
      damage: ({ damage, returned }) =>
        damage('order', `UPDATE returns SET refund_transfer_id = gen_random_uuid() WHERE return_id = '${returned}'`),
      breaks: ['O4'],
      said: /O4 return .*: it is REFUNDED by .*, but its credit note is paid by/,
    });
    run({
      what: 'a return that the inventory knows nothing of',
      damage: ({ damage, returned }) =>
        damage(
          'inventory',
          `UPDATE step_fences SET terms = jsonb_set(terms, '{0,quantity}', '2') WHERE step = 'return:${returned}'`,
        ),
      breaks: ['O1', 'O4'],
      said: /O4 return .*: the inventory has not taken back what has come back/,
    });
    run({
      what: 'more that comes back than was delivered',
      damage: ({ damage }) =>
        damage('order', `UPDATE return_lines SET quantity = 2 WHERE line = 1 AND disposition IS NULL`),
      breaks: ['O4', 'O6'],
      said: /O4 the returns of .*\/1: 3 have come back or are to, but 2 were ordered and delivered/,
    });
    run({
      what: 'a credit note of which nothing has come back',
      damage: ({ damage, returned }) =>
        damage('order', `UPDATE returns SET received_at = NULL WHERE return_id = '${returned}'`),
      breaks: ['O4', 'O7'],
      said: /O4 credit note .*: nothing has come back for it/,
    });
  });

  describe('O5', () => {
    run({
      what: 'an account of a wallet that was raised',
      damage: ({ damage, seller }) =>
        damage(
          'accounting',
          `UPDATE accounts SET debit_total = debit_total + 1 WHERE account_id = '${seller}/wallet';
           UPDATE accounts SET credit_total = credit_total + 1 WHERE account_id = '${seller}/revenue'`,
        ),
      breaks: ['O5'],
      said: /O5 seller .*: account .*\/wallet says debit/,
    });
    run({
      what: 'a payment that the wallet’s ledger does not have',
      damage: ({ damage, holdOf }) =>
        damage(
          'seller',
          `UPDATE ledger_entries SET amount = amount + 1 WHERE transaction_id = '${holdOf('delivered')}'`,
        ),
      breaks: ['I2', 'I3', 'O5'],
      said: /O5 the account wallet:.*: the books say that the transfer .* has moved 74.0002, and the wallet's ledger 75.0002/,
    });
  });

  describe('O6', () => {
    for (const [what, change] of Object.entries({
      'another key': `idempotency_key = 'another'`,
      'another body': `reference = 'another'`,
      'another hash': `body_hash = sha256('another')`,
    }))
      run({
        what: `an order with ${what} than was acknowledged`,
        damage: ({ damage, orders }) =>
          damage('order', `UPDATE orders SET ${change} WHERE order_id = '${orders.delivered.orderId}'`),
        breaks: ['O6'],
        said: /O6 order .*(does not follow from its key|not the one that was acknowledged)/,
      });
    run({
      what: 'a return with another key than was acknowledged',
      damage: ({ damage, returned }) =>
        damage('order', `UPDATE returns SET idempotency_key = 'another' WHERE return_id = '${returned}'`),
      breaks: ['O6'],
      said: /O6 return .*does not follow from its key/,
    });
  });

  describe('O7', () => {
    for (const [place, type, idOf] of [
      ['order', 'order.placed', ({ orders }) => orders.pending.orderId],
      ['order', 'order.confirmed', ({ orders }) => orders.confirmed.orderId],
      ['order', 'order.completed', ({ orders }) => orders.delivered.orderId],
      ['order', 'order.canceled', ({ orders }) => orders.outOfStock.orderId],
      ['order', 'return.refunded', ({ returned }) => returned],
      ['inventory', 'stock.reserved', ({ orders }) => orders.delivered.orderId],
      ['inventory', 'stock.issued', ({ invoiceOf }) => invoiceOf('delivered')],
      ['inventory', 'stock.released', ({ invoiceOf }) => invoiceOf('partly', 2)],
      ['delivery', 'shipment.booked', ({ shipmentOf }) => shipmentOf('confirmed')],
      ['delivery', 'shipment.out-for-delivery', ({ shipmentOf }) => shipmentOf('delivered')],
      ['delivery', 'shipment.delivered', ({ shipmentOf }) => shipmentOf('delivered')],
      ['accounting', 'invoice.issued', ({ invoiceOf }) => invoiceOf('delivered')],
      ['accounting', 'invoice.written-off', ({ invoiceOf }) => invoiceOf('writtenOff')],
      ['accounting', 'refund.posted', ({ returned }) => returned],
    ] as const satisfies readonly (readonly [string, string, (stack: AuditedOrders) => string])[])
      run({
        what: `a ${type} that is missing`,
        damage: (audited) =>
          audited.damage(place, `DELETE FROM outbox_events WHERE event_id = '${type}/${idOf(audited)}'`),
        breaks: ['O7'],
        said: new RegExp(`O7 .*its event ${type}/.* is missing`),
      });
    run({
      what: 'an event of something that did not happen',
      damage: ({ damage, shipmentOf }) =>
        damage(
          'delivery',
          `INSERT INTO outbox_events (event_id, type, subject, payload) SELECT replace(event_id, 'out-for-delivery', 'in-transit'),
             'shipment.in-transit', subject, replace(payload::text, 'out-for-delivery', 'in-transit')::json
           FROM outbox_events WHERE event_id = 'shipment.out-for-delivery/${shipmentOf('delivered')}'`,
        ),
      breaks: ['O7'],
      said: /O7 shipment .*: an event shipment.in-transit\/.*, which tells of nothing that happened/,
    });
  });

  test('money that moves for nothing that an order needs is named: captured too early, collected and paid back twice', async () => {
    const { course, filled } = stack;
    const { audit, open, holdOf, orders } = stack.audited();
    const { confirmed, collected } = orders;
    const broken = async (): Promise<string[]> => Object.keys((await audit()).totals).sort();
    await course.payments.captureByHand(holdOf('confirmed'));
    open.delete(`transfer/${holdOf('confirmed')}`);
    const early = await audit();
    assert.deepEqual(Object.keys(early.totals), ['O3']);
    assert.match(sentencesOf(early), /O3 transfer .*: it was captured for .*\/1, whose goods have not left/);

    // Once the goods are given back, the money is being given back, too.
    await course.giveBack(confirmed);
    assert.deepEqual(await broken(), []);
    await course.end(confirmed);
    open.delete(`order/${confirmed.orderId}`);
    assert.deepEqual(await broken(), []);

    await course.collectAgain(collected);
    const twice = await audit();
    assert.deepEqual(Object.keys(twice.totals), ['O5']);
    assert.match(sentencesOf(twice), /O5 transfer .*: it has collected what was due of .*\/1, which no book says/);
    await course.payments.reverse(holdOf('delivered'), '1.0000', refundKey(filled.returned, 2));
    assert.match(sentencesOf(await audit()), /O5 transfer .*: it has paid the return .* back, which no book says/);
  });
});
