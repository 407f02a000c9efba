/**
 * The work of the demo of orders: buyers who order from one seller, and what becomes of it. The seed draws who orders more than there
 * is, who cannot pay, whose delivery cannot be booked, and who changes their mind.
 */
import type { Client, Order } from '../client/client.ts';
import { draw } from '../dev/draw.ts';
import { StackError } from '../dev/stack-error.ts';
import { SHIPMENT_UNITS_MAX } from '../domain/delivery/operations.ts';
import { formatUnits, parseUnits } from '../domain/money.ts';
import { forEach } from '../process/for-each.ts';

export interface OrdersPlan {
  readonly seed: number;
  readonly orders: number;
  /** Distinguishes this run from earlier ones on the same data. */
  readonly run: string;
}

export interface Counted {
  readonly onHand: number;
  readonly reserved: number;
  readonly buyersMoney: string;
  readonly sellersMoney: string;
  readonly invoiced: string;
}

export interface OrdersOutcome {
  readonly confirmed: number;
  readonly canceled: number;
  /** How many orders ended so, by status and reason. */
  readonly byReason: Readonly<Record<string, number>>;
  /** How many had not ended when the demo stopped waiting. */
  readonly underWay: number;
  readonly before: Counted;
  readonly after: Counted;
  /** An order that was undone after its goods were reserved. */
  readonly example: string | undefined;
}

/** What each buyer does, drawn by the seed. */
type Fate = 'pays' | 'out_of_stock' | 'cannot_pay' | 'too_many' | 'cancels';

const AT_ONCE = 5;
const WAIT_SECONDS = 30;
const PRICE = '12.50';
const SHIPPING = '4.90';
const FUNDS = '200.00';
const ENDED_LIMIT_MS = 60_000;
/** What weighs little is sold by the thousand: more of it than fits into one shipment can be ordered, and cannot be delivered. */
const SCREW_PRICE = '0.01';

function fateOf({ seed }: OrdersPlan, n: number): Fate {
  const drawn = draw(seed, 'fate', n);
  if (drawn < 0.1) return 'out_of_stock';
  if (drawn < 0.2) return 'cannot_pay';
  if (drawn < 0.28) return 'too_many';
  return drawn < 0.4 ? 'cancels' : 'pays';
}

/** What the seed draws: how the orders end, by status and reason, and what is sold. */
export function drawnBy(plan: OrdersPlan) {
  const ends: Record<string, number> = {};
  let units = 0;
  let revenue = 0n;
  for (let n = 0; n < plan.orders; n += 1) {
    const fate = fateOf(plan, n);
    ends[END_OF[fate]] = (ends[END_OF[fate]] ?? 0) + 1;
    if (fate !== 'pays') continue;
    units += quantityOf(plan, n);
    revenue += BigInt(quantityOf(plan, n)) * parseUnits(PRICE) + parseUnits(SHIPPING);
  }
  return { orders: plan.orders, ends, units, revenue: formatUnits(revenue) };
}

const END_OF: Readonly<Record<Fate, string>> = {
  pays: 'COMPLETED',
  out_of_stock: 'CANCELED out_of_stock',
  cannot_pay: 'CANCELED payment_refused',
  too_many: 'CANCELED delivery_refused',
  cancels: 'CANCELED canceled',
};

function quantityOf({ seed }: OrdersPlan, n: number): number {
  return 1 + Math.floor(draw(seed, 'quantity', n) * 5);
}

/** Carries out the plan. `ended` is called with each order that has ended. */
export async function carryOutOrders(
  api: Client,
  plan: OrdersPlan,
  ended: (order: Order) => void,
): Promise<OrdersOutcome> {
  const skus = { teapot: `TEAPOT-${plan.run}`, gone: `VASE-${plan.run}`, screw: `SCREW-${plan.run}` };
  await Promise.all([
    api.products.put(skus.teapot, { unit_price: PRICE, name: 'Teapot' }),
    api.products.put(skus.gone, { unit_price: PRICE, name: 'Vase, sold out' }),
    api.products.put(skus.screw, { unit_price: SCREW_PRICE, name: 'Screw' }),
    api.stock.count(skus.teapot, 10 * plan.orders),
    api.stock.count(skus.gone, 0),
    api.stock.count(skus.screw, 10 * SHIPMENT_UNITS_MAX * plan.orders),
  ]);
  const seller = (await api.wallets.open({ user_id: `demo-${plan.run}-seller` })).wallet.wallet_id;
  const buyers: string[] = Array(plan.orders);
  await forEach(buyers.keys(), AT_ONCE, async (n) => {
    buyers[n] = await openBuyer(api, plan, n);
  });
  const count = (): Promise<Counted> => countAll(api, Object.values(skus), buyers, seller);
  const before = await count();

  const byReason: Record<string, number> = {};
  let confirmed = 0;
  let canceled = 0;
  let underWay = 0;
  let example: string | undefined;
  await forEach(buyers.keys(), AT_ONCE, async (n) => {
    const fate = fateOf(plan, n);
    const placed = await api.orders.create(
      {
        buyer_wallet_id: buyers[n]!,
        seller_wallet_id: seller,
        lines: [lineFor(plan, fate, skus, n)],
        shipping_amount: SHIPPING,
        reference: `Demo ${n + 1}`,
      },
      { idempotencyKey: `demo-${plan.run}-${n}`, waitSeconds: WAIT_SECONDS },
    );
    if (placed.status === 'CONFIRMED') confirmed += 1;
    const order = placed.status === 'CONFIRMED' ? await finish(api, placed, fate) : placed;
    if (order.status === 'CANCELED') canceled += 1;
    if (order.status === 'PENDING' || order.status === 'CONFIRMED') underWay += 1;
    if (order.cancel_reason === 'payment_refused' || order.cancel_reason === 'delivery_refused')
      example ??= order.order_id;
    const how = order.cancel_reason === null ? order.status : `${order.status} ${order.cancel_reason}`;
    byReason[how] = (byReason[how] ?? 0) + 1;
    ended(order);
  });
  return { confirmed, canceled, byReason, underWay, before, after: await count(), example };
}

