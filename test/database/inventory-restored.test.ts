// The inventory's operations for an order that knows more than it, because one of their databases was restored: what has left has left,
// what was given back stays so, and nothing is reserved for ever.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { createInventoryActivities } from '../../activities/inventory/inventory.ts';
import { countStock, findStock } from '../../db/inventory/queries.ts';
import type { OrderId } from '../../domain/ids.ts';
import type { InventoryOperations } from '../../domain/inventory/operations.ts';
import { startCluster, type TestCluster, type TestDatabase } from './database.ts';
import { assertStockAgrees } from './stock.ts';

const trace = { requestId: 'a test' };
const HOUR_MS = 3_600_000;

describe('the inventory, once a database was restored', () => {
  let cluster: TestCluster;
  let inventory: TestDatabase;
  let operations: InventoryOperations;
  before(async () => {
    cluster = await startCluster();
    ({ inventory } = await cluster.createOrderStores({ connectionsMax: 4 }));
    operations = createInventoryActivities(inventory.service);
  });
  after(() => cluster?.stop());

  /** An order of two units of a new SKU, of which five are on the shelf. */
  async function ordered() {
    const sku = `SKU-${randomUUID().slice(0, 8)}`;
    await countStock(inventory.service, sku, 5, trace);
    const of = { orderId: randomUUID() as OrderId, trace };
    const lines = [{ sku, quantity: 2 }];
    return {
      sku,
      reserve: () => operations.reserve({ ...of, lines, allowSplit: false }),
      issue: () =>
        operations.issue({
          ...{ ...of, n: 1, holdExpiresAtMs: Date.now() + HOUR_MS },
          ...{ marginSeconds: 60, carrierReference: 'van 7' },
        }),
      release: () => operations.release({ ...of, n: 1, reason: 'canceled' }),
      adopt: () => operations.adoptIssued({ ...of, n: 1, lines, carrierReference: 'van 7' }),
      releaseOrder: () => operations.releaseOrder({ ...of, reason: 'timed_out' }),
      decided: () => operations.goodsOf(of),
      stock: async () => {
        const { onHand, reserved } = (await findStock(inventory.service, sku))!;
        return [onHand, reserved];
      },
    };
  }

  for (const isReserved of [true, false])
    test(`takes what has left off the shelf, once, ${isReserved ? 'as it was reserved' : 'though its reservation is lost'}`, async () => {
      const { reserve, adopt, stock, decided, release } = await ordered();
      if (isReserved) await reserve();
      assert.deepEqual(await adopt(), { outcome: 'issued' });
      assert.deepEqual(await adopt(), { outcome: 'issued' });
      assert.deepEqual(await stock(), [3, 0]);
      assert.deepEqual(await decided(), [{ n: 1, decided: { outcome: 'issued', carrierReference: 'van 7' } }]);
      assert.deepEqual(await release(), { outcome: 'issued' });
      await assertStockAgrees(inventory.admin);
    });

  test('tells nobody that nothing was ever reserved for an order whose goods have left', async () => {
    const { adopt, releaseOrder, decided } = await ordered();
    await adopt();
    await assert.rejects(releaseOrder(), ({ cause }: Error) => /have left/.test(String(cause)));
    assert.equal((await decided())[0]!.decided.outcome, 'issued');
  });

  test('does not take off the shelf what it has given back, and says so', async () => {
    const { reserve, adopt, release, stock } = await ordered();
    await reserve();
    await release();
    assert.deepEqual(await adopt(), { outcome: 'released' });
    assert.deepEqual(await stock(), [5, 0]);
  });

  test('takes what has left off the shelf only once there is enough of it, and until then nothing is decided', async () => {
    const { sku, adopt, decided, stock } = await ordered();
    await countStock(inventory.service, sku, 1, trace);
    await assert.rejects(adopt());
    assert.deepEqual(await decided(), []);
    await countStock(inventory.service, sku, 2, trace);
    assert.deepEqual(await adopt(), { outcome: 'issued' });
    assert.deepEqual(await stock(), [0, 0]);
  });

  test('gives back what it does not know to be reserved, and then reserves it no more', async () => {
    const { reserve, issue, release, stock } = await ordered();
    assert.deepEqual(await release(), { outcome: 'released' });
    assert.deepEqual(await release(), { outcome: 'released' });
    assert.deepEqual(await reserve(), { outcome: 'undone' });
    assert.deepEqual(await reserve(), { outcome: 'undone' });
    assert.deepEqual(await issue(), { outcome: 'released', reason: 'released' });
    assert.deepEqual(await stock(), [5, 0]);
    await assertStockAgrees(inventory.admin);
  });

  test('does not hand over what it does not know to be reserved, and says so for ever', async () => {
    const { reserve, issue, release, stock } = await ordered();
    assert.deepEqual(await issue(), { outcome: 'released', reason: 'released' });
    assert.deepEqual(await issue(), { outcome: 'released', reason: 'released' });
    assert.deepEqual(await release(), { outcome: 'released' });
    assert.deepEqual(await reserve(), { outcome: 'undone' });
    assert.deepEqual(await stock(), [5, 0]);
    await assertStockAgrees(inventory.admin);
  });

  test('says to an order that reserves again what has become of its goods', async () => {
    const left = await ordered();
    const reserved = await left.reserve();
    await left.issue();
    assert.deepEqual(await left.reserve(), { ...reserved, hasLeft: true });
    const back = await ordered();
    await back.reserve();
    await back.release();
    assert.deepEqual(await back.reserve(), { outcome: 'undone' });
    await assertStockAgrees(inventory.admin);
  });
});
