/** What shoppers do next: an order of one line or several, one that must be refused, the last units of something, or a change of stock. */
import { formatUnits } from '../domain/money.ts';
import type { Draws } from './draws.ts';
import type { Operation } from './operation.ts';
import type { OrderTerms } from './order-operations.ts';
import type { Line } from './order-terms.ts';
import { adjustmentOf, receiptOf, type Shop } from './shop.ts';
import type { World } from './world.ts';

export interface AskedOrder {
  readonly key: string;
  readonly kind: string;
  readonly terms: OrderTerms;
}

export type Goods =
  | {
      readonly kind: 'order';
      readonly asked: AskedOrder;
      readonly isCanceledAtOnce: boolean;
      readonly isKeyReused: boolean;
    }
  | { readonly kind: 'stock'; readonly operation: Operation }
  /** Many buyers at once for a few units of a product that nobody else asks for. */
  | {
      readonly kind: 'last units';
      readonly key: string;
      readonly sku: string;
      readonly units: number;
      readonly orders: readonly AskedOrder[];
    };

interface Scene {
  readonly key: string;
  readonly draws: Draws;
  readonly world: World;
  readonly shop: Shop;
}

const QUANTITY_MAX = 3;
const SHIPPING_MAX_CENTS = 500;
const LAST_UNITS = { min: 2, max: 4 };
const BUYERS_TIMES = 6;
const RECEIPT_MAX = 8;
const SHARE = { split: 0.6, canceledAtOnce: 0.1, keyReused: 0.08 };

/** With their relative frequencies. */
const KINDS: readonly (readonly [weight: number, draw: (scene: Scene) => Goods])[] = [
  [30, (scene) => order(scene, 'order', [scene.draws.from(scene.shop.plenty, 'sku')])],
  [25, (scene) => order(scene, 'order of several lines', scene.draws.shuffled(scene.shop.plenty, 'skus').slice(0, 3))],
  [
    12,
    (scene) =>
      order(scene, 'order of what is scarce', [scene.draws.from(scene.shop.scarce, 'sku'), scene.shop.plenty[0]]),
  ],
  [4, (scene) => order(scene, 'order: out of stock', [scene.shop.plenty[0], scene.shop.none])],
  [5, (scene) => order(scene, 'order: no money', [scene.shop.plenty[0]], scene.world.poor)],
  [3, (scene) => order(scene, 'refused order: unknown SKU', [scene.shop.unknown])],
  [
    6,
    ({ key, draws, shop }) =>
      stock(receiptOf(key, shop, draws.from(shop.scarce, 'sku'), draws.whole(1, RECEIPT_MAX, 'quantity'))),
  ],
  [
    4,
    ({ key, draws, shop }) =>
      stock(adjustmentOf(key, shop, draws.from(shop.scarce, 'sku'), draws.from([-2, -1, 1, 2], 'change'))),
  ],
  [3, drawLastUnits],
];

export function drawGoods(scene: Scene): Goods {
  const total = KINDS.reduce((sum, [weight]) => sum + weight, 0);
  let rest = scene.draws.number('kind') * total;
  const [, drawIt] = KINDS.find(([weight]) => (rest -= weight) < 0)!;
  return drawIt(scene);
}

function order(scene: Scene, kind: string, skus: readonly string[], buyer?: string): Goods {
  const { key, draws } = scene;
  const lines = skus.map((sku): Line => ({ sku, quantity: draws.whole(1, QUANTITY_MAX, 'quantity', sku) }));
  return {
    kind: 'order',
    asked: { key, kind, terms: termsOf(scene, lines, buyer) },
    isCanceledAtOnce: draws.chance(SHARE.canceledAtOnce, 'canceled at once'),
    isKeyReused: draws.chance(SHARE.keyReused, 'key reused'),
  };
}

function termsOf({ draws, world, shop }: Scene, lines: readonly Line[], buyer?: string): OrderTerms {
  const hasShipping = draws.chance(0.5, 'shipping');
  return {
    buyer: buyer ?? (draws.chance(0.5, 'hot') ? draws.from(world.hot, 'buyer') : draws.from(world.cold, 'buyer')),
    seller: draws.from(shop.sellers, 'seller'),
    lines,
    shipping: formatUnits(hasShipping ? BigInt(draws.whole(1, SHIPPING_MAX_CENTS, 'cents')) * 100n : 0n),
    allowSplit: lines.length > 1 && draws.chance(SHARE.split, 'split'),
  };
}

function stock({ operation }: { readonly operation: Operation }): Goods {
  return { kind: 'stock', operation };
}

export function drawLastUnits(scene: Scene): Goods {
  const { key, draws } = scene;
  const units = draws.whole(LAST_UNITS.min, LAST_UNITS.max, 'units');
  const sku = `LAST-${key}`;
  const orders = Array.from({ length: units * BUYERS_TIMES }, (_, n) => ({
    key: `${key}-${n}`,
    kind: 'order of the last units',
    terms: termsOf({ ...scene, draws: draws.of('buyer', n) }, [{ sku, quantity: 1 }]),
  }));
  return { kind: 'last units', key, sku, units, orders };
}
