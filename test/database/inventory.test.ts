// The inventory's fenced operations: each is decided once, in whatever order calls arrive, and stock, entries and reservations agree.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { collectFindings } from '../../audit/findings.ts';
import { checkStock } from '../../audit/orders/stock.ts';
import { createInventoryActivities } from '../../activities/inventory/inventory.ts';
import { changeStock, countStock, findStock, listStockEntries } from '../../db/inventory/queries.ts';
import type { OrderId, ReturnId } from '../../domain/ids.ts';
import type { InventoryOperations } from '../../domain/inventory/operations.ts';
import { ON_HAND_MAX } from '../../domain/inventory/stock.ts';
import { rowsOf, startCluster, type TestCluster, type TestDatabase } from './database.ts';
import { assertStockAgrees } from './stock.ts';

const trace = { requestId: 'a test' };
const order = (): OrderId => randomUUID() as OrderId;
const HOUR_MS = 3_600_000;

describe('the inventory', () => {
  let cluster: TestCluster;
  let inventory: TestDatabase;
  let operations: InventoryOperations;
  before(async () => {
    cluster = await startCluster();
    ({ inventory } = await cluster.createOrderStores({ connectionsMax: 20 }));
    operations = createInventoryActivities(inventory.service);
  });
  after(() => cluster?.stop());

  /** Counts a new SKU. */
  async function stocked(onHand: number): Promise<string> {
    const sku = `SKU-${randomUUID().slice(0, 8)}`;
    await countStock(inventory.service, sku, onHand, trace);
    return sku;
  }
  const stockOf = async (sku: string): Promise<[number, number]> => {
    const { onHand, reserved } = (await findStock(inventory.service, sku))!;
    return [onHand, reserved];
  };
  const reserve = (orderId: OrderId, lines: { sku: string; quantity: number }[], allowSplit = false) =>
    operations.reserve({ orderId, lines, allowSplit, trace });
  const issue = (orderId: OrderId, n = 1, holdExpiresAtMs = Date.now() + HOUR_MS) =>
    operations.issue({ orderId, n, holdExpiresAtMs, marginSeconds: 60, carrierReference: 'van 7', trace });

  test('reserves all lines or none, and a repeat returns the same and changes nothing', async () => {
    const [a, b] = [await stocked(5), await stocked(1)];
    const orderId = order();
    const lines = [
      { sku: a, quantity: 2 },
      { sku: b, quantity: 1 },
    ];
    const first = await reserve(orderId, lines);
    assert.equal(first.outcome, 'reserved');
    assert.deepEqual(await reserve(orderId, lines), first);
    const other = order();
    const refused = { outcome: 'refused', reason: 'out_of_stock', skus: [b] };
    assert.deepEqual(await reserve(other, lines), refused);
    await changeStock(
      inventory.service,
      { changeId: randomUUID(), sku: b, type: 'RECEIPT', quantity: 9, unitCost: '1.5', reason: undefined },
      trace,
    );
    assert.deepEqual(await reserve(other, lines), refused, 'what was refused stays so');
    assert.deepEqual(await stockOf(a), [5, 2]);
    assert.deepEqual(await stockOf(b), [10, 1]);
    const otherLines = await reserve(orderId, [{ sku: a, quantity: 1 }]);
    assert.deepEqual(otherLines, { outcome: 'undone' }, 'of a row of another body, which was lost');
    assert.equal((await reserve(order(), [{ sku: 'nowhere', quantity: 1 }])).outcome, 'refused');
    await assertStockAgrees(inventory.admin);
  });

  test('makes each SKU a consignment of its own where it may split, and the last takes the rest', async () => {
    const skus = await Promise.all(Array.from({ length: 12 }, () => stocked(1)));
    const orderId = order();
    const lines = skus.map((sku) => ({ sku, quantity: 1 }));
    const reserved = await reserve(orderId, lines, true);
    assert.ok(reserved.outcome === 'reserved');
    assert.deepEqual(
      reserved.consignments.map(({ n, lines: { length } }) => [n, length]),
      [...Array.from({ length: 9 }, (_, index) => [index + 1, 1]), [10, 3]],
    );
    assert.deepEqual(reserved.consignments[0]!.lines, [{ sku: skus[0], quantity: 1 }]);
  });

  test('gives back what a released order had reserved, once, and nothing is ever reserved for one that was released first', async () => {
    const sku = await stocked(3);
    const [reserved, never] = [order(), order()];
    await reserve(reserved, [{ sku, quantity: 2 }]);
    const release = (orderId: OrderId) => operations.releaseOrder({ orderId, reason: 'timed_out', trace });
    const answered = {
      outcome: 'answered',
      consignments: [{ n: 1, lines: [{ sku, quantity: 2 }], goods: 'released' }],
    };
    assert.deepEqual(await release(reserved), answered);
    assert.deepEqual(await release(reserved), answered);
    assert.deepEqual(await stockOf(sku), [3, 0]);
    assert.deepEqual(await release(never), { outcome: 'never_reserved' });
    assert.deepEqual(await reserve(never, [{ sku, quantity: 1 }]), { outcome: 'undone' });
    assert.deepEqual(await stockOf(sku), [3, 0]);
    assert.deepEqual(await issue(reserved), { outcome: 'released', reason: 'released' });
    await assertStockAgrees(inventory.admin);
  });

  test('goods that have left are not released, and goods that were released do not leave', async () => {
    const sku = await stocked(2);
    const [left, kept] = [order(), order()];
    await reserve(left, [{ sku, quantity: 1 }]);
    await reserve(kept, [{ sku, quantity: 1 }]);
    assert.deepEqual(await issue(left), { outcome: 'issued', carrierReference: 'van 7' });
    const release = (orderId: OrderId) => operations.release({ orderId, n: 1, reason: 'canceled', trace });
    assert.deepEqual(await release(left), { outcome: 'issued' });
    assert.deepEqual(await release(kept), { outcome: 'released' });
    assert.deepEqual(await issue(kept), { outcome: 'released', reason: 'released' });
    assert.deepEqual(await issue(left), { outcome: 'issued', carrierReference: 'van 7' });
    assert.deepEqual(await stockOf(sku), [1, 0]);
    assert.deepEqual(await operations.goodsOf({ orderId: left, trace }), [
      { n: 1, decided: { outcome: 'issued', carrierReference: 'van 7' } },
    ]);
    await assertStockAgrees(inventory.admin);
  });

  test('goods whose hold ends too soon by the database’s clock are given back, and do not leave any more', async () => {
    const sku = await stocked(1);
    const orderId = order();
    await reserve(orderId, [{ sku, quantity: 1 }]);
    const expiring = { outcome: 'released', reason: 'hold_expiring' };
    assert.deepEqual(await issue(orderId, 1, Date.now() + 30_000), expiring);
    assert.deepEqual(await stockOf(sku), [1, 0]);
    assert.deepEqual(await issue(orderId), expiring);
    await assertStockAgrees(inventory.admin);
  });

  test('the hold goes on to its end while a hand-over waits for the stock', async () => {
    const sku = await stocked(1);
    const orderId = order();
    await reserve(orderId, [{ sku, quantity: 1 }]);
    const locking = rowsOf(
      inventory.admin,
      `WITH locked AS MATERIALIZED (SELECT FROM stock WHERE sku = '${sku}' FOR UPDATE) SELECT pg_sleep(1.2) FROM locked`,
    );
    const lock = `SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND query LIKE '%${sku}%'`;
    while ((await rowsOf(inventory.admin, lock)).length === 0);
    const expiring = { outcome: 'released', reason: 'hold_expiring' };
    // Half a second longer than the margin.
    assert.deepEqual(await issue(orderId, 1, Date.now() + 60_500), expiring);
    await locking;
    assert.deepEqual(await stockOf(sku), [1, 0]);
    await assertStockAgrees(inventory.admin);
  });

  test('an order is released while its consignments are handed over one by one: none waits for another in a circle', async () => {
    const skus = await Promise.all(Array.from({ length: 4 }, () => stocked(1_000)));
    const ns = [1, 2, 3, 4];
    for (let round = 0; round < 25; round += 1) {
      const orderId = order();
      const lines = skus.toReversed().map((sku) => ({ sku, quantity: 1 }));
      await reserve(orderId, lines, true);
      const [released, ...issued] = await Promise.all([
        operations.releaseOrder({ orderId, reason: 'canceled', trace }),
        ...ns.toReversed().map((n) => issue(orderId, n)),
      ]);
      assert.ok(released.outcome === 'answered');
      const goods = released.consignments.map((each) => each.goods);
      assert.deepEqual(
        goods.toReversed(),
        issued.map(({ outcome }) => outcome),
      );
    }
    await assertStockAgrees(inventory.admin);
  });

  test('nothing leaves that was not reserved, nor will it be', async () => {
    const sku = await stocked(1);
    const orderId = order();
    assert.deepEqual(await issue(orderId), { outcome: 'released', reason: 'released' });
    assert.deepEqual(await reserve(orderId, [{ sku, quantity: 1 }]), { outcome: 'undone' });
  });

  test('a release and a hand-over at once, a hundred times: exactly one of them happens, and both are told which', async () => {
    const sku = await stocked(100);
    await Promise.all(
      Array.from({ length: 100 }, async () => {
        const orderId = order();
        await reserve(orderId, [{ sku, quantity: 1 }]);
        const [issued, released] = await Promise.all([
          issue(orderId),
          operations.release({ orderId, n: 1, reason: 'canceled', trace }),
        ]);
        assert.equal(issued.outcome, released.outcome);
      }),
    );
    const [onHand, reserved] = await stockOf(sku);
    const left = await rowsOf(inventory.admin, `SELECT FROM reservations WHERE sku = '${sku}' AND state = 'ISSUED'`);
    assert.deepEqual([onHand, reserved], [100 - left.length, 0]);
    await assertStockAgrees(inventory.admin);
  });

  test('two hundred orders for the last ten units: ten get one', async () => {
    const sku = await stocked(10);
    const outcomes = await Promise.all(
      Array.from({ length: 200 }, async () => (await reserve(order(), [{ sku, quantity: 1 }])).outcome),
    );
    assert.equal(outcomes.filter((outcome) => outcome === 'reserved').length, 10);
    assert.deepEqual(await stockOf(sku), [10, 10]);
    await assertStockAgrees(inventory.admin);
  });

  test('goods come back once: on the shelf again, or scrapped', async () => {
    const [shelf, scrap] = [await stocked(0), await stocked(0)];
    const back = {
      orderId: order(),
      returnId: randomUUID() as ReturnId,
      trace,
      lines: [
        { sku: shelf, quantity: 2, disposition: 'restock' as const },
        { sku: scrap, quantity: 1, disposition: 'scrap' as const },
      ],
    };
    await Promise.all([operations.takeBack(back), operations.takeBack(back)]);
    await operations.takeBack(back);
    assert.deepEqual(await stockOf(shelf), [2, 0]);
    assert.deepEqual(await stockOf(scrap), [0, 0]);
    const [entry] = await listStockEntries(inventory.service, scrap, { limit: 1 });
    assert.deepEqual([entry?.type, entry?.quantity], ['SCRAP', 1]);
    await assertStockAgrees(inventory.admin);
  });

  test('goods that come back beyond the most that can be kept are noted, and are counted by somebody later', async () => {
    const [full, other] = [await stocked(ON_HAND_MAX - 1), await stocked(0)];
    const lines = [full, other].map((sku) => ({ sku, quantity: 2, disposition: 'restock' as const }));
    const back = { orderId: order(), returnId: randomUUID() as ReturnId, trace, lines };
    await operations.takeBack(back);
    await operations.takeBack(back);
    assert.deepEqual(
      [await stockOf(full), await stockOf(other)],
      [
        [ON_HAND_MAX - 1, 0],
        [2, 0],
      ],
    );
    const [entry] = await listStockEntries(inventory.service, full, { limit: 1 });
    assert.deepEqual([entry?.type, entry?.quantity, entry?.reason], ['SCRAP', 2, 'stock_too_large']);
    await assertStockAgrees(inventory.admin);
    const findings = collectFindings();
    await checkStock(inventory.admin, findings);
    assert.deepEqual(findings.violations(), []);
  });

  test('a receipt counts once for its key, another body under it conflicts, and no change leaves less than is reserved', async () => {
    const sku = await stocked(5);
    await reserve(order(), [{ sku, quantity: 4 }]);
    const change = (quantity: number, changeId: string = randomUUID(), type: 'RECEIPT' | 'ADJUSTMENT' = 'ADJUSTMENT') =>
      changeStock(inventory.service, { changeId, sku, type, quantity, unitCost: undefined, reason: 'a test' }, trace);
    const changeId = randomUUID();
    const received = await Promise.all(Array.from({ length: 8 }, () => change(10, changeId, 'RECEIPT')));
    assert.equal(received.filter((each) => each.outcome === 'done' && each.isNew).length, 1);
    assert.ok(received.every((each) => each.outcome === 'done'));
    assert.deepEqual(await change(11, changeId, 'RECEIPT'), { outcome: 'conflicts' });
    assert.deepEqual(await stockOf(sku), [15, 4]);
    assert.deepEqual(await change(-12), { outcome: 'refused', reason: 'reserved' });
    assert.equal((await change(-11)).outcome, 'done');
    assert.equal(await countStock(inventory.service, sku, 3, trace), 'reserved');
    assert.deepEqual(await stockOf(sku), [4, 4]);
    const unknown = {
      changeId,
      sku: 'nowhere',
      type: 'ADJUSTMENT' as const,
      quantity: 1,
      unitCost: undefined,
      reason: 'x',
    };
    assert.deepEqual(await changeStock(inventory.service, unknown, trace), { outcome: 'refused', reason: 'unknown' });
    await assertStockAgrees(inventory.admin);
  });
});
