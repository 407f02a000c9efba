/**
 * Clients that order goods, and those who deliver and take them back, each order by a course of its own: it is handed over, canceled,
 * both at once, or left alone; carriers report twice and in any order; returns are asked for by several at once. They repeat what has
 * no answer, and after the faults have stopped they bring every order to its end.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../client/client.ts';
import { tenantOf } from '../domain/tenant.ts';
import { forEach } from '../process/for-each.ts';
import type { Action } from './actions.ts';
import type { Book, Entry } from './book.ts';
import type { Clients } from './clients.ts';
import type { Draws } from './draws.ts';
import { drawGoods, drawLastUnits, type Goods } from './goods.ts';
import type { OrderBook, SeenConsignment, SeenOrder } from './order-book.ts';
import {
  cancelOrderOf,
  CARRIER_STATUSES,
  codeOf,
  handOverOf,
  lookAt,
  orderOf,
  otherOrderOf,
  receiveOf,
  reportOf,
  returnOf,
  settleDueOf,
} from './order-operations.ts';
import { putProduct, receiptOf } from './shop.ts';
import type { World } from './world.ts';

export interface Shoppers {
  /** Lets them work until the signal aborts; returns when each has its last answer. */
  readonly run: (draws: Draws, signal: AbortSignal, atOnce?: number) => Promise<void>;
  /** For a time without faults: brings each order that was stored to its end, and each return that was received. */
  readonly finish: (draws: Draws, signal: AbortSignal) => Promise<void>;
}

interface Tools {
  readonly api: Client;
  readonly book: Book;
  readonly orders: OrderBook;
  readonly world: World;
  readonly clients: Pick<Clients, 'perform' | 'act'>;
}

const SHOPPERS = 4;
const LANES = 8;
const PAUSE_MS_MAX = 200;
const AGAIN_MS = 300;
const LOOK_MS = 150;
const CALL_LIMIT_MS = 5_000;
/** So long a shopper waits for the confirmation; the order is looked after at the end of the run then. */
const CONFIRMED_LIMIT_MS = 10_000;
/** And so long for its end. */
const ENDED_LIMIT_MS = 6_000;
const CANCELED_AFTER_MS_MAX = 400;

export function createShoppers(tools: Tools): Shoppers {
  const { clients, world, orders } = tools;
  let sequence = 0;

  const performAll = async (goods: Goods, draws: Draws, signal: AbortSignal): Promise<void> => {
    const shop = world.shop!;
    switch (goods.kind) {
      case 'stock':
        await clients.perform(goods.operation, draws.of('conduct'), signal);
        return;
      case 'last units': {
        await putProduct(tools.api, shop, goods.sku, AbortSignal.timeout(CALL_LIMIT_MS)).catch(() => {});
        const { operation } = receiptOf(`${goods.key}-receipt`, shop, goods.sku, goods.units);
        await clients.perform(operation, draws.of('receipt'), signal);
        await Promise.all(
          goods.orders.map((asked, n) => {
            const own = draws.of('buyer', n);
            const order = orderOf(asked.key, asked.kind, asked.terms, shop, orders);
            return clients.perform(order, own.of('conduct'), signal).then((entry) => follow(tools, entry, own, signal));
          }),
        );
        return;
      }
      case 'order': {
        const { key, kind, terms } = goods.asked;
        const operation = orderOf(key, kind, terms, shop, orders);
        const placing = clients.perform(operation, draws.of('conduct'), signal);
        if (goods.isCanceledAtOnce) {
          await sleep(draws.whole(0, CANCELED_AFTER_MS_MAX, 'canceled after'));
          await insist(tools, cancelOrderOf(operation.asked.id, orders), signal);
        }
        const entry = await placing;
        if (goods.isKeyReused && entry.told === 'accepted') await clients.act(otherOrderOf(key, terms, shop));
        await follow(tools, entry, draws, signal);
      }
    }
  };

  return {
    async run(draws, signal, atOnce = SHOPPERS) {
      const first = sequence;
      const shopper = async (): Promise<void> => {
        while (!signal.aborted) {
          const n = sequence++;
          const own = draws.of(n);
          const key = `shopper-${own.whole(0, 1e9, 'key')}-${n}`;
          const scene = { key, draws: own.of('goods'), world, shop: world.shop! };
          // However short a run is, many buyers have asked for a few units at once.
          await performAll(n === first ? drawLastUnits(scene) : drawGoods(scene), own, signal);
          await sleep(own.whole(0, PAUSE_MS_MAX, 'pause'), undefined, { signal }).catch(() => {});
        }
      };
      await Promise.all(Array.from({ length: atOnce }, shopper));
    },
    async finish(draws, signal) {
      const entries = tools.book.entries().filter((entry) => mayBeStored(entry, world));
      await forEach(
        entries.filter(({ names, id }) => names === 'order' && !orders.isOver(id)),
        LANES,
        (entry) => bringToEnd(tools, entry, draws.of(entry.id), signal),
      );
      await forEach(
        entries.filter(({ names }) => names === 'return'),
        LANES,
        ({ id }) => awaitRefund(tools, id, signal),
      );
    },
  };
}