/** The buyer's wallet, with money in it unless the buyer is one who cannot pay. */
async function openBuyer(api: Client, plan: OrdersPlan, n: number): Promise<string> {
  const { wallet_id } = (await api.wallets.open({ user_id: `demo-${plan.run}-buyer-${n}` })).wallet;
  if (fateOf(plan, n) === 'cannot_pay') return wallet_id;
  const body = { wallet_id, type: 'CREDIT' as const, amount: FUNDS, reference: 'Demo' };
  const call = { idempotencyKey: `demo-${plan.run}-funds-${n}`, waitSeconds: WAIT_SECONDS };
  const { status } = await api.transactions.create(body, call);
  if (status !== 'PROCESSED') throw new StackError(`A wallet of the demo could not be funded: it is ${status}`);
  return wallet_id;
}

function lineFor(
  plan: OrdersPlan,
  fate: Fate,
  skus: { readonly teapot: string; readonly gone: string; readonly screw: string },
  n: number,
): { sku: string; quantity: number } {
  if (fate === 'out_of_stock') return { sku: skus.gone, quantity: 1 };
  if (fate === 'too_many') return { sku: skus.screw, quantity: SHIPMENT_UNITS_MAX + 1 };
  return { sku: skus.teapot, quantity: quantityOf(plan, n) };
}

/** Cancels the order, or has its goods leave and arrive; returns it as it has ended, or as it is when the time is up. */
async function finish(api: Client, { order_id, consignments }: Order, fate: Fate): Promise<Order> {
  if (fate === 'cancels') await api.orders.cancel(order_id);
  else {
    for (const { n, shipment_id } of consignments) {
      await api.orders.handOver(order_id, n, { carrier_reference: `Demo van ${n}` });
      await delivered(api, shipment_id!);
    }
  }
  const givenUpAt = performance.now() + ENDED_LIMIT_MS;
  for (;;) {
    const order = await api.orders.get(order_id);
    if ((order.status !== 'PENDING' && order.status !== 'CONFIRMED') || performance.now() > givenUpAt) return order;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** The carrier's report, as soon as the delivery knows that the carrier has the shipment. */
async function delivered(api: Client, shipmentId: string): Promise<void> {
  const givenUpAt = performance.now() + ENDED_LIMIT_MS;
  while ((await api.shipments.get(shipmentId)).status === 'BOOKED' && performance.now() < givenUpAt)
    await new Promise((resolve) => setTimeout(resolve, 50));
  const at = new Date().toISOString();
  await api.shipments.report(shipmentId, { event_id: `demo-${shipmentId}`, status: 'DELIVERED', at });
}

async function countAll(
  api: Client,
  skus: readonly string[],
  buyers: readonly string[],
  seller: string,
): Promise<Counted> {
  const stock = await Promise.all(skus.map((sku) => api.stock.get(sku)));
  const sumOf = (amounts: readonly string[]): string =>
    formatUnits(amounts.reduce((sum, amount) => sum + parseUnits(amount), 0n));
  const wallets: string[] = Array(buyers.length);
  await forEach(buyers.keys(), AT_ONCE, async (n) => {
    wallets[n] = (await api.wallets.balance(buyers[n]!)).balance;
  });
  const invoices: string[] = [];
  for await (const { amount } of api.books.invoices.listAll({ seller_wallet_id: seller })) invoices.push(amount);
  return {
    onHand: stock.reduce((sum, { on_hand }) => sum + on_hand, 0),
    reserved: stock.reduce((sum, { reserved }) => sum + reserved, 0),
    buyersMoney: sumOf(wallets),
    sellersMoney: (await api.wallets.balance(seller)).balance,
    invoiced: sumOf(invoices),
  };
}
