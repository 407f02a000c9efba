// A request to an order's workflow while Temporal answers late: it is asked again, and never answered with a fault of the server.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Context } from 'hono';
import type { Order } from '../../db/order/queries.ts';
import { askOrder } from '../../api/order/ask-order.ts';
import type { OrderDeps } from '../../api/order/deps.ts';
import type { ApiEnv } from '../../api/http/env.ts';
import { ProblemError } from '../../api/http/problem.ts';
import { cancelOrderUpdate } from '../../workflows/order/messages.ts';

const ORDER = { orderId: '00000000-0000-8000-8000-000000000001', status: 'CONFIRMED' } as Order;
const LATE = new Error('Temporal did not answer within 1000 ms');

function asking(verify: () => Promise<void>, isDown: () => boolean) {
  const suspected: number[] = [];
  const context = { req: { raw: { signal: new AbortController().signal } } } as unknown as Context<ApiEnv>;
  const deps = {
    client: {
      workflow: { getHandle: () => ({ executeUpdate: async () => 'decided' }) },
      connection: { withAbortSignal: async (_: AbortSignal, call: () => Promise<unknown>) => call() },
    },
    starter: { binding: { verify } },
    monitor: { isDown, suspect: () => void suspected.push(1) },
    draining: new AbortController().signal,
  } as unknown as OrderDeps;
  return { suspected, ask: () => askOrder(context, deps, ORDER, cancelOrderUpdate) };
}

test('an order is asked again when the namespace could not be asked for in time', async () => {
  let calls = 0;
  const { ask, suspected } = asking(
    async () => {
      calls += 1;
      if (calls === 1) throw LATE;
    },
    () => false,
  );
  assert.deepEqual(await ask(), { outcome: 'taken', result: 'decided' });
  assert.equal(suspected.length, 1, 'and Temporal is looked at');
});

test('a Temporal that goes down meanwhile is told as such', async () => {
  let isDown = false;
  const { ask } = asking(
    async () => {
      isDown = true;
      throw LATE;
    },
    () => isDown,
  );
  await assert.rejects(ask, (error: unknown) => error instanceof ProblemError && error.code === 'temporal_unavailable');
});
