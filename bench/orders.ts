/**
 * The speed of orders over HTTP until they are CONFIRMED, with single transfers beside them in each dispatch and round; the history of
 * a whole order; orders of one SKU alone; and orders when many are stored already, to the few that are where the others are measured.
 */
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '../client/client.ts';
import type { OrderId } from '../domain/ids.ts';
import { orderWorkflowId } from '../workflows/order/messages.ts';
import type { Dispatch } from '../workflows/transfer/messages.ts';
import { serversOf, type BenchStack, type RunningApp } from './bench-stack.ts';
import { counterpoise, postUntilOver } from './counterpoise.ts';
import { openGoods, skusInTurn } from './goods.ts';
import { anotherGround, vacuumDatabases, type Bench, type BenchGround } from './ground.ts';
import { historyOf, type History } from './history.ts';
import { subjectTurn, type Sightings } from './single.ts';
import { storeOrders } from './stored-orders.ts';
import type { Ground, Subject, SubjectKind } from './subject.ts';
import type { Turn } from './turns.ts';
import { apiKey } from './authorization.ts';

const AT_ONCE = 20;
/** A whole order is looked at so often until it is further, and so long. */
const LOOK_EVERY_MS = 50;
const FURTHER_LIMIT_MS = 60_000;

/** Opens goods on `ground`, and makes another ground with stored orders. */
export async function orderTurns(bench: Bench, sightings: Sightings, tell: (text: string) => void): Promise<Turn[]> {
  const { stack, ground, interrupt } = bench;
  const plan = loopOf(bench);
  const skus = await openGoods(ground);
  const transfers = (dispatch: Dispatch): SubjectKind =>
    counterpoise(stack, { id: `transfers-${dispatch}`, name: `single transfers, ${dispatch} dispatch`, dispatch });
  const orders = (dispatch: Dispatch): SubjectKind =>
    orderKind(stack, ground, {
      ...{ id: `orders-${dispatch}`, name: `orders, ${dispatch} dispatch`, dispatch, skus },
      async beforeClose({ api }) {
        if (!interrupt.aborted) sightings.orderHistory[dispatch] ??= await historyOfOrder(api, ground, skus[0]!);
      },
    });
  const hot = orderKind(stack, ground, {
    ...{ id: 'orders-hot', name: 'orders, all of one SKU', dispatch: 'local', skus: skus.slice(0, 1) },
  });
  const kinds = [transfers('ordinary'), orders('ordinary'), transfers('local'), orders('local'), hot];
  const grown = await grownGround(bench, tell);
  const stored = bench.plan.orders.stored;
  const grownKind = orderKind(stack, grown, {
    ...{ id: `orders-growth-${stored}`, name: `orders, ${stored.toLocaleString('en')} orders there` },
    ...{ dispatch: 'local', skus },
  });
  return [...kinds.map((kind) => subjectTurn(kind, ground, plan)), subjectTurn(grownKind, grown, plan)];
}

function loopOf({ stack, plan: { orders }, interrupt }: Bench) {
  return { ...orders, atOnce: [AT_ONCE], interrupt, processes: () => serversOf(stack) };
}

/** Databases of their own with stored orders. */
async function grownGround({ stack, plan, interrupt }: Bench, tell: (text: string) => void): Promise<BenchGround> {
  const grown = await anotherGround(stack, 'orders', { shards: 2, hasOrders: true });
  const count = plan.orders.stored;
  await storeOrders(grown, await openGoods(grown), count, (stored) => {
    interrupt.throwIfAborted();
    tell(`storing ${count} orders: ${stored}`);
  });
  await vacuumDatabases(grown);
  return grown;
}

interface OrderKind extends Pick<SubjectKind, 'id' | 'name'> {
  readonly dispatch: Dispatch;
  /** What is ordered, one each in turn. */
  readonly skus: readonly string[];
  readonly beforeClose?: (app: RunningApp) => Promise<void>;
}

function orderKind(stack: BenchStack, { nextPair }: Ground, { skus, ...kind }: OrderKind): SubjectKind {
  return counterpoise(stack, { ...kind, requestsTo: (api) => orderRequests(api, nextPair, skusInTurn(skus)) });
}

/** Places orders of one unit by requests to a running API. Throws unless an order is CONFIRMED. */
function orderRequests(api: string, nextPair: Ground['nextPair'], nextSku: () => string): Subject {
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
  return {
    async once() {
      const { status, text } = await postUntilOver(agent, `${api}/v1/orders`, bodyOf(nextPair, nextSku()));
      if (status !== 200 || (JSON.parse(text) as { status: string }).status !== 'CONFIRMED')
        throw new Error(`an order was answered ${status}: ${text}`);
    },
    async close() {
      agent.destroy();
    },
  };
}

function bodyOf(nextPair: Ground['nextPair'], sku: string) {
  const { sender, receiver } = nextPair();
  return { buyer_wallet_id: sender, seller_wallet_id: receiver, lines: [{ sku, quantity: 1 }] };
}

/** Places an order, has its goods leave and arrive, and returns the history of its workflow. */
async function historyOfOrder(api: string, { nextPair, temporal }: BenchGround, sku: string): Promise<History> {
  const { orders, shipments } = createClient({ baseUrl: api, apiKey: apiKey() });
  const { order_id: id, consignments } = await orders.create(bodyOf(nextPair, sku), { waitSeconds: 30 });
  const { n, shipment_id: shipped } = consignments[0]!;
  const shipmentId = shipped!;
  await orders.handOver(id, n, { carrier_reference: 'bench' });
  await until(async () => (await shipments.get(shipmentId)).status === 'HANDED_OVER');
  const at = new Date().toISOString();
  await shipments.report(shipmentId, { event_id: `bench-${shipmentId}`, status: 'DELIVERED', at });
  await until(async () => (await orders.get(id)).status === 'COMPLETED');
  return historyOf(temporal, orderWorkflowId(id as OrderId));
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const givenUpAt = performance.now() + FURTHER_LIMIT_MS;
  while (!(await isSo())) {
    if (performance.now() > givenUpAt) throw new Error(`an order is no further after ${FURTHER_LIMIT_MS} ms`);
    await sleep(LOOK_EVERY_MS);
  }
}
