// What shoppers ask for follows from the seed, has every kind of order, and what it costs follows from its terms.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { orderId } from '../../domain/derived-id.ts';
import { drawsOf } from '../../nemesis/draws.ts';
import { drawGoods, drawLastUnits } from '../../nemesis/goods.ts';
import { partsOf } from '../../nemesis/order-terms.ts';
import type { Shop } from '../../nemesis/shop.ts';
import type { World } from '../../nemesis/world.ts';

const SHOP: Shop = {
  ...{ sellers: ['seller'], plenty: ['POT', 'CUP', 'LID'], scarce: ['TRAY'], none: 'NONE', unknown: 'NOTHING' },
  priceOf: (sku) => (sku === 'POT' ? '7.9000' : '2.5000'),
};
const WORLD = { hot: ['alice'], cold: ['bob'], poor: 'poor', shop: SHOP } as unknown as World;
const LINES = [
  { sku: 'POT', quantity: 2 },
  { sku: 'CUP', quantity: 1 },
];
const ID = orderId('the key');

describe('what shoppers do', () => {
  const scene = (seed: number, n: number) => ({ key: `key-${n}`, draws: drawsOf(seed, n), world: WORLD, shop: SHOP });

  test('follows from the seed, and is every kind of order and change of stock', () => {
    const drawn = (seed: number) => Array.from({ length: 400 }, (_, n) => drawGoods(scene(seed, n)));
    assert.equal(JSON.stringify(drawn(3)), JSON.stringify(drawn(3)));
    const kinds = new Set(
      drawn(3).map((goods) =>
        goods.kind === 'order' ? goods.asked.kind : goods.kind === 'stock' ? goods.operation.asked.kind : goods.kind,
      ),
    );
    const expected = [
      'order',
      'order of several lines',
      'order of what is scarce',
      'order: out of stock',
      'order: no money',
    ];
    for (const kind of [...expected, 'refused order: unknown SKU', 'stock receipt', 'stock adjustment', 'last units'])
      assert.ok(kinds.has(kind), kind);
    const orders = drawn(3).flatMap((goods) => (goods.kind === 'order' ? [goods] : []));
    assert.ok(
      orders.some(({ asked }) => asked.terms.allowSplit) && orders.some(({ asked }) => asked.terms.lines.length > 1),
    );
    assert.ok(orders.some(({ isCanceledAtOnce }) => isCanceledAtOnce) && orders.some(({ isKeyReused }) => isKeyReused));
  });

  test('is a rush for more than there is of something', () => {
    const rush = drawLastUnits(scene(5, 1));
    assert.ok(rush.kind === 'last units' && rush.orders.length >= 4 * rush.units);
    assert.deepEqual(
      new Set(rush.orders.flatMap(({ terms }) => terms.lines.map(({ sku }) => sku))),
      new Set([rush.sku]),
    );
  });

  test('is paid in parts that follow from the terms: the shipping with the first', () => {
    const priced = { shipping: '1.0000', priceOf: SHOP.priceOf };
    const amounts = (allowSplit: boolean) =>
      partsOf(ID, LINES, { ...priced, allowSplit }).map(({ n, amount }) => `${n} ${amount}`);
    assert.deepEqual(amounts(true), ['1 16.8000', '2 2.5000']);
    assert.deepEqual(amounts(false), ['1 19.3000']);
  });
});
