// A change and its entry of the audit log are of one transaction: where the entry cannot be written, nothing is changed.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { consignmentId, shipmentId } from '../../domain/derived-id.ts';
import { bodyOf } from './approving.ts';
import { startAuditedApi, type Asked, type AuditedApi, type Operation } from './audited-api.ts';
import { rowsOf, type TestDatabase } from './database.ts';
import { fresh, userOnShard } from './wallets.ts';

const REFUSE_ENTRIES = `
  CREATE FUNCTION refuse_entry() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    RAISE EXCEPTION 'no entry is written';
  END
  $$;
  CREATE TRIGGER refuse_entries BEFORE INSERT ON outbox_events FOR EACH ROW WHEN (NEW.type LIKE 'audit.%') EXECUTE FUNCTION refuse_entry()`;

interface Change extends Asked {
  readonly operation: Operation;
  readonly at: TestDatabase;
  /** Shows whether it was made. */
  readonly shown: string;
}

describe('a change whose entry cannot be written', () => {
  let api: AuditedApi;
  before(async () => {
    api = await startAuditedApi();
  });
  after(() => api?.stop());

  function changes(): Change[] {
    const { stores, services, filled } = api.stack;
    const { partly, issued, pending } = filled.orders;
    const of = { sku: 'lamp' };
    const order = { at: services.order };
    const stock = { at: services.inventory, shown: 'SELECT * FROM stock ORDER BY sku' };
    const projection = { at: stores.events, of: { projection: 'flows' } };
    return [
      {
        ...{ operation: 'putProduct', of, body: { unit_price: '99.00', currency: 'USD' } },
        ...{ ...order, shown: 'SELECT * FROM products ORDER BY sku' },
      },
      {
        ...{ operation: 'createReturn', of: { order_id: partly.orderId } },
        ...{
          body: { lines: [{ sku: 'lamp', quantity: 1 }] },
          ...order,
          shown: 'SELECT return_id, status FROM returns ORDER BY 1',
        },
      },
      {
        ...{ operation: 'cancelOrder', of: { order_id: pending.orderId } },
        ...{ ...order, shown: 'SELECT * FROM order_actions' },
      },
      { operation: 'countStock', of, body: { on_hand: 77 }, ...stock },
      { operation: 'receiveStock', of, body: { quantity: 1 }, ...stock },
      { operation: 'adjustStock', of, body: { quantity: -1, reason: 'broken' }, ...stock },
      {
        ...{ operation: 'createCarrierEvent', of: { shipment_id: shipmentId(consignmentId(issued.orderId, 1)) } },
        body: { event_id: fresh('report'), status: 'DELIVERED', at: '2026-03-01T12:00:00.123Z' },
        ...{ at: services.delivery, shown: 'SELECT * FROM carrier_events ORDER BY event_id' },
      },
      {
        ...{ operation: 'createWallet', body: { user_id: userOnShard(0, 2) }, at: stores.wallets[0]! },
        shown: 'SELECT wallet_id FROM wallets ORDER BY 1',
      },
      {
        ...{ operation: 'createRecurringTransfer', body: { ...bodyOf('USD', '2'), every: 86_400, time_zone: 'UTC' } },
        ...{ at: stores.transfer, shown: 'SELECT recurring_transfer_id FROM recurring_transfers' },
      },
      {
        ...{ operation: 'createReconciliationRun', body: {}, at: stores.transfer },
        shown: 'SELECT run_id FROM reconciliation_runs',
      },
      { operation: 'rebuildProjection', ...projection, shown: 'SELECT * FROM projections ORDER BY name' },
      {
        ...{ operation: 'retryDeadLetters', ...projection },
        shown: 'SELECT event_id, retry_at FROM parked_events',
      },
    ];
  }

  test('is not made', async () => {
    await rowsOf(
      api.stack.stores.events.admin,
      `INSERT INTO parked_events (consumer, event_id, position, subject, event, attempts) VALUES ('flows.1', 'a', 1, 's', '{}', 5)`,
    );
    for (const { admin } of api.databases) await rowsOf(admin, REFUSE_ENTRIES);
    const made: string[] = [];
    for (const { operation, at, shown, ...asked } of changes()) {
      const shownBefore = await rowsOf(at.admin, shown);
      const { status } = await api.request(operation, asked);
      assert.ok(status >= 500, `${operation}: ${status}`);
      if (!isDeepStrictEqual(await rowsOf(at.admin, shown), shownBefore)) made.push(operation);
    }
    assert.deepEqual(made, []);
  });
});
