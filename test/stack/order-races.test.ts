// Orders over HTTP on a real stack: buyers that race each other, requests that come many times or contradict one another, goods that
// come back, and requests that are not to be understood. In the end all the books agree.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { orderId } from '../../domain/derived-id.ts';
import { holdKey } from '../../domain/order/money.ts';
import type { Money } from './money.ts';
import { ordersOn, PRICE, type OrderCalls, type Sale } from './order-calls.ts';
import { killAndAwaitNext } from './faults.ts';
import { until, type TestStack } from './stack.ts';
import { useStack } from './use-stack.ts';

const HAND_OVER_MARGIN_MS = 60_000;

describe('orders', () => {
  let stack: TestStack;
  let money: Money;
  let orders: OrderCalls;

  useStack((started) => {
    ({ stack, money } = started);
    orders = ordersOn(started);
  });

  test('of 200 buyers who ask for the last 10 units at once, exactly 10 get one, and nothing is held for the others', async () => {
    const [buyers, seller, sku] = await Promise.all([orders.buyers(200), money.wallet(1), orders.product(10)]);
    const ids = await Promise.all(buyers.map((buyer) => orders.placed({ buyer, seller, sku })));
    const underWay = `SELECT FROM orders WHERE order_id = ANY($1) AND status = 'PENDING'`;
    await until(
      60_000,
      'some are still PENDING',
      async () => (await orders.rows('order', underWay, [ids])).length === 0,
    );
    const now = await Promise.all(ids.map((id) => orders.read(id)));
    const confirmed = now.filter(({ status }) => status === 'CONFIRMED');
    assert.equal(confirmed.length, 10);
    assert.equal(now.filter((each) => each.cancel_reason === 'out_of_stock' && each.status === 'CANCELED').length, 190);
    assert.deepEqual(await orders.stock(sku), { onHand: 10, reserved: 10 });
    const wallets = await Promise.all(buyers.map((buyer) => orders.wallet(buyer)));
    for (const [index, wallet] of wallets.entries())
      assert.deepEqual(
        wallet,
        now[index]!.status === 'CONFIRMED'
          ? { balance: '90.0000', held: '10.0000' }
          : { balance: '100.0000', held: '0.0000' },
      );

    const [leave, stay] = [confirmed.slice(0, 4), confirmed.slice(4)];
    await Promise.all([
      ...leave.map(async ({ order_id }) => {
        assert.equal((await orders.handOver(order_id)).status, 200);
        assert.equal((await orders.deliver(order_id)).status, 'COMPLETED');
      }),
      ...stay.map(async ({ order_id }) => {
        assert.equal((await orders.cancel(order_id)).status, 200);
        assert.equal((await orders.ended(order_id)).status, 'CANCELED');
      }),
    ]);
    assert.deepEqual(await orders.stock(sku), { onHand: 6, reserved: 0 });
    assert.deepEqual(await orders.wallet(seller), { balance: '40.0000', held: '0.0000' });
    await money.assertSound();
  });

  test('an order that is sent fifty times at once with one key is placed once', async () => {
    const sale = await orders.sale(50);
    const key = randomUUID();
    const answers = await Promise.all(Array.from({ length: 50 }, () => orders.place(sale, {}, { key })));
    assert.deepEqual([...new Set(answers.map(({ body }) => body.order_id))], [orderId(key)]);
    for (const { status, body } of answers) assert.ok(status === 200 || status === 202, JSON.stringify(body));
    assert.equal(answers.filter(({ headers }) => !headers.has('idempotent-replayed')).length, 1);
    await until(120_000, 'it is not confirmed', async () => (await orders.read(orderId(key))).status === 'CONFIRMED');
    assert.deepEqual(await orders.stock(sale.sku), { onHand: 50, reserved: 1 });
    assert.deepEqual(await orders.wallet(sale.buyer), { balance: '90.0000', held: '10.0000' });
    const other = await orders.place(sale, { reference: 'another body' }, { key });
    assert.deepEqual([other.status, other.body.code], [422, 'idempotency_key_reused']);
    await orders.cancel(orderId(key));
    assert.equal((await orders.ended(orderId(key))).status, 'CANCELED');
  });

  /** Sold two of, delivered, and spent what they have brought. */
  let sold: Sale & { readonly id: string };
  let returnId = '';
  const readReturn = async () =>
    (await money.api.get<{ status: string; attention: { reason: string } | null }>(`/v1/returns/${returnId}`)).body;

  test('no more than was delivered comes back, however many returns are announced at once', async () => {
    const sale = await orders.sale(2);
    const { order_id: id } = await orders.confirmed(sale, { shipping_amount: '5.00' }, { quantity: 2 });
    assert.equal((await orders.handOver(id)).status, 200);
    assert.equal((await orders.deliver(id)).status, 'COMPLETED');
    await orders.move(sale.seller, 'DEBIT', '25.00');
    sold = { ...sale, id };

    const announce = (quantity: number) =>
      money.api.post(
        `/v1/orders/${id}/returns`,
        { lines: [{ sku: sale.sku, quantity }] },
        { 'idempotency-key': randomUUID() },
      );
    const announced = await Promise.all([2, 2, 2].map(announce));
    assert.deepEqual(announced.map(({ status }) => String(status)).sort(), ['201', '409', '409']);
    for (const { body } of announced.filter(({ status }) => status === 409))
      assert.deepEqual([body['code'], body['reason']], ['not_returnable', 'exceeds_delivered']);
    assert.equal((await announce(1)).status, 409);
    returnId = String(announced.find(({ status }) => status === 201)!.body['return_id']);
  });

  test('goods that are back are on the shelf once, and somebody is told that the seller cannot pay for them', async () => {
    const receipts = await Promise.all([1, 2, 3].map(() => money.api.post(`/v1/returns/${returnId}/receipt`, {})));
    assert.deepEqual(
      receipts.map(({ status }) => status),
      [202, 202, 202],
    );
    await until(120_000, 'nobody is told', async () => (await readReturn()).attention?.reason === 'refund_refused');
    const { body: waiting } = await money.api.get<{ data: unknown[] }>('/v1/returns?attention=true');
    assert.deepEqual(waiting.data, [await readReturn()]);
    assert.deepEqual(await orders.stock(sold.sku), { onHand: 2, reserved: 0 });
    assert.equal((await orders.wallet(sold.buyer)).balance, '75.0000');
    // For the last test, after the pause.
    await orders.move(sold.seller, 'CREDIT', '30.00');
  });

  test('of a cancel and a hand-over at once exactly one happens, and both callers are told which', async () => {
    const rounds = await Promise.all(
      [0, 1, 2, 3, 4, 5].map(async (round) => {
        const sale = await orders.sale();
        const { order_id: id, consignments } = await orders.confirmed(sale);
        const ask = [() => orders.handOver(id), () => orders.cancel(id)];
        const told = await Promise.all((round % 2 === 0 ? ask : ask.toReversed()).map((each) => each()));
        const [handedOver, canceled] = round % 2 === 0 ? told : told.toReversed();
        const answers = [handedOver!.status, handedOver!.body.code, canceled!.status, canceled!.body.code];
        if (handedOver!.status === 200) {
          assert.deepEqual(answers, [200, undefined, 409, 'order_not_cancelable']);
          assert.equal((await orders.deliver(id)).status, 'COMPLETED');
          assert.deepEqual(await orders.stock(sale.sku), { onHand: 0, reserved: 0 });
          assert.deepEqual(await orders.wallet(sale.seller), { balance: '10.0000', held: '0.0000' });
          assert.deepEqual(await money.entriesOf(consignments[0]!.transfer_id), ['CREDIT', 'DEBIT']);
        } else {
          assert.deepEqual(answers, [409, 'consignment_released', 200, undefined]);
          assert.equal((await orders.ended(id)).status, 'CANCELED');
          assert.deepEqual(await orders.stock(sale.sku), { onHand: 1, reserved: 0 });
          assert.deepEqual(await orders.wallet(sale.buyer), { balance: '100.0000', held: '0.0000' });
        }
        return handedOver!.status;
      }),
    );
    assert.ok(rounds.every((status) => status === 200 || status === 409));
    await money.assertSound();
  });

  test('a hand-over that is decided when the hold is about to end is refused, and the goods are back', async () => {
    await orders.rows(
      'order',
      `CREATE FUNCTION hold_shortly() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN NEW.hold_seconds := 75; RETURN NEW; END $$;
       CREATE TRIGGER hold_shortly BEFORE INSERT ON orders FOR EACH ROW WHEN (NEW.reference = 'hold shortly')
         EXECUTE FUNCTION hold_shortly()`,
    );
    const sale = await orders.sale();
    const { order_id: id, consignments } = await orders.confirmed(sale, { reference: 'hold shortly' });
    const latestMs = Date.parse(consignments[0]!.hold_expires_at) - HAND_OVER_MARGIN_MS;
    await sleep(latestMs - Date.now() - 2_500);
    const release = await orders.lockStock(sale.sku);
    const asked = orders.handOver(id);
    await sleep(latestMs - Date.now() + 250);
    await release();
    const { status, body } = await asked;
    assert.deepEqual([status, body.code], [409, 'hold_expiring'], JSON.stringify(body));
    assert.equal((await orders.ended(id)).status, 'CANCELED');
    assert.deepEqual(await orders.stock(sale.sku), { onHand: 1, reserved: 0 });
    assert.deepEqual(await orders.wallet(sale.buyer), { balance: '100.0000', held: '0.0000' });
    assert.deepEqual([(await orders.handOver(id)).body.code], ['hold_expiring'], 'and stays refused');
  });

  test('orders that are at their worst moments when everything is killed come to one end, with one capture and one invoice', async () => {
    const [capturing, reserved, confirmed, voiding] = await Promise.all([1, 2, 3, 4].map(() => orders.sale()));
    const ids = await Promise.all([capturing!, confirmed!, voiding!].map((sale) => orders.confirmed(sale)));
    const [captured, waiting, voided] = ids.map((each) => each.order_id);
    const release = await Promise.all(
      [capturing!.seller, reserved!.buyer, voiding!.buyer].map((wallet) => money.lockWallet(wallet)),
    );
    // Its goods have left, and its capture waits for the seller's wallet.
    assert.equal((await orders.handOver(captured!)).status, 200);
    // Its goods are reserved, and its hold waits for the buyer's wallet.
    const { body: pending } = await orders.place(reserved!, {}, { waitSeconds: 0 });
    await until(120_000, 'nothing is reserved', async () => (await orders.stock(reserved!.sku)).reserved === 1);
    // Its goods are back, and its hold cannot be given back yet.
    const canceling = orders.cancel(voided!).catch(() => {});
    await until(120_000, 'nothing is released', async () => (await orders.stock(voiding!.sku)).reserved === 0);

    await killAndAwaitNext(stack, 'app');
    await Promise.all(release.map((each) => each()));
    await canceling;
    await stack.waitUntilReady();

    assert.equal((await orders.ended(voided!)).status, 'CANCELED');
    assert.deepEqual(await orders.wallet(voiding!.buyer), { balance: '100.0000', held: '0.0000' });
    await until(120_000, 'it was not confirmed', async () => {
      return (await orders.read(pending.order_id)).status === 'CONFIRMED';
    });
    for (const id of [pending.order_id, waiting!]) assert.equal((await orders.handOver(id)).status, 200);
    for (const [id, sale] of [
      [captured!, capturing!],
      [pending.order_id, reserved!],
      [waiting!, confirmed!],
    ] as const) {
      const { status, consignments } = await orders.deliver(id);
      assert.deepEqual([status, consignments[0]!.money, consignments[0]!.invoice_number], ['COMPLETED', 'CAPTURED', 1]);
      assert.deepEqual(await money.entriesOf(consignments[0]!.transfer_id), ['CREDIT', 'DEBIT']);
      assert.deepEqual(await orders.journals(id), ['invoice']);
      assert.deepEqual(await orders.books(sale.seller), { wallet: '10.0000', revenue: '-10.0000' });
      assert.deepEqual(await orders.stock(sale.sku), { onHand: 0, reserved: 0 });
    }
  });

  test('an order whose run was terminated is taken up by the next request', async () => {
    const [sale, left] = [await orders.sale(), await orders.sale()];
    const { order_id: id } = await orders.confirmed(sale);
    const { order_id: leftId } = await orders.confirmed(left);
    const terminate = (each: string) => money.temporal.workflow.getHandle(`order/${each}`).terminate('by a test');
    await terminate(id);
    assert.equal((await orders.handOver(id)).status, 200);
    assert.equal((await orders.deliver(id)).status, 'COMPLETED');

    const release = await money.lockWallet(left.seller);
    assert.equal((await orders.handOver(leftId)).status, 200);
    await terminate(leftId);
    await release();
    const canceled = await orders.cancel(leftId);
    assert.deepEqual([canceled.status, canceled.body.code], [409, 'order_not_cancelable']);
    assert.equal((await orders.deliver(leftId)).consignments[0]!.money, 'CAPTURED');
    for (const { seller } of [sale, left])
      assert.deepEqual(await orders.books(seller), { wallet: '10.0000', revenue: '-10.0000' });
  });

  test('whoever was told that the goods may leave reads that they have', async () => {
    const placed = await Promise.all([1, 2, 3, 4, 5].map(async () => orders.confirmed(await orders.sale())));
    for (const { order_id: id } of placed) {
      const { status, body } = await orders.handOver(id);
      const { consignments } = await orders.read(id);
      assert.deepEqual([status, body.consignments[0]!.goods, consignments[0]!.goods], [200, 'ISSUED', 'ISSUED']);
    }
    await Promise.all(placed.map(({ order_id: id }) => orders.deliver(id)));
  });

  test('an order whose key of payment somebody has used before is refused soon, and leaves nothing behind', async () => {
    const sale = await orders.sale();
    const key = randomUUID();
    const other = { sender_wallet_id: sale.buyer, receiver_wallet_id: sale.seller, amount: '1.00' };
    const used = await money.api.post('/v1/transfers', other, {
      'idempotency-key': holdKey(orderId(key), 1),
      prefer: 'wait=25',
    });
    assert.equal(used.body['status'], 'COMPLETED');
    const { body } = await orders.place(sale, {}, { key });
    const { status, cancel_reason: reason, attention } = await orders.ended(body.order_id);
    assert.deepEqual([status, reason, attention], ['CANCELED', 'payment_refused', null]);
    assert.deepEqual(await orders.stock(sale.sku), { onHand: 1, reserved: 0 });
    assert.deepEqual(await orders.wallet(sale.buyer), { balance: '99.0000', held: '0.0000' });
  });

  test('what is not to be understood is refused with a problem, and nothing of it is stored', async () => {
    const sale = await orders.sale();
    const euros = `sku-${randomUUID()}`;
    await money.api.put(`/v1/products/${euros}`, { unit_price: PRICE, currency: 'EUR' });
    const line = (sku: unknown, quantity: unknown) => ({ lines: [{ sku, quantity }] });
    const cases: [code: string, body: object][] = [
      ['unknown_field', { colour: 'red' }],
      ['sku_unknown', line('sku-that-nobody-sells', 1)],
      ['sku_invalid', line('a b', 1)],
      ['sku_repeated', { lines: [1, 2].map((quantity) => ({ sku: sale.sku, quantity })) }],
      ['quantity_invalid', line(sale.sku, 0)],
      ['quantity_invalid', line(sale.sku, 1.5)],
      ['quantity_invalid', line(sale.sku, '1')],
      ['quantity_invalid', line(sale.sku, 1e15)],
      ['lines_invalid', { lines: [] }],
      ['currency_mismatch', line(euros, 1)],
      ['currency_mismatch', { currency: 'EUR' }],
      ['currency_invalid', { currency: 'XXX' }],
      ['price_changed', { expected_total: '9.99' }],
      ['amount_invalid', { shipping_amount: 5 }],
      ['same_wallet', { seller_wallet_id: sale.buyer }],
      ['wallet_id_invalid', { buyer_wallet_id: 'me' }],
    ];
    for (const [code, more] of cases) {
      const key = randomUUID();
      const { status, headers, body } = await orders.place(sale, more, { key });
      assert.equal(body.code, code, JSON.stringify({ more, body }));
      assert.ok(status === 400 || status === 422, `${status} ${code}`);
      assert.equal(headers.get('content-type'), 'application/problem+json');
      assert.equal((await money.api.get(`/v1/orders/${orderId(key)}`)).status, 404);
    }
    const malformed = await fetch(`${stack.api}/v1/orders`, {
      method: 'POST',
      headers: { ...stack.authorization, 'content-type': 'application/json', 'idempotency-key': randomUUID() },
      body: '{"lines": [',
    });
    assert.deepEqual([malformed.status, ((await malformed.json()) as { code: string }).code], [400, 'invalid_json']);
    assert.deepEqual(await orders.rows('order', 'SELECT FROM orders WHERE seller_wallet_id = $1', [sale.seller]), []);
    assert.deepEqual(await orders.stock(sale.sku), { onHand: 1, reserved: 0 });
  });

  test('the buyer is paid back, once, after the seller has the money again', async () => {
    await until(120_000, 'it was not paid back', async () => (await readReturn()).status === 'REFUNDED');
    assert.equal((await readReturn()).attention, null);
    assert.deepEqual(await orders.wallet(sold.buyer), { balance: '95.0000', held: '0.0000' });
    assert.deepEqual(await orders.wallet(sold.seller), { balance: '10.0000', held: '0.0000' });
    assert.deepEqual(await orders.journals(sold.id), ['credit_note', 'invoice', 'refund']);
    await money.assertSound();
  });

  test('an order whose row is lost while it is under way, and whose key comes back with another body, is undone, and so is the other', async () => {
    const [first, second] = [await orders.sale(), await orders.sale()];
    const key = randomUUID();
    const { order_id: id } = await orders.confirmed(first, {}, { key });
    await orders.rows(
      'order',
      `WITH steps AS (DELETE FROM order_steps WHERE order_id = '${id}'), parts AS (DELETE FROM consignments WHERE order_id = '${id}'),
         lines AS (DELETE FROM order_lines WHERE order_id = '${id}'), events AS (DELETE FROM outbox_events WHERE subject = '${id}')
       SELECT`,
    );
    await orders.rows('order', 'DELETE FROM orders WHERE order_id = $1', [id]);
    const { body } = await orders.place(second, {}, { key });
    assert.equal(body.order_id, id);
    assert.equal((await orders.ended(id)).status, 'CANCELED');
    for (const { sku, buyer } of [first, second]) {
      assert.deepEqual(await orders.stock(sku), { onHand: 1, reserved: 0 });
      await until(120_000, 'money is still held', async () => (await orders.wallet(buyer)).held === '0.0000');
      assert.equal((await orders.wallet(buyer)).balance, '100.0000');
    }
  });
});
