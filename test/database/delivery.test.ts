// The delivery's operations over a real database: whatever is repeated, comes late or comes at once, a consignment is booked,
// canceled or handed over once, and its shipment ends in the highest status that a carrier has reported.

import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { createDeliveryActivities } from '../../activities/delivery/delivery.ts';
import { listCarrierEvents, recordCarrierEvent, type CarrierReport } from '../../db/delivery/queries.ts';
import { CARRIER_STATUSES, type CarrierStatus, type DeliveryOperations } from '../../domain/delivery/operations.ts';
import { consignmentId, shipmentId } from '../../domain/derived-id.ts';
import type { OrderId } from '../../domain/ids.ts';
import { drawsOf } from '../../nemesis/draws.ts';
import { rowsOf, startCluster, type TestCluster, type TestDatabase } from './database.ts';
import { eventsOf, freshOrder, refusalOf } from './order-steps.ts';
import { fresh, trace } from './wallets.ts';

const LINES = [
  { sku: 'lamp', quantity: 2 },
  { sku: 'desk', quantity: 1 },
];

describe('the delivery', () => {
  let cluster: TestCluster;
  let store: TestDatabase;
  let delivery: DeliveryOperations;
  before(async () => {
    cluster = await startCluster();
    store = await cluster.createOrderStore('delivery', 20);
    delivery = createDeliveryActivities(store.service);
  });
  after(() => cluster?.stop());

  const idOf = (orderId: OrderId) => shipmentId(consignmentId(orderId, 1));
  const book = (orderId: OrderId, lines = LINES) => delivery.book({ orderId, n: 1, lines, trace });
  const cancel = (orderId: OrderId) => delivery.cancelBooking({ orderId, n: 1, trace });
  const handOver = (orderId: OrderId, carrierReference = 'parcel-7') =>
    delivery.handOver({ orderId, n: 1, carrierReference, trace });
  const statusOf = async (orderId: OrderId) => (await delivery.shipmentOf({ orderId, n: 1, trace }))?.status;
  const report = (orderId: OrderId, status: CarrierStatus, eventId = fresh('report')): CarrierReport => ({
    eventId,
    shipmentId: idOf(orderId),
    status,
    at: new Date('2026-03-01T12:00:00.123Z'),
  });
  const record = (each: CarrierReport) => recordCarrierEvent(store.service, each, trace);

  test('a booking that is repeated and asked for at once is one shipment with one event', async () => {
    const orderId = freshOrder();
    const answers = await Promise.all(Array.from({ length: 10 }, () => book(orderId)));
    for (const answer of [...answers, await book(orderId)])
      assert.deepEqual(answer, { outcome: 'booked', shipmentId: idOf(orderId) });
    const rows = await rowsOf(store.admin, `SELECT units, rank FROM shipments WHERE order_id = '${orderId}'`);
    assert.deepEqual(rows, [{ units: 3, rank: 0 }]);
    assert.deepEqual(await eventsOf(store, idOf(orderId)), ['shipment.booked']);
  });

  test('a repeat with other lines raises, and lines with a price are the same lines', async () => {
    const orderId = freshOrder();
    await book(orderId);
    await book(
      orderId,
      LINES.map((line) => ({ ...line, unitPrice: '1.0000' })),
    );
    assert.equal(await refusalOf(book(orderId, [{ sku: 'lamp', quantity: 3 }])), 'step_fences_terms');
  });

  test('more units than a parcel holds are refused for ever, and there is nothing to cancel', async () => {
    const orderId = freshOrder();
    const many = [
      { sku: 'lamp', quantity: 1_000_000 },
      { sku: 'desk', quantity: 1 },
    ];
    for (let again = 0; again < 2; again += 1)
      assert.deepEqual(await book(orderId, many), { outcome: 'refused', reason: 'too_many_units' });
    assert.deepEqual(await cancel(orderId), { outcome: 'never_booked' });
    assert.equal(await statusOf(orderId), undefined);
    assert.deepEqual(await eventsOf(store, idOf(orderId)), []);
  });

  test('a booking that arrives after its cancellation does nothing', async () => {
    const orderId = freshOrder();
    for (let again = 0; again < 2; again += 1) assert.deepEqual(await cancel(orderId), { outcome: 'never_booked' });
    assert.deepEqual(await book(orderId), { outcome: 'undone' });
    assert.deepEqual(await cancel(orderId), { outcome: 'never_booked' });
    assert.equal(await statusOf(orderId), undefined);
    assert.deepEqual(await eventsOf(store, idOf(orderId)), []);
  });

  test('a booking and its cancellation at once end without a booked shipment, in either order', async () => {
    for (let round = 0; round < 20; round += 1) {
      const orderId = freshOrder();
      const [, canceled] = await Promise.all([book(orderId), cancel(orderId)]);
      assert.equal(await statusOf(orderId), canceled.outcome === 'canceled' ? 'CANCELED' : undefined);
      assert.deepEqual(await book(orderId), { outcome: 'undone' });
    }
  });

  test('goods are handed over once, and a repeat is told how far the shipment is', async () => {
    const orderId = freshOrder();
    await book(orderId);
    const handedOver = { shipmentId: idOf(orderId), status: 'HANDED_OVER' };
    const answers = await Promise.all(Array.from({ length: 5 }, () => handOver(orderId)));
    for (const answer of answers) assert.deepEqual(answer, handedOver);
    await record(report(orderId, 'IN_TRANSIT'));
    assert.equal((await handOver(orderId)).status, 'IN_TRANSIT');
    assert.equal((await handOver(orderId, 'another parcel')).status, 'IN_TRANSIT');
    const rows = await rowsOf(store.admin, `SELECT carrier_reference FROM shipments WHERE order_id = '${orderId}'`);
    assert.deepEqual(rows, [{ carrier_reference: 'parcel-7' }], 'the first reference stays');
    assert.deepEqual(await cancel(orderId), { outcome: 'handed_over' });
    const events = ['shipment.booked', 'shipment.handed-over', 'shipment.in-transit'];
    assert.deepEqual(await eventsOf(store, idOf(orderId)), events);
  });

  test('a hand-over that says what has left books it anew if the booking is lost, and brings back none that was canceled', async () => {
    const lost = freshOrder();
    const lines = [{ sku: 'SKU-1', quantity: 2 }];
    const told = (orderId: OrderId) => delivery.handOver({ orderId, n: 1, carrierReference: 'parcel-7', lines, trace });
    const answers = await Promise.all(Array.from({ length: 5 }, () => told(lost)));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], ['HANDED_OVER']);
    assert.deepEqual(await eventsOf(store, idOf(lost)), ['shipment.booked', 'shipment.handed-over']);
    const canceled = freshOrder();
    await cancel(canceled);
    assert.equal(await refusalOf(told(canceled)), 'shipments_booked');
  });

  test('a hand-over without a booking raises and leaves nothing, so that it may be tried again', async () => {
    const orderId = freshOrder();
    assert.equal(await refusalOf(handOver(orderId)), 'shipments_booked');
    await book(orderId);
    assert.equal((await handOver(orderId)).status, 'HANDED_OVER');
    const canceled = freshOrder();
    await book(canceled);
    await cancel(canceled);
    assert.equal(await refusalOf(handOver(canceled)), 'shipments_booked');
    assert.deepEqual(await book(canceled), { outcome: 'undone' });
    assert.deepEqual(await eventsOf(store, idOf(canceled)), ['shipment.booked', 'shipment.canceled']);
  });

  test('of a cancellation and a hand-over at once, exactly one wins, and both are told which', async () => {
    const wins = { canceled: 0, handedOver: 0 };
    for (let round = 0; round < 40; round += 1) {
      const orderId = freshOrder();
      await book(orderId);
      const calls = [() => cancel(orderId), () => refusalOf(handOver(orderId))] as const;
      const turned = round % 2 === 1;
      const [first, second] = await Promise.all(turned ? [calls[1](), calls[0]()] : [calls[0](), calls[1]()]);
      const [canceled, refusal] = (turned ? [second, first] : [first, second]) as [{ outcome: string }, unknown];
      const status = await statusOf(orderId);
      if (status === 'CANCELED') {
        wins.canceled += 1;
        assert.deepEqual([canceled.outcome, refusal], ['canceled', 'shipments_booked']);
      } else {
        wins.handedOver += 1;
        assert.deepEqual([status, canceled.outcome, refusal], ['HANDED_OVER', 'handed_over', undefined]);
      }
      assert.equal((await eventsOf(store, idOf(orderId))).length, 2);
    }
    assert.ok(wins.canceled > 0 && wins.handedOver > 0, JSON.stringify(wins));
  });

  test('reports that come doubled and shuffled, many at once, end in the highest status', async (t) => {
    const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31));
    t.diagnostic(`SEED=${seed}`);
    for (let round = 0; round < 25; round += 1) {
      const draws = drawsOf(seed, 'round', round);
      const orderId = freshOrder();
      await book(orderId);
      await handOver(orderId);
      const made = Array.from({ length: draws.whole(1, 6, 'reports') }, (_, index) =>
        report(orderId, draws.from(CARRIER_STATUSES, 'status', index)),
      );
      const answers = await Promise.all(draws.shuffled([...made, ...made], 'order').map(record));
      const highest = made
        .map(({ status }) => status)
        .sort((a, b) => CARRIER_STATUSES.indexOf(b) - CARRIER_STATUSES.indexOf(a))[0];
      assert.equal(await statusOf(orderId), highest, `round ${round}`);
      const outcomes = answers.map(({ outcome }) => outcome).sort();
      assert.deepEqual(outcomes, [...made.map(() => 'recorded'), ...made.map(() => 'repeated')], `round ${round}`);
      const risen = answers.filter(({ hasRisen }) => hasRisen).length;
      assert.equal((await eventsOf(store, idOf(orderId))).length, 2 + risen, 'one event for each time it rose');
      assert.equal((await listCarrierEvents(store.service, idOf(orderId))).length, made.length);
    }
  });

  test('an id that names another report is refused, whichever part differs, and the first report stays', async () => {
    const [orderId, other] = [freshOrder(), freshOrder()];
    for (const each of [orderId, other]) {
      await book(each);
      await handOver(each);
    }
    const first = report(orderId, 'IN_TRANSIT');
    assert.deepEqual(await record(first), { outcome: 'recorded', hasRisen: true, orderId, n: 1 });
    for (const changed of [
      { status: 'DELIVERED' as const },
      { at: new Date('2026-03-01T12:00:00.124Z') },
      { shipmentId: idOf(other) },
    ])
      assert.equal((await record({ ...first, ...changed })).outcome, 'reused');
    assert.deepEqual(await record(first), { outcome: 'repeated', hasRisen: false, orderId, n: 1 });
    assert.deepEqual([await statusOf(orderId), await statusOf(other)], ['IN_TRANSIT', 'HANDED_OVER']);
  });

  test('a carrier reports nothing of a shipment that it was not given', async () => {
    const [unknown, booked, canceled] = [freshOrder(), freshOrder(), freshOrder()];
    await book(booked);
    await book(canceled);
    await cancel(canceled);
    const reportOf = (orderId: OrderId) => report(orderId, 'DELIVERED', `report-of-${orderId}`);
    assert.equal((await record(reportOf(unknown))).outcome, 'not_found');
    assert.equal((await record(reportOf(booked))).outcome, 'not_handed_over');
    assert.equal((await record(reportOf(canceled))).outcome, 'not_handed_over');
    await handOver(booked);
    assert.equal((await record(reportOf(booked))).outcome, 'recorded');
    const events = ['shipment.booked', 'shipment.handed-over', 'shipment.delivered'];
    assert.deepEqual(await eventsOf(store, idOf(booked)), events);
  });
});
