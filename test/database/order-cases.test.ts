// The cases of orders over HTTP: open ones and all, newest first, by a cursor.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { orderCaseRoutes } from '../../api/order/case.ts';
import { recordOrderAction, recordOrderAttention } from '../../db/order/state.ts';
import type { OrderId } from '../../domain/ids.ts';
import { baseApp, jsonOf } from '../pure/api-fakes.ts';
import { startAuditedOrders, type AuditedOrderStack } from './audited-orders.ts';

type Item = Record<string, unknown>;

const APART_MS = 3;

describe('the cases of orders', () => {
  let stack: AuditedOrderStack;
  before(async () => {
    stack = await startAuditedOrders();
  });
  after(() => stack?.stop());

  const get = async (query: string): Promise<{ status: number; body: Item }> =>
    jsonOf(
      baseApp()
        .route('/', orderCaseRoutes({ database: stack.services.order.service }))
        .request(`/v1/order-cases${query}`),
    );
  const act = async (orderId: OrderId, requestKey: string, actor: string): Promise<void> => {
    // Times are kept in milliseconds: no other change is in this one.
    await sleep(APART_MS);
    await recordOrderAction(stack.services.order.service, {
      ...{ orderId, requestKey, actor },
      ...{ action: 'retry', comment: 'the line is up again' },
    });
    await sleep(APART_MS);
  };
  const list = async (query: string): Promise<Item[]> => (await get(query)).body['data'] as Item[];

  test('are listed open or resolved, newest first, page after page', async () => {
    const { due, issued, confirmed } = stack.filled.orders;
    const show = (orderId: OrderId, reason: string | null) =>
      recordOrderAttention(stack.services.order.service, { orderId, reason, error: 'it fails' });
    await show(due.orderId, 'payment_due');
    await show(issued.orderId, 'capture_hold_failing');
    await show(confirmed.orderId, 'release_failing');
    await show(confirmed.orderId, null);
    const open = await list('?status=OPEN');
    assert.deepEqual(
      open.map((each) => [each['order_id'], each['reason'], each['last_error'], each['closed_at']]),
      [
        [issued.orderId, 'capture_hold_failing', 'it fails', null],
        [due.orderId, 'payment_due', 'it fails', null],
      ],
    );
    const [resolved, ...others] = await list('?status=RESOLVED');
    assert.deepEqual([resolved!['order_id'], resolved!['status'], others], [confirmed.orderId, 'RESOLVED', []]);
    assert.ok(resolved!['closed_at'] !== null);

    const all: Item[] = [];
    for (let cursor: string | null | undefined; cursor !== null;) {
      const { body } = await get(`?limit=1${cursor === undefined ? '' : `&cursor=${cursor}`}`);
      all.push(...(body['data'] as Item[]));
      cursor = body['next_cursor'] as string | null;
    }
    assert.deepEqual(
      all.map((each) => each['order_id']),
      [confirmed.orderId, issued.orderId, due.orderId],
    );
    const { status, body } = await get('?status=CLOSED');
    assert.deepEqual([status, body['code']], [422, 'status_invalid']);
  });

  test('one is shown with what was decided while it was open, and with nothing from before or after', async () => {
    const { orderId } = stack.filled.orders.issued;
    const show = (reason: string | null) =>
      recordOrderAttention(stack.services.order.service, { orderId, reason, error: 'no route' });
    await show(null);
    await act(orderId, 'before', 'bob');
    await show('void_hold_failing');
    await act(orderId, 'first', 'ann');
    await act(orderId, 'second', 'eve');
    const [open] = await list('?status=OPEN&limit=1');
    await show(null);
    await act(orderId, 'after', 'bob');

    const { status, body } = await get(`/${String(open!['case_id'])}`);
    const { history, ...shown } = body;
    assert.equal(status, 200);
    assert.deepEqual({ ...shown, closed_at: null }, { ...open, status: 'RESOLVED' });
    assert.deepEqual(
      (history as Item[]).map((each) => [each['action'], each['actor'], each['comment']]),
      [
        ['retry', 'ann', 'the line is up again'],
        ['retry', 'eve', 'the line is up again'],
      ],
    );
    const missing = await get('/00000000-0000-4000-8000-000000000000');
    assert.deepEqual([missing.status, missing.body['code']], [404, 'case_not_found']);
    const wrong = await get('/none');
    assert.deepEqual([wrong.status, wrong.body['code']], [422, 'case_id_invalid']);
  });
});