/** Whether it is of the clients of this world, who may have to do with it. */
function mayBeStored(entry: Entry, world: World): boolean {
  const isStored = entry.told === 'accepted' || entry.told === 'unknown';
  return isStored && tenantOf(entry) === tenantOf(world);
}

/** The course of one order, as far as it gets until the signal aborts. */
async function follow(tools: Tools, entry: Entry, draws: Draws, signal: AbortSignal): Promise<void> {
  const { orders } = tools;
  const { id } = entry;
  if (entry.told === 'nothing') return;
  const order = await untilOrder(tools, id, ({ status }) => status !== 'PENDING', CONFIRMED_LIMIT_MS, signal);
  if (order?.status !== 'CONFIRMED') return;
  const conduct = draws.number('conduct of it');
  const handOvers = order.consignments.map(({ n }) => handOverOf(id, n, orders));
  if (conduct < 0.08) return;
  if (conduct < 0.18) return insist(tools, cancelOrderOf(id, orders), signal);
  // At once: exactly one of them happens to each consignment.
  const isRace = conduct < 0.45;
  const partly = draws.chance(0.2, 'partly') ? handOvers.slice(0, 1) : handOvers;
  const asked = isRace ? [...handOvers, cancelOrderOf(id, orders)] : partly;
  await Promise.all(draws.shuffled(asked, 'asked').map((action) => insist(tools, action, signal)));
  if (partly.length < handOvers.length && !isRace) await insist(tools, cancelOrderOf(id, orders), signal);
  await Promise.all(order.consignments.map((part) => deliver(tools, id, part, draws.of('delivery', part.n), signal)));
  const ended = await untilOrder(tools, id, ({ status }) => isEnd(status), ENDED_LIMIT_MS, signal);
  if (ended !== undefined && isEnd(ended.status) && draws.chance(0.5, 'returns'))
    await sendBack(tools, ended, draws.of('returns'), signal);
}

/** Its carrier's reports, shuffled, and some of them twice. Nothing is reported of goods that did not leave. */
async function deliver(
  tools: Tools,
  id: string,
  part: SeenConsignment,
  draws: Draws,
  signal: AbortSignal,
): Promise<void> {
  if (tools.orders.decisionOf(id, part.n) !== 'issued' || part.shipmentId === null) return;
  const { shipmentId } = part;
  const at = new Date(0).toISOString();
  const reports = CARRIER_STATUSES.filter((status) => status === 'DELIVERED' || draws.chance(0.7, status)).flatMap(
    (status) =>
      Array.from({ length: draws.chance(0.4, 'twice', status) ? 2 : 1 }, () => reportOf(id, shipmentId, status, at)),
  );
  await Promise.all(draws.shuffled(reports, 'reports').map((report) => insist(tools, report, signal)));
}

