/** A run's orders: the shoppers and the clerk who looks after what waits for one, what they were told, and the checks of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../client/client.ts';
import type { Book } from './book.ts';
import type { Clients } from './clients.ts';
import { compareOrders, orderEnds } from './compare-orders.ts';
import type { Draws } from './draws.ts';
import { openOrderBook } from './order-book.ts';
import { readStoredOrders, seeNothingKept, seeOrders, seeStock } from './order-rows.ts';
import { retryOf, settleDueOf } from './order-operations.ts';
import { createShoppers } from './shoppers.ts';
import type { Stack } from './stack.ts';
import type { Violations } from './violations.ts';
import type { World } from './world.ts';

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
  readonly api: Client;
  readonly book: Book;
  readonly world: World;
  readonly clients: Clients;
  readonly violations: Violations;
  /** The number of shoppers. */
  readonly atOnce: number | undefined;
}

const EVERY_MS = 500;
const CLERK_EVERY_MS = 1_000;
const CASES = 20;
const CALL_LIMIT_MS = 5_000;

/** Undefined in a run without orders. */
export function openOrders({ stack, api, book, world, clients, violations, atOnce }: Surroundings): Orders | undefined {
  if (world.shop === undefined) return undefined;
  const orders = openOrderBook(violations);
  const shoppers = createShoppers({ api, book, orders, world, clients });
  return {
    async run(draws, signal) {
      await Promise.all([shoppers.run(draws, signal, atOnce), clerk(api, clients, draws.of('clerk'), signal)]);
    },
    finish: (draws, signal) => finish(draws, signal),
    async observe(signal) {
      while (!signal.aborted) {
        // A read that fails proves nothing.
        await seeOrders(stack, orders, 'observer', true).catch(() => {});
        await seeNothingKept(stack, violations).catch(() => {});
        await seeStock(stack, violations).catch(() => {});
        await sleep(EVERY_MS, undefined, { signal }).catch(() => {});
      }
    },
    async compare() {
      const stored = await readStoredOrders(stack, orders);
      compareOrders(book, orders, stored, (subject, detail) => violations.report('comparison', subject, detail));
      return [...stored.orders.map(({ id }) => id), ...stored.returns.map(({ id }) => id), ...stored.changes];
    },
    ends: () => orderEnds(orders),
  };

  async function finish(draws: Draws, signal: AbortSignal): Promise<void> {
    const done = new AbortController();
    const clerking = clerk(api, clients, draws.of('clerk'), AbortSignal.any([signal, done.signal]));
    await shoppers.finish(draws, signal);
    done.abort();
    await clerking;
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
