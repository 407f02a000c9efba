// `counterpoise order`: an order is shown with all that belongs to it; what orders wait for is listed and shown, and decided at the order, by
// a person.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCounterpoise, startFakeApi } from './run-counterpoise.ts';

const OPEN = {
  ...{ case_id: 'c', order_id: 'o', status: 'OPEN', reason: 'payment_due' },
  ...{ last_error: 'the hold ended before it was captured', opened_at: 's', closed_at: null },
};
const DECIDED = { action: 'write_off', actor: 'ann', on_behalf_of: null, comment: 'gone', at: 't' };

test('the open cases of orders are listed, and those that are resolved where all are wanted', async () => {
  const asked: unknown[] = [];
  const { server, env } = await startFakeApi(({ route, query }) => {
    asked.push([route, query]);
    return [200, { data: query === 'limit=50' ? [] : [OPEN], next_cursor: null }];
  });
  try {
    const { code, stdout } = await runCounterpoise(['order', 'cases', 'list', '--limit', '2'], { env });
    assert.equal(code, 0);
    assert.match(
      stdout,
      /^CASE +STATUS +ORDER .*\nc +OPEN +o +payment_due +s +the hold ended before it was captured\n$/,
    );
    assert.equal((await runCounterpoise(['order', 'cases', 'list', '--all'], { env })).stdout, 'There is no case.\n');
    assert.deepEqual(asked, [
      ['GET /v1/order-cases', 'status=OPEN&limit=2'],
      ['GET /v1/order-cases', 'limit=50'],
    ]);
  } finally {
    server.close();
  }
});

test('a case of an order is shown with its last error, and with what was decided', async () => {
  const shown = { ...OPEN, history: [DECIDED] };
  const { server, env } = await startFakeApi(() => [200, shown]);
  try {
    const { stdout } = await runCounterpoise(['order', 'cases', 'show', 'c'], { env });
    assert.match(
      stdout,
      /^case +c\norder +o\nstatus +OPEN\nreason +payment_due\nsince +s\nlast error +the hold ended /,
    );
    assert.match(stdout, /\nACTION +AT +ACTOR +FOR +COMMENT\nwrite_off +t +ann +gone\n$/);
    assert.deepEqual((await runCounterpoise(['order', 'cases', 'show', 'c', '--json'], { env })).json(), shown);
  } finally {
    server.close();
  }
});

test('a case of an order is decided at the order, unless it is over', async () => {
  const sent: unknown[] = [];
  let isOver = false;
  const { server, env } = await startFakeApi(({ route, headers, body }) => {
    if (route === 'GET /v1/order-cases/c')
      return [200, { ...OPEN, status: isOver ? 'RESOLVED' : 'OPEN', history: isOver ? [DECIDED] : [] }];
    sent.push([route, headers['x-actor'], body]);
    isOver = true;
    return [200, { order_id: 'o' }];
  });
  try {
    const decide = ['order', 'cases', 'resolve', 'c', '--comment', 'gone', '--on-behalf-of', 'ann'];
    assert.equal((await runCounterpoise([...decide, '--action', 'refund'], { env })).code, 2);
    assert.equal((await runCounterpoise(['order', 'cases', 'resolve', 'c', '--action', 'retry'], { env })).code, 2);
    const { code, stdout } = await runCounterpoise([...decide, '--action', 'write_off'], { env });
    assert.equal(code, 0);
    assert.match(stdout, /\nstatus +RESOLVED\n[^]*\nwrite_off +t +ann +gone\n$/);
    assert.equal((await runCounterpoise([...decide, '--action', 'retry'], { env })).code, 0);
    assert.deepEqual(sent, [['POST /v1/orders/o/resolve', 'ann', { action: 'write_off', comment: 'gone' }]]);
  } finally {
    server.close();
  }
});

test('an order is shown with the shipment of each consignment, and with the goods that come back', async () => {
  const lines = [{ sku: 'TEAPOT', quantity: 2 }];
  const consignment = { n: 1, goods: 'DELIVERED', money: 'CAPTURED', amount: '39.8000', shipment_id: 's-1', lines };
  const order = {
    ...{ order_id: 'o', status: 'COMPLETED', cancel_reason: null, attention: null, reference: null },
    ...{ buyer_wallet_id: 'b', seller_wallet_id: 's', total_amount: '39.8000', currency: 'USD', created_at: 't' },
    consignments: [consignment, { ...consignment, n: 2, goods: 'RESERVED', money: 'HELD', shipment_id: null }],
  };
  const back = { return_id: 'r', order_id: 'o', status: 'RECEIVED', amount: '19.9000', currency: 'USD', lines };
  const attention = { reason: 'insufficient_funds', since: 't', last_error: null };
  const { server, env } = await startFakeApi(({ route }) => {
    if (route === 'GET /v1/orders/o') return [200, order];
    if (route === 'GET /v1/orders/o/returns') return [200, { data: [{ ...back, attention }] }];
    return route.startsWith('POST') ? [201, { ...back, attention: null }] : [200, { data: [] }];
  });
  try {
    const { stdout } = await runCounterpoise(['order', 'show', 'o'], { env });
    assert.match(
      stdout,
      /\n +1 +DELIVERED +CAPTURED +39\.8000 +TEAPOT=2 +s-1\n +2 +RESERVED +HELD +39\.8000 +TEAPOT=2\n/,
    );
    assert.match(
      stdout,
      /\nRETURN +STATUS +AMOUNT +LINES +ATTENTION\nr +RECEIVED +19\.9000 +TEAPOT=2 +insufficient_funds\n/,
    );
    const json = (await runCounterpoise(['order', 'show', 'o', '--json'], { env })).json();
    assert.deepEqual(json, { ...order, returns: [{ ...back, attention }], steps: [] });
    const announced = await runCounterpoise(['order', 'return', 'o', 'TEAPOT=2'], { env });
    assert.match(announced.stdout, /\namount +19\.9000 USD\n$/);
  } finally {
    server.close();
  }
});
