/**
 * A run's orders, those of each tenant: the shoppers and the clerk who looks after what waits for one, what they were told, and the checks
 * of it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../client/client.ts';
import type { Book } from './book.ts';
import type { Clients } from './clients.ts';
import { compareOrders, orderEnds } from './compare-orders.ts';
import type { Draws } from './draws.ts';
import { openOrderBook, type OrderBook } from './order-book.ts';
import { readStoredOrders, seeNothingKept, seeOrders, seeStock } from './order-rows.ts';
import { retryOf, settleDueOf } from './order-operations.ts';
import { createShoppers } from './shoppers.ts';
import type { Stack } from './stack.ts';
import { askForTheirOrder } from './strangers.ts';
import { sumOf } from './tally.ts';
import type { Side, Tenants } from './tenants.ts';
import type { Violations } from './violations.ts';

export interface Orders {
  readonly run: (draws: Draws, signal: AbortSignal) => Promise<void>;
  /** Brings every order to its end; see Shoppers. */
  readonly finish: (draws: Draws, signal: AbortSignal) => Promise<void>;
  /** Checks of what must hold at any moment, again and again until the signal aborts. */
  readonly observe: (signal: AbortSignal) => Promise<void>;
  /** Compares what clients were told with what is stored. Returns the ids of the orders, returns and changes of stock that are. */
  readonly compare: () => Promise<string[]>;
  /** The counts of orders by how they ended. */
  readonly ends: () => Record<string, number>;
}

interface Surroundings {
  readonly stack: Stack;
  readonly tenants: Pick<Tenants, 'all'>;
  readonly book: Book;
  readonly violations: Violations;
  /** The number of shoppers of all tenants together. */
  readonly atOnce: number | undefined;
}

/** The orders of one tenant, and what its clients were told of them. */
type OwnOrders = Orders & { readonly told: OrderBook };

const EVERY_MS = 500;
const CLERK_EVERY_MS = 1_000;
const STRANGER_EVERY_MS = 700;
const CASES = 20;
const CALL_LIMIT_MS = 5_000;
const SHOPPERS = { all: 4, ofSecond: 1 };

/** Undefined in a run without orders. */
export function openOrders({
  stack,
  tenants,
  book,
  violations,
  atOnce = SHOPPERS.all,
}: Surroundings): Orders | undefined {
  const sides = tenants.all.filter(({ world }) => world.shop !== undefined);
  const ofOthers = sides.length > 1 ? SHOPPERS.ofSecond : 0;
  const all = sides.map((side, n) =>
    openOwn(stack, side, book, violations, n === 0 ? Math.max(atOnce - ofOthers, 1) : ofOthers),
  );
  if (all.length === 0) return undefined;
  const others = (n: number): OrderBook[] => all.filter((_, other) => other !== n).map(({ told }) => told);
  return {
    // By the same draws, so that both ask for the same under the same keys.
    async run(draws, signal) {
      await Promise.all([
        ...all.map((each) => each.run(draws, signal)),
        ...sides.map((side, n) => intrude(side, others(n), draws.of('stranger', side.tenant), signal)),
      ]);
    },
    async finish(draws, signal) {
      await Promise.all(all.map((each) => each.finish(draws, signal)));
    },
    async observe(signal) {
      await Promise.all(all.map((each) => each.observe(signal)));
    },
    compare: async () => (await Promise.all(all.map((each) => each.compare()))).flat(),
    ends: () => sumOf(all.map((each) => each.ends())),
  };
}

function openOwn(
  stack: Stack,
  { tenant, api, world, clients }: Side,
  book: Book,
  violations: Violations,
  atOnce: number,
): OwnOrders {
  const told = openOrderBook(violations);
  const shoppers = createShoppers({ api, book, orders: told, world, clients });
  return {
    told,
    async run(draws, signal) {
      await Promise.all([shoppers.run(draws, signal, atOnce), clerk(api, clients, draws.of('clerk'), signal)]);
    },
    async finish(draws, signal) {
      const done = new AbortController();
      const clerking = clerk(api, clients, draws.of('clerk'), AbortSignal.any([signal, done.signal]));
      await shoppers.finish(draws, signal);
      done.abort();
      await clerking;
    },
    async observe(signal) {
      while (!signal.aborted) {
        // A read that fails proves nothing.
        await seeOrders(stack, [tenant, told], 'observer', true).catch(() => {});
        await seeNothingKept(stack, tenant, violations).catch(() => {});
        await seeStock(stack, violations).catch(() => {});
        await sleep(EVERY_MS, undefined, { signal }).catch(() => {});
      }
    },
    async compare() {
      const stored = await readStoredOrders(stack, [tenant, told]);
      compareOrders(book, told, stored, (subject, detail) => violations.report('comparison', subject, detail));
      return [...stored.orders.map(({ id }) => id), ...stored.returns.map(({ id }) => id), ...stored.changes];
    },
    ends: () => orderEnds(told),
  };
}

/** Asks now and then for an order of another tenant, which has to be answered as one that nobody has. */
async function intrude(
  { clients }: Pick<Side, 'clients'>,
  others: readonly OrderBook[],
  draws: Draws,
  signal: AbortSignal,
): Promise<void> {
  for (let n = 0; !signal.aborted; n += 1) {
    const ids = others.flatMap((each) => each.ids());
    const action = askForTheirOrder(ids, draws.of(n));
    if (action !== undefined) await clients.act(action);
    await sleep(STRANGER_EVERY_MS, undefined, { signal }).catch(() => {});
  }
}

/** Has what keeps failing tried at once, and decides about what is due, as somebody who sees only the case might do. */
async function clerk(api: Client, clients: Pick<Clients, 'act'>, draws: Draws, signal: AbortSignal): Promise<void> {
  for (let n = 0; !signal.aborted; n += 1) {
    const open = await api.orders
      .cases({ status: 'OPEN', limit: CASES }, { signal: AbortSignal.timeout(CALL_LIMIT_MS) })
      .catch(() => ({ data: [] }));
    const one = open.data[draws.whole(0, Math.max(open.data.length - 1, 0), 'which', n)];
    if (one !== undefined) {
      const settle = draws.chance(0.7, 'collects', n) ? 'collect_again' : 'write_off';
      await clients.act(one.reason === 'payment_due' ? settleDueOf(one.order_id, settle) : retryOf(one.order_id));
    }
    await sleep(CLERK_EVERY_MS, undefined, { signal }).catch(() => {});
  }
}
