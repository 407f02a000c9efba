// Load is shed before memory grows, without keeping out probes, and waiters do not keep out short requests.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Hono } from 'hono';
import { limitLoad, settlesMoney, type LoadBounds } from '../../api/http/load-limits.ts';
import { answerProblem } from '../../api/http/problem.ts';
import type { ApiEnv } from '../../api/http/env.ts';
import { withRequestContext } from '../../api/http/request-context.ts';
import { pino } from 'pino';
import { testApp, type Problem } from './api-fakes.ts';

function appWith(bounds: Partial<LoadBounds>) {
  const release = Promise.withResolvers<void>();
  const app = new Hono<ApiEnv>()
    .use(withRequestContext(pino({ level: 'silent' })))
    .use(limitLoad({ requestsMax: 2, waitersMax: 1, settlementsMax: 1, bodyBytesMax: 100, ...bounds }))
    .get('/health', (c) => c.text('ok'))
    .get('/short', (c) => c.text('ok'))
    .get('/slow', async (c) => {
      await release.promise;
      return c.text('ok');
    })
    .get('/waiting', async (c) => {
      const isWaiter = c.var.slot.becomeWaiter();
      if (isWaiter) await release.promise;
      return c.text(String(isWaiter));
    })
    .get('/settle', settlesMoney, async (c) => {
      await release.promise;
      return c.text(String(c.var.slot.becomeWaiter()));
    })
    .get('/body', async (c) => {
      c.var.slot.reserveBody(60);
      await release.promise;
      return c.text('ok');
    });
  app.onError(answerProblem);
  return { app, release: release.resolve };
}

test('one request more than allowed is refused with 429 and Retry-After, and served again when there is room', async () => {
  const { app, release } = appWith({ requestsMax: 2 });
  const slow = [1, 2].map(async () => app.request('/slow'));
  const refused = await app.request('/short');
  assert.deepEqual([refused.status, refused.headers.get('retry-after')], [429, '1']);
  assert.equal(((await refused.json()) as Problem).code, 'overloaded');
  release();
  await Promise.all(slow);
  assert.equal((await app.request('/short')).status, 200);
});

test('probes are never refused', async () => {
  const { app, release } = appWith({ requestsMax: 1 });
  const slow = app.request('/slow');
  assert.equal((await app.request('/health')).status, 200);
  release();
  await slow;
});

test('a request that waits leaves its place to a short one; too many waiting, and the next does not wait', async () => {
  const { app, release } = appWith({ requestsMax: 1, waitersMax: 1 });
  const waiting = app.request('/waiting');
  assert.equal((await app.request('/short')).status, 200);
  assert.equal(await (await app.request('/waiting')).text(), 'false');
  release();
  assert.equal(await (await waiting).text(), 'true');
});

test('neither short requests nor those that wait keep out one that settles money', async () => {
  const { app, release } = appWith({ requestsMax: 1, waitersMax: 1, settlementsMax: 1 });
  const others = ['/waiting', '/slow'].map(async (path) => app.request(path));
  assert.equal((await app.request('/short')).status, 429);
  const settling = app.request('/settle');
  assert.equal((await app.request('/settle')).status, 429, 'a second one at once');
  release();
  assert.equal(await (await settling).text(), 'true', 'it waits although another request does');
  await Promise.all(others);
});

test('the routes that settle money are counted as such', () => {
  const { app } = testApp();
  const marked = app.routes.filter(({ handler }) => handler === settlesMoney);
  assert.deepEqual(marked.map(({ method, path }) => `${method} ${path}`).toSorted(), [
    'POST /v1/cases/:case_id/resolve',
    'POST /v1/orders/:order_id/cancel',
    'POST /v1/orders/:order_id/consignments/:n/hand-over',
    'POST /v1/orders/:order_id/resolve',
    'POST /v1/returns/:return_id/receipt',
    'POST /v1/transfers/:transfer_id/cancel',
    'POST /v1/transfers/:transfer_id/capture',
    'POST /v1/transfers/:transfer_id/resolve',
    'POST /v1/transfers/cancel',
  ]);
});

test('bodies that are together too large are refused, and their room is given back', async () => {
  const { app, release } = appWith({ requestsMax: 10, bodyBytesMax: 100 });
  const first = app.request('/body');
  assert.equal((await app.request('/body')).status, 429);
  release();
  assert.equal((await first).status, 200);
  assert.equal((await app.request('/body')).status, 200);
});
