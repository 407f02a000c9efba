// Something of everything that the console shows, made over the API.

import { randomUUID } from 'node:crypto';
import type { Money } from '../stack/money.ts';
import { until } from '../stack/stack.ts';

const DELIVERED_LIMIT_MS = 60_000;

export interface Sample {
  readonly wallet: string;
  readonly other: string;
  readonly transfer: string;
  readonly transaction: string;
  readonly batch: string;
  readonly recurring: string;
  readonly order: string;
  readonly returned: string;
  readonly webhook: string;
  readonly run: string;
}

export async function makeSample({ api, wallet }: Money): Promise<Sample> {
  const made = async (path: string, body: unknown, id: string): Promise<string> => {
    const headers = { 'idempotency-key': randomUUID(), prefer: 'wait=20' };
    const answer = await api.post(path, body, headers);
    if (answer.status >= 300) throw new Error(`${path}: ${JSON.stringify(answer.body)}`);
    return String(answer.body[id]);
  };
  const [sender, receiver] = [await wallet(0, '2500'), await wallet(1, '10')];
  const move = (amount: string, more = {}) => ({
    sender_wallet_id: sender,
    receiver_wallet_id: receiver,
    amount,
    ...more,
  });
  const transfer = await made(
    '/v1/transfers',
    move('25.00', { reference: 'Invoice 1', metadata: { order_id: '42' } }),
    'transfer_id',
  );
  await made('/v1/transfers', move('99999.00'), 'transfer_id');
  await made('/v1/transfers', move('12.50', { capture_method: 'manual' }), 'transfer_id');
  await api.put('/v1/products/TEAPOT', { unit_price: '19.90' });
  await api.put('/v1/stock/TEAPOT', { on_hand: 10 });
  const lines = [{ sku: 'TEAPOT', quantity: 2 }];
  const order = { buyer_wallet_id: sender, seller_wallet_id: receiver, lines };
  const delivered = await made('/v1/orders', order, 'order_id');
  const { consignments } = (
    await api.post<{ consignments: { shipment_id: string }[] }>(`/v1/orders/${delivered}/consignments/1/hand-over`, {
      carrier_reference: 'van 1',
    })
  ).body;
  await until(DELIVERED_LIMIT_MS, 'the shipment was not handed over', async () => {
    const report = { event_id: 'report 1', status: 'DELIVERED', at: new Date().toISOString() };
    return (await api.post(`/v1/shipments/${consignments[0]?.shipment_id}/events`, report)).status === 200;
  });
  let returned = '';
  await until(DELIVERED_LIMIT_MS, 'the goods are not delivered', async () => {
    const back = { lines: [{ sku: 'TEAPOT', quantity: 1 }] };
    const { status, body } = await api.post(`/v1/orders/${delivered}/returns`, back, { 'idempotency-key': 'return 1' });
    returned = String(body['return_id']);
    return status < 300;
  });
  return {
    wallet: sender,
    other: receiver,
    transfer,
    transaction: await made(
      '/v1/transactions',
      { wallet_id: sender, type: 'CREDIT', amount: '7.25' },
      'transaction_id',
    ),
    batch: await made('/v1/transfer-batches', { items: [move('1.00'), move('2.00'), move('88888.00')] }, 'batch_id'),
    recurring: await made(
      '/v1/recurring-transfers',
      move('3.00', { calendar: { day_of_month: 1, hour: 9 }, time_zone: 'Europe/Berlin' }),
      'recurring_transfer_id',
    ),
    order: await made('/v1/orders', order, 'order_id'),
    returned,
    webhook: await made('/v1/webhook-endpoints', { url: 'http://127.0.0.1:9/' }, 'webhook_endpoint_id'),
    run: await made('/v1/reconciliation-runs', undefined, 'run_id'),
  };
}