/** One return of a part; or two at the same time of everything, of which one must be refused. Some are received twice. */
async function sendBack(tools: Tools, order: SeenOrder, draws: Draws, signal: AbortSignal): Promise<void> {
  const { clients, world } = tools;
  const part = order.consignments.find(({ goods }) => goods === 'DELIVERED');
  if (part === undefined) return;
  const [first] = part.lines;
  const isAll = draws.chance(0.5, 'all');
  const lines = isAll ? part.lines : [{ sku: first!.sku, quantity: draws.whole(1, first!.quantity, 'quantity') }];
  const returned = Array.from({ length: isAll ? 2 : 1 }, (_, n) =>
    returnOf(`back-${order.id}-${n}`, order, lines, world.shop!),
  );
  await Promise.all(
    returned.map(async ({ id, operation }, n) => {
      const entry = await clients.perform(operation, draws.of('conduct', n), signal);
      if (entry.told !== 'accepted' || draws.chance(0.1, 'not received', n)) return;
      const times = draws.chance(0.4, 'received twice', n) ? 2 : 1;
      await Promise.all(Array.from({ length: times }, () => insist(tools, receiveOf(id), signal)));
    }),
  );
}

/** Repeats it until it has an answer for good. */
async function insist({ clients }: Tools, action: Action, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && !(await clients.act(action))) await sleep(AGAIN_MS, undefined, { signal }).catch(() => {});
}

/** The order once it is so, or as it is when the time is up; undefined if it could not be read, or does not exist. */
async function untilOrder(
  tools: Tools,
  id: string,
  isSo: (order: SeenOrder) => boolean,
  limitMs: number,
  signal: AbortSignal,
): Promise<SeenOrder | undefined> {
  const untilMs = Date.now() + limitMs;
  let order: SeenOrder | undefined;
  while (!signal.aborted && Date.now() < untilMs) {
    order = (await read(tools, id)) ?? order;
    if (order === undefined || isSo(order)) return order;
    await sleep(LOOK_MS, undefined, { signal }).catch(() => {});
  }
  return order;
}

async function read({ api, orders }: Tools, id: string): Promise<SeenOrder | undefined> {
  return lookAt(api, id, orders, AbortSignal.timeout(CALL_LIMIT_MS)).catch(() => orders.latest(id));
}

/** What its client would have to do: decide, report, and settle what is due, again and again until it has ended. */
async function bringToEnd(tools: Tools, { id }: Entry, draws: Draws, signal: AbortSignal): Promise<void> {
  const { api, orders } = tools;
  while (!signal.aborted) {
    try {
      const order = await lookAt(api, id, orders, AbortSignal.timeout(CALL_LIMIT_MS));
      if (isEnd(order.status)) return;
      await Promise.all(order.consignments.map((part) => settlePart(tools, order, part, draws, signal)));
    } catch (error) {
      // Of a request without an answer, which was not stored.
      if (codeOf(error) === 'order_not_found') return;
    }
    await sleep(AGAIN_MS, undefined, { signal }).catch(() => {});
  }
}

async function settlePart(
  tools: Tools,
  { id, status }: SeenOrder,
  part: SeenConsignment,
  draws: Draws,
  signal: AbortSignal,
): Promise<void> {
  const { clients, orders } = tools;
  if (part.money === 'DUE') {
    await clients.act(settleDueOf(id, draws.chance(0.7, 'collects', part.n) ? 'collect_again' : 'write_off'));
    return;
  }
  if (status === 'CONFIRMED' && part.goods === 'RESERVED' && orders.decisionOf(id, part.n) === undefined)
    await clients.act(
      draws.chance(0.8, 'hands over', part.n) ? handOverOf(id, part.n, orders) : cancelOrderOf(id, orders),
    );
  else if (part.goods === 'ISSUED' && part.shipmentId !== null)
    await deliver(
      tools,
      id,
      part,
      draws.of('delivery', part.n),
      AbortSignal.any([signal, AbortSignal.timeout(CALL_LIMIT_MS)]),
    );
}

/** Until it is paid back, unless its goods have not come back. */
async function awaitRefund({ api }: Tools, id: string, signal: AbortSignal): Promise<void> {
  for (; !signal.aborted; await sleep(AGAIN_MS, undefined, { signal }).catch(() => {})) {
    try {
      const { status } = await api.returns.get(id, { signal: AbortSignal.timeout(CALL_LIMIT_MS) });
      if (status !== 'RECEIVED') return;
    } catch (error) {
      if (codeOf(error) === 'return_not_found') return;
    }
  }
}

function isEnd(status: string): boolean {
  return status !== 'PENDING' && status !== 'CONFIRMED';
}
