// The reconciliation of orders: what has no workflow any more goes on from its row, and what was left of an order that has ended is
// settled as its row says. A set of running workflows stands in for Temporal.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import { pino } from 'pino';
import { createInventoryActivities } from '../../activities/inventory/inventory.ts';
import { createOrderReview } from '../../activities/order/reconciliation.ts';
import { findHolds } from './order-payments.ts';
import { createOrderStarter } from '../../temporal/order/start-order.ts';
import type { OrderId } from '../../domain/ids.ts';
import { createRounds } from '../../workers/order/reconcile.ts';
import type { OrderInput } from '../../workflows/order/messages.ts';
import { searchAttributes } from '../../workflows/transfer/messages.ts';
import { startAuditedOrders, type AuditedOrderStack } from './audited-orders.ts';
import { rowsOf } from './database.ts';
import { assertStockAgrees } from './stock.ts';

describe('the reconciliation of orders', () => {
  let stack: AuditedOrderStack;
  before(async () => {
    stack = await startAuditedOrders();
    await rowsOf(
      stack.services.order.admin,
      `UPDATE orders SET updated_at = updated_at - interval '1 hour'; UPDATE returns SET updated_at = updated_at - interval '1 hour'`,
    );
    await rowsOf(stack.services.inventory.admin, `UPDATE reservations SET created_at = created_at - interval '1 hour'`);
  });
  after(() => stack?.stop());

  const orders = () => stack.filled.orders;

  /** The rounds over a Temporal in which these workflows run; `started` are the starts that were asked for. */
  function roundsWith(
    running: ReadonlySet<string>,
    cancel?: (id: string) => Promise<void>,
    shown = 'PENDING',
    memo = {},
  ) {
    const started = new Map<string, unknown>();
    const terminated: string[] = [];
    const client = {
      withDeadline: (_: number, call: () => Promise<unknown>) => call(),
      workflow: {
        getHandle: (id: string) => ({
          describe: async () => {
            const typedSearchAttributes = new TypedSearchAttributes([
              { key: searchAttributes.movementStatus, value: shown },
            ]);
            if (running.has(id)) return { status: { name: 'RUNNING' }, typedSearchAttributes, memo };
            throw new WorkflowNotFoundError('none', id, undefined);
          },
          terminate: async () => void terminated.push(id),
        }),
        start: async (_: string, { workflowId, args }: { workflowId: string; args: unknown[] }) =>
          void started.set(workflowId, args[0]),
      },
    } as unknown as Client;
    const binding = { verify: async () => ({ installationId: 'test' }) } as never;
    const { service: database } = stack.services.order;
    const starter = createOrderStarter(database, { client, binding, dispatch: 'ordinary', marginSeconds: 60 });
    const holds = findHolds(stack.stores, cancel);
    const { payments } = stack.course;
    return {
      started,
      terminated,
      rounds: createRounds({ database, starter, holds, payments, logger: pino({ level: 'silent' }) }),
    };
  }

  test('an order that is open and has no workflow is started again from its row, and so is a return', async () => {
    const { due, issued, confirmed, pending } = orders();
    const running = new Set([due, issued].map(({ orderId }) => `order/${orderId}`));
    const { started, rounds } = roundsWith(running);
    await rounds.orders();
    await rounds.returns();
    assert.deepEqual(
      [...started.keys()].sort(),
      [`order/${confirmed.orderId}`, `order/${pending.orderId}`, `return/${stack.filled.received}`].sort(),
    );
    const again = started.get(`order/${confirmed.orderId}`) as OrderInput;
    assert.equal(again.stored?.status, 'CONFIRMED');
    assert.deepEqual(
      again.stored.consignments.map(({ goods, money }) => [goods, money]),
      [['RESERVED', 'HELD']],
    );
    assert.equal((started.get(`order/${pending.orderId}`) as OrderInput).stored, undefined);
  });

  test('a run that is further than its row, which was restored, makes way for another, and no other run does', async () => {
    const { confirmed, pending } = orders();
    const ids = [confirmed, pending].map(({ orderId }) => `order/${orderId}`);
    const { started, terminated, rounds } = roundsWith(new Set(ids), undefined, 'CONFIRMED');
    await rounds.orders();
    assert.deepEqual(terminated, [`order/${pending.orderId}`]);
    assert.ok(started.has(`order/${pending.orderId}`) && !started.has(`order/${confirmed.orderId}`));
    const another = roundsWith(new Set(ids), undefined, 'CONFIRMED', { bodyHash: 'of another body' });
    await another.rounds.orders();
    assert.deepEqual(another.terminated, [], 'one for a body whose row was lost is asked to end elsewhere');
  });

  test('one that has just changed is left alone', async () => {
    const { confirmed } = orders();
    const touch = (by: string) =>
      rowsOf(
        stack.services.order.admin,
        `UPDATE orders SET updated_at = now() - interval '${by}' WHERE order_id = '${confirmed.orderId}'`,
      );
    await touch('1 second');
    const { started, rounds } = roundsWith(new Set());
    await rounds.orders();
    assert.ok(!started.has(`order/${confirmed.orderId}`));
    await touch('1 hour');
  });

  test('a hold is settled once its order has ended, and never before', async () => {
    const { confirmed, issued } = orders();
    const canceled: string[] = [];
    const { rounds } = roundsWith(new Set(), async (id) => void canceled.push(id));
    await rounds.holds();
    assert.deepEqual(canceled, []);
    const { holdOf } = stack.audited();
    const { admin } = stack.services.order;
    const end = (orderId: OrderId, status: string) =>
      rowsOf(admin, `UPDATE orders SET status = '${status}', cancel_reason = NULL WHERE order_id = '${orderId}'`);
    await end(confirmed.orderId, 'CANCELED');
    await end(issued.orderId, 'COMPLETED');
    await rowsOf(admin, `UPDATE consignments SET money = 'CAPTURED' WHERE order_id = '${issued.orderId}'`);
    await rounds.holds();
    assert.deepEqual(canceled, [holdOf('confirmed')]);
    const [captured] = await rowsOf(
      stack.stores.transfer.admin,
      `SELECT status FROM transfers WHERE transfer_id = '${holdOf('issued')}'`,
    );
    assert.equal(captured!['status'], 'COMPLETED', 'what the row notes as captured is captured again');
    await end(confirmed.orderId, 'CONFIRMED');
    await end(issued.orderId, 'CONFIRMED');
  });

  test('what is reserved for an order that has ended is given back or issued, as its row says; of an open one it stays', async () => {
    const inventory = createInventoryActivities(stack.services.inventory.service);
    const { confirmed, canceled, delivered, outOfStock } = orders();
    const review = createOrderReview(stack.services.order.service, async () => false);
    const question = { olderThanSeconds: 300, limit: 10 };
    assert.deepEqual(await inventory.listReserved(question), [confirmed.orderId]);
    assert.deepEqual(await inventory.listReserved({ ...question, after: confirmed.orderId }), []);
    assert.deepEqual(await inventory.listReserved({ ...question, olderThanSeconds: 86_400 }), []);
    assert.deepEqual(await review.judgeReserved({ orderIds: [confirmed.orderId] }), []);

    const kinds = async (orderId: OrderId) =>
      (await review.judgeReserved({ orderIds: [orderId] })).map(({ kind }) => kind);
    assert.deepEqual(await kinds(canceled.orderId), ['released']);
    assert.deepEqual(await kinds(delivered.orderId), ['issued']);
    assert.deepEqual(await kinds(outOfStock.orderId), ['whole']);
    const lost = '00000000-0000-8000-8000-000000000001' as OrderId;
    assert.deepEqual(await kinds(lost), ['whole']);
    const running = createOrderReview(stack.services.order.service, async () => true);
    assert.deepEqual(await running.judgeReserved({ orderIds: [lost] }), [], 'whose workflow runs is not lost');

    const trace = { requestId: 'a test' };
    await inventory.reserve({ orderId: lost, lines: [{ sku: 'lamp', quantity: 5 }], allowSplit: false, trace });
    await inventory.releaseOrder({ orderId: lost, reason: 'reconciled', trace });
    await assertStockAgrees(stack.services.inventory.admin);
    assert.deepEqual(await inventory.listReserved({ ...question, olderThanSeconds: 0 }), [confirmed.orderId]);
  });
});
