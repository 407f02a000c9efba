// Shipments over HTTP: what a carrier reports is kept once, whoever waits is told, and bad reports get their codes.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createDeliveryActivities } from '../../activities/delivery/delivery.ts';
import { shipmentRoutes } from '../../api/delivery/shipment.ts';
import { consignmentId, shipmentId } from '../../domain/derived-id.ts';
import type { OrderId } from '../../domain/ids.ts';
import { baseApp, jsonOf } from '../pure/api-fakes.ts';
import { startCluster, type TestCluster, type TestDatabase } from './database.ts';
import { freshOrder } from './order-steps.ts';
import { fresh, trace } from './wallets.ts';

const LINES = [{ sku: 'lamp', quantity: 2 }];
const AT = '2026-03-01T12:00:00.123Z';

describe('shipments over HTTP', () => {
  let cluster: TestCluster;
  let store: TestDatabase;
  let app: ReturnType<typeof appOver>;
  const told: string[] = [];
  before(async () => {
    cluster = await startCluster();
    store = await cluster.createOrderStore('delivery');
    app = appOver();
  });
  after(() => cluster?.stop());

  const appOver = () =>
    baseApp().route(
      '/',
      shipmentRoutes({ database: store.service, told: (orderId, n) => void told.push(`${orderId}/${n}`) }),
    );

  async function handedOver(): Promise<{ orderId: OrderId; path: string }> {
    const orderId = freshOrder();
    const delivery = createDeliveryActivities(store.service);
    await delivery.book({ orderId, n: 1, lines: LINES, trace });
    await delivery.handOver({ orderId, n: 1, carrierReference: 'parcel-7', trace });
    return { orderId, path: pathOf(orderId) };
  }
  const pathOf = (orderId: OrderId): string => `/v1/shipments/${shipmentId(consignmentId(orderId, 1))}`;
  const report = (path: string, body: unknown) =>
    jsonOf(
      app.request(`${path}/events`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    );

  test('a report is answered with the shipment, and its repeat with the same; who waits is told with each', async () => {
    const { orderId, path } = await handedOver();
    const body = { event_id: fresh('report'), status: 'IN_TRANSIT', at: AT };
    const first = await report(path, body);
    assert.equal(first.status, 200);
    const { status, order_id, consignment, carrier_reference, units, events } = first.body;
    assert.deepEqual([status, order_id, consignment], ['IN_TRANSIT', orderId, 1]);
    assert.deepEqual([carrier_reference, units], ['parcel-7', 2]);
    const [event] = events as Record<string, unknown>[];
    assert.deepEqual([event?.['event_id'], event?.['status'], event?.['at']], [body.event_id, 'IN_TRANSIT', AT]);
    assert.deepEqual(await report(path, body), first);
    assert.deepEqual(await report(path, { ...body, at: '2026-03-01T13:00:00.123+01:00' }), first, 'the same instant');
    assert.deepEqual((await jsonOf(app.request(path))).body, first.body);
    assert.deepEqual(told.splice(0), Array(3).fill(`${orderId}/1`), 'the first may have got lost');
  });

  test('an earlier status that is reported later is shown among the reports, and tells nobody', async () => {
    const { orderId, path } = await handedOver();
    await report(path, { event_id: fresh('report'), status: 'DELIVERED', at: AT });
    const late = await report(path, { event_id: fresh('report'), status: 'IN_TRANSIT', at: AT });
    assert.equal(late.body['status'], 'DELIVERED');
    assert.equal((late.body['events'] as unknown[]).length, 2);
    assert.deepEqual(told.splice(0), [`${orderId}/1`]);
  });

  test('an event_id with another body, and a shipment that no carrier has, are refused with their codes', async () => {
    const { path } = await handedOver();
    const body = { event_id: fresh('report'), status: 'IN_TRANSIT', at: AT };
    await report(path, body);
    const reused = await report(path, { ...body, status: 'DELIVERED' });
    assert.deepEqual([reused.status, reused.body['code']], [422, 'carrier_event_id_reused']);
    const elsewhere = await report((await handedOver()).path, body);
    assert.deepEqual([elsewhere.status, elsewhere.body['code']], [422, 'carrier_event_id_reused']);
    const unknown = await report(pathOf(freshOrder()), body);
    assert.deepEqual([unknown.status, unknown.body['code']], [404, 'shipment_not_found']);
    assert.equal((await jsonOf(app.request(pathOf(freshOrder())))).body['code'], 'shipment_not_found');
    const booked = freshOrder();
    await createDeliveryActivities(store.service).book({ orderId: booked, n: 1, lines: LINES, trace });
    const early = await report(pathOf(booked), { ...body, event_id: fresh('report') });
    assert.deepEqual([early.status, early.body['code']], [409, 'shipment_not_handed_over']);
  });

  test('what does not validate is refused with each fault, and nothing is kept', async () => {
    const { path } = await handedOver();
    const good = { event_id: fresh('report'), status: 'IN_TRANSIT', at: AT };
    for (const [body, code] of [
      [{ ...good, status: 'HANDED_OVER' }, 'status_invalid'],
      [{ ...good, event_id: '' }, 'carrier_event_id_invalid'],
      [{ ...good, event_id: 'é' }, 'carrier_event_id_invalid'],
      [{ ...good, event_id: 7 }, 'carrier_event_id_invalid'],
      [{ ...good, event_id: 'x'.repeat(256) }, 'carrier_event_id_invalid'],
      [{ ...good, at: 'yesterday' }, 'instant_invalid'],
      [{ ...good, place: 'here' }, 'unknown_field'],
      [{ event_id: good.event_id, at: AT }, 'field_missing'],
      [[], 'body_invalid'],
    ] as const) {
      const answer = await report(path, body);
      assert.deepEqual([answer.status, answer.body['code']], [422, code], JSON.stringify(body));
    }
    assert.equal((await report('/v1/shipments/nowhere', good)).body['code'], 'shipment_id_invalid');
    assert.deepEqual((await jsonOf(app.request(path))).body['events'], []);
  });
});
