// What shoppers ask for follows from the seed, has every kind of order, and what it costs follows from its terms.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { orderId, transferId } from '../../domain/derived-id.ts';
import { holdKey } from '../../domain/order/money.ts';
import { DEFAULT_TENANT, type OfTenant, type Tenant } from '../../domain/tenant.ts';
import type { Asked } from '../../nemesis/book.ts';
import { drawsOf } from '../../nemesis/draws.ts';
import { drawGoods, drawLastUnits } from '../../nemesis/goods.ts';
import { openOrderBook, type SeenOrder } from '../../nemesis/order-book.ts';
import { orderOf, returnOf } from '../../nemesis/order-operations.ts';
import { partsOf } from '../../nemesis/order-terms.ts';
import { adjustmentOf, receiptOf, type Shop } from '../../nemesis/shop.ts';
import { askForTheirOrder } from '../../nemesis/strangers.ts';
import { collectViolations } from '../../nemesis/violations.ts';
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
const holdIn = (tenant: Tenant): string => transferId(holdKey(orderId('the key', tenant), 1), tenant);

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

  test('is of the tenant whose shop it is: by the same keys, under ids of its own', () => {
    const tenant = 'second' as Tenant;
    const orders = openOrderBook(collectViolations());
    const terms = { buyer: 'alice', seller: 'seller', lines: LINES, shipping: '0.0000', allowSplit: false };
    const made = (of: OfTenant) => {
      const shop = { ...SHOP, ...of };
      const { asked } = orderOf('the key', 'order', terms, shop, orders);
      const returned = returnOf('back', { id: asked.id, ...terms } as unknown as SeenOrder, LINES, shop).operation
        .asked;
      const changed = [receiptOf('key', shop, 'POT', 1), adjustmentOf('key', shop, 'POT', -1)];
      return [asked, returned, ...changed.map(({ operation }) => operation.asked)];
    };
    const [own, theirs] = [made({ tenant }), made({})];
    assert.deepEqual([own[0]!.id, own[0]!.moves[0]!.id], [orderId('the key', tenant), holdIn(tenant)]);
    assert.deepEqual([theirs[0]!.id, theirs[0]!.moves[0]!.id], [ID, holdIn(DEFAULT_TENANT)]);
    const idsOf = (all: readonly Asked[]) => all.flatMap(({ id, moves }) => [id, ...moves.map((move) => move.id)]);
    const known = new Set(idsOf(theirs));
    assert.ok(own.every((asked) => asked.tenant === tenant) && idsOf(own).every((id) => !known.has(id)));
    assert.ok(theirs.every((asked) => asked.tenant === undefined));
  });

  test('of another tenant, is asked for and must not be found', () => {
    assert.equal(askForTheirOrder([], drawsOf(1)), undefined);
    const asked = Array.from({ length: 50 }, (_, n) => askForTheirOrder([ID], drawsOf(n))!);
    assert.ok(asked.every(({ about, mustRefuse }) => about === ID && mustRefuse === 'order_not_found'));
    assert.ok(new Set(asked.map(({ kind }) => kind)).size > 5);
  });
});
