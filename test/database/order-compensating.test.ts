// Which orders are said to be compensating: those that are being undone now, one by one and in the list, and none that has ended.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { orderListRoutes } from '../../api/order/list.ts';
import { renderOrder } from '../../api/order/answer.ts';
import { undoOrder } from '../../db/order/state.ts';
import { baseApp, jsonOf } from '../pure/api-fakes.ts';
import { startAuditedOrders, type AuditedOrderStack } from './audited-orders.ts';
import { trace } from './wallets.ts';

interface Item {
  readonly order_id: string;
  readonly status: string;
  readonly compensating: boolean;
}

describe('an order is compensating', () => {
  let stack: AuditedOrderStack;
  before(async () => {
    stack = await startAuditedOrders();
  });
  after(() => stack?.stop());

  const list = async (query: string): Promise<Item[]> => {
    const app = baseApp().route('/', orderListRoutes({ database: stack.services.order.service }));
    return (await jsonOf(app.request(`/v1/orders?limit=200${query}`))).body['data'] as Item[];
  };

  test('from the beginning of its undoing to its end', async () => {
    const { filled, course, services } = stack;
    const { pending, refused } = filled.orders;
    assert.deepEqual(await list('&compensating=true'), []);
    // Its row notes for ever that it was undone, and its answer says that it is over.
    const undone = await course.found(refused.orderId);
    assert.deepEqual([undone.compensating, renderOrder(undone).compensating], [true, false]);

    await undoOrder(services.order.service, { orderId: pending.orderId, reason: 'timed_out', trace });
    const now = (await list('&compensating=true')).map((each) => each.order_id);
    assert.deepEqual(now, [pending.orderId]);
    const said = (await list('')).filter((each) => each.compensating).map((each) => each.order_id);
    assert.deepEqual(said, now, 'the list of all says the same');

    await course.undo(pending, 'timed_out');
    assert.deepEqual(await list('&compensating=true'), []);
    assert.deepEqual(
      (await list('')).filter((each) => each.compensating),
      [],
    );
  });
});
