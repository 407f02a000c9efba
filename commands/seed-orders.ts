/**
 * The orders of the seed: goods in stock, and orders in several states, of a shop and customers of its own. A repeat finds each where it
 * is, and brings on what an interrupted run has left behind.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { CounterpoiseError, type Client, type Order } from '../client/client.ts';
import { draw, drawFrom } from '../dev/draw.ts';
import { StackError } from '../dev/stack-error.ts';

const GOODS = [
  { sku: 'SAMPLE-TEAPOT', name: 'Teapot', unit_price: '19.90', received: 500 },
  { sku: 'SAMPLE-CUP', name: 'Cup', unit_price: '6.50', received: 2_000 },
  { sku: 'SAMPLE-KETTLE', name: 'Kettle', unit_price: '49.00', received: 200 },
  { sku: 'SAMPLE-TRAY', name: 'Tray, nearly sold out', unit_price: '24.00', received: 1 },
] as const;
const CUSTOMERS = 4;
const FUNDS = '5000.00';
const WAIT_SECONDS = 30;
const FURTHER_LIMIT_MS = 60_000;
const LOOK_EVERY_MS = 50;

/** What becomes of an order; `too_much` asks for more than there is, and `too_dear` costs more than its customer has. */
const FATES = [
  ...(['delivered', 'delivered', 'delivered', 'returned', 'on_its_way', 'waits', 'waits', 'canceled'] as const),
  ...(['too_much', 'too_dear'] as const),
] as const;
type Fate = (typeof FATES)[number];

/** The order with this number, as far as it goes by itself. */
export type SeedOrder = (n: number) => Promise<Order>;

/** Opens the shop, and returns what places its orders; undefined where the installation has none. */
export async function openShop(api: Client, seed: number): Promise<SeedOrder | undefined> {
  const key = (what: string): string => `seed-${seed}-${what}`;
  try {
    for (const { sku, received, ...product } of GOODS) {
      await api.products.put(skuOf(seed, sku), product);
      const receipt = { quantity: received, reason: 'Opening stock' };
      await api.stock.receive(skuOf(seed, sku), receipt, { idempotencyKey: key(`receipt-${sku}`) });
    }
  } catch (error) {
    if (error instanceof CounterpoiseError && error.code === 'orders_not_configured') return undefined;
    throw error;
  }
  const open = async (name: string): Promise<string> =>
    (await api.wallets.open({ user_id: `${name}-${seed}` })).wallet.wallet_id;
  const seller = await open('shop');
  const customers: string[] = [];
  for (let n = 1; n <= CUSTOMERS; n += 1) {
    const walletId = await open(`customer-${n}`);
    const deposit = { wallet_id: walletId, type: 'CREDIT' as const, amount: FUNDS, reference: 'Opening balance' };
    const call = { idempotencyKey: key(`customer-${n}-deposit`), waitSeconds: WAIT_SECONDS };
    const { status } = await api.transactions.create(deposit, call);
    if (status !== 'PROCESSED') throw new StackError(`The deposit of a customer is ${status}`);
    customers.push(walletId);
  }
  return async (n) => {
    const fate = drawFrom(FATES, seed, 'fate', n);
    const placed = await api.orders.create(
      {
        buyer_wallet_id: customers[n % customers.length]!,
        seller_wallet_id: seller,
        lines: linesOf(seed, n, fate),
        shipping_amount: '4.90',
        reference: `Order ${n + 1}`,
        metadata: { sample: 'true' },
      },
      { idempotencyKey: key(`order-${n}`), waitSeconds: WAIT_SECONDS },
    );
    return carryOn(api, placed, fate, key(`order-${n}`));
  };
}

function skuOf(seed: number, sku: string): string {
  return seed === 1 ? sku : `${sku}-${seed}`;
}

function linesOf(seed: number, n: number, fate: Fate): { sku: string; quantity: number }[] {
  const line = (sku: string, quantity: number) => ({ sku: skuOf(seed, sku), quantity });
  if (fate === 'too_much') return [line('SAMPLE-TRAY', 2)];
  if (fate === 'too_dear') return [line('SAMPLE-KETTLE', 150)];
  const cups = 1 + Math.floor(draw(seed, 'cups', n) * 6);
  return draw(seed, 'teapot', n) < 0.5
    ? [line('SAMPLE-CUP', cups)]
    : [line('SAMPLE-CUP', cups), line('SAMPLE-TEAPOT', 1)];
}

/** Brings the order as far as its fate says; each call may be repeated. */
async function carryOn(api: Client, order: Order, fate: Fate, key: string): Promise<Order> {
  const { order_id: id } = order;
  if (order.status === 'CONFIRMED' && fate === 'canceled') {
    await api.orders.cancel(id);
    return ended(api, id);
  }
  if (fate !== 'delivered' && fate !== 'returned' && fate !== 'on_its_way') return order;
  const latest = order.status === 'CONFIRMED' ? await deliver(api, order, fate, key) : order;
  if (latest.status !== 'COMPLETED' || fate !== 'returned') return latest;
  const lines = order.lines.slice(0, 1).map(({ sku }) => ({ sku, quantity: 1 }));
  const announced = await api.returns.create(id, { lines }, { idempotencyKey: `${key}-return` });
  if (announced.status === 'REQUESTED') await api.returns.receive(announced.return_id);
  return latest;
}

async function deliver(api: Client, order: Order, fate: Fate, key: string): Promise<Order> {
  const { order_id: id, consignments } = order;
  const { n, shipment_id: shipped, goods } = consignments[0]!;
  const shipmentId = shipped!;
  if (goods === 'RESERVED') await api.orders.handOver(id, n, { carrier_reference: key });
  await until(async () => (await api.shipments.get(shipmentId)).status !== 'BOOKED');
  // A repeat is the same report only if it says the same time.
  const report = (status: 'IN_TRANSIT' | 'DELIVERED') =>
    api.shipments.report(shipmentId, { event_id: `${key}-${status}`, status, at: order.created_at });
  await report('IN_TRANSIT');
  if (fate === 'on_its_way') return api.orders.get(id);
  await report('DELIVERED');
  return ended(api, id);
}

async function ended(api: Client, id: string): Promise<Order> {
  await until(async () => (await api.orders.get(id)).status !== 'CONFIRMED');
  return api.orders.get(id);
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const givenUpAt = performance.now() + FURTHER_LIMIT_MS; !(await isSo());) {
    if (performance.now() > givenUpAt) throw new StackError('An order of the seed is no further after a minute');
    await sleep(LOOK_EVERY_MS);
  }
}
