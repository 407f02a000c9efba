// What every request and every answer has: ids, problems, log lines; and the answer where there is no route.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { healthRoutes } from '../../api/health.ts';
import { RECEIVER, SENDER, testApp, type Problem } from './api-fakes.ts';

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('request ids', () => {
  test('an X-Request-Id that is well-formed is taken, returned, and named in the problem and in the log', async () => {
    const { app, lines } = testApp();
    const response = await app.request('/v1/wallets/x', {
      headers: { 'x-request-id': 'order:42/a', traceparent: TRACEPARENT },
    });
    assert.equal(response.headers.get('x-request-id'), 'order:42/a');
    assert.equal(((await response.json()) as Problem).request_id, 'order:42/a');
    const [line] = lines();
    assert.deepEqual([line?.['request_id'], line?.['trace_id']], ['order:42/a', '0af7651916cd43dd8448eb211c80319c']);
  });

  test('one that is not is replaced', async () => {
    const { app } = testApp();
    for (const id of ['', 'with space', 'x'.repeat(129), 'é']) {
      const given = (await app.request('/health', { headers: { 'x-request-id': id } })).headers.get('x-request-id')!;
      assert.match(given, /^[0-9a-f-]{36}$/);
    }
  });

  test('every kind of answer has one', async () => {
    const { app } = testApp();
    for (const path of [
      '/',
      '/health',
      '/health/ready',
      '/docs',
      '/docs/swagger-ui.css',
      '/openapi.json',
      '/asyncapi.json',
      '/nowhere',
      '/v1/wallets/x',
      '/v1/transfers',
    ]) {
      assert.ok((await app.request(path)).headers.get('x-request-id'), path);
    }
  });

  test('a traceparent that is not well-formed is as good as none', async () => {
    const { app, lines } = testApp();
    const zero = TRACEPARENT.replace(/-[0-9a-f]{32}-/, `-${'0'.repeat(32)}-`);
    for (const traceparent of [
      'nonsense',
      zero,
      TRACEPARENT.replace('00-', 'ff-'),
      TRACEPARENT.toUpperCase(),
      `${TRACEPARENT}-more`,
    ]) {
      await app.request('/nowhere', { headers: { traceparent } });
    }
    assert.deepEqual(
      lines().map((line) => line['trace_id']),
      Array(5).fill(undefined),
    );
  });
});

describe('routes', () => {
  test('an unknown route is a problem', async () => {
    const { app } = testApp();
    const response = await app.request('/v2/transfers', { method: 'POST' });
    const { type, title, status, code, instance, detail } = (await response.json()) as Problem;
    assert.match(detail!, /openapi\.json/);
    assert.deepEqual(
      { type, title, status, code, instance },
      {
        type: 'urn:counterpoise:problem:route_not_found',
        title: 'There is no such route',
        status: 404,
        code: 'route_not_found',
        instance: '/v2/transfers',
      },
    );
  });

  test('a request without the body that its route needs is told so, whether it names a type or not', async () => {
    const { app } = testApp();
    for (const [headers, code] of [
      [{}, 'unsupported_media_type'],
      [{ 'content-type': 'application/json' }, 'invalid_json'],
    ] as const) {
      const response = await app.request('/v1/transfers', { method: 'POST', headers });
      const problem = (await response.json()) as Problem;
      assert.equal(problem.code, code);
      assert.match(problem.detail!, /^A body is required/);
    }
  });

  test('a wrong method is a problem that names the right ones', async () => {
    const { app } = testApp();
    for (const [method, path, allow] of [
      ['DELETE', '/v1/transfers', ['POST', 'GET', 'HEAD']],
      ['PUT', `/v1/wallets/${SENDER}`, ['GET', 'HEAD']],
      ['GET', `/v1/wallets/${SENDER}/suspend`, ['POST']],
      ['POST', '/health', ['GET', 'HEAD']],
    ] as const) {
      const response = await app.request(path, { method });
      assert.deepEqual([response.status, response.headers.get('allow')], [405, allow.join(', ')]);
      assert.equal(((await response.json()) as Problem).code, 'method_not_allowed');
    }
  });

  test('HEAD is answered as GET is, without a body', async () => {
    const { app } = testApp();
    const response = await app.request('/health', { method: 'HEAD' });
    assert.deepEqual([response.status, await response.text()], [200, '']);
  });
});

test('a wallet shard that is behind is named by the readiness, and keeps no other movements away', async () => {
  const routes = healthRoutes(async () => ({ temporal: { status: 'up' } }), {
    shardsBehind: () => [1],
    events: async () => ({}),
  });
  const response = await routes.request('/health/ready');
  const { status, shards_behind: behind } = (await response.json()) as { status: string; shards_behind: number[] };
  assert.deepEqual([response.status, status, behind], [200, 'ready', [1]]);
});

test('movements are accepted while no events leave, and the readiness says that none do', async () => {
  const down = { relay: { status: 'down' as const, reason: 'no events worker copies events into the log' } };
  const routes = healthRoutes(async () => ({}), { shardsBehind: () => [], events: async () => down });
  const response = await routes.request('/health/ready');
  assert.deepEqual([response.status, ((await response.json()) as { events: unknown }).events], [200, down]);
});

describe('failures', () => {
  test('whatever is raised is internal_error, logged under the request id, and says nothing of its cause', async () => {
    const { app, lines } = testApp();
    const response = await app.request(`/v1/transfers/${SENDER}`);
    const body = await response.text();
    assert.equal((JSON.parse(body) as Problem).code, 'internal_error');
    assert.doesNotMatch(body, /database/);
    const line = lines().find(({ msg }) => msg === 'a request failed');
    assert.match(JSON.stringify(line), /the database was touched/);
    assert.equal(line?.['request_id'], response.headers.get('x-request-id'));
  });

  test('a request is one line: method, path without its query, status, duration, ids; no body and no header', async () => {
    const { app, lines } = testApp();
    await app.request('/v1/wallets?user_id=secret-user&limit=0', { headers: { authorization: 'secret-token' } });
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'secret-key' };
    const body = JSON.stringify({
      sender_wallet_id: SENDER,
      receiver_wallet_id: RECEIVER,
      amount: '1',
      reference: 'secret-reference',
    });
    await app.request('/v1/transfers', { method: 'POST', headers, body });
    const [list, failure, post] = lines();
    assert.deepEqual(
      [list?.['method'], list?.['path'], list?.['status'], typeof list?.['duration_ms']],
      ['GET', '/v1/wallets', 422, 'number'],
    );
    assert.equal(failure?.['msg'], 'a request failed');
    assert.match(String(post?.['transfer_id']), /^[0-9a-f-]{36}$/);
    assert.doesNotMatch(JSON.stringify(lines()), /secret/);
  });
});

describe('documentation', () => {
  interface Document {
    openapi: string;
    paths: Record<string, Record<string, { description?: string; responses: Record<string, { description: string }> }>>;
  }

  test('every path is in the OpenAPI 3.1 document, whose text says why an unknown wallet is no 404', async () => {
    const { app } = testApp();
    const document = (await (await app.request('/openapi.json')).json()) as Document;
    assert.equal(document.openapi, '3.1.0');
    assert.deepEqual(Object.keys(document.paths).toSorted(), [
      '/health',
      '/health/ready',
      '/v1/api-keys',
      '/v1/api-keys/{api_key_id}',
      '/v1/api-keys/{api_key_id}/revoke',
      '/v1/api-keys/{api_key_id}/rotate',
      '/v1/approval-policies',
      '/v1/approval-policies/{currency}',
      '/v1/approval-policies/{currency}/end',
      '/v1/approvals',
      '/v1/approvals/{approval_id}',
      '/v1/approvals/{approval_id}/approve',
      '/v1/approvals/{approval_id}/override',
      '/v1/approvals/{approval_id}/reject',
      '/v1/audit-events',
      '/v1/cases',
      '/v1/cases/{case_id}',
      '/v1/cases/{case_id}/resolve',
      '/v1/console-links',
      '/v1/console-sessions',
      '/v1/credit-notes',
      '/v1/currencies',
      '/v1/event-sources',
      '/v1/event-sources/{source}/resume',
      '/v1/event-types',
      '/v1/events',
      '/v1/events/stream',
      '/v1/events/{position}',
      '/v1/find',
      '/v1/flows',
      '/v1/invoices',
      '/v1/invoices/{invoice_id}',
      '/v1/journals',
      '/v1/movements/{movement_id}/legs',
      '/v1/order-cases',
      '/v1/order-cases/{case_id}',
      '/v1/orders',
      '/v1/orders/{order_id}',
      '/v1/orders/{order_id}/cancel',
      '/v1/orders/{order_id}/consignments/{n}/hand-over',
      '/v1/orders/{order_id}/resolve',
      '/v1/orders/{order_id}/returns',
      '/v1/orders/{order_id}/steps',
      '/v1/orders/{order_id}/timeline',
      '/v1/overview',
      '/v1/principals',
      '/v1/products',
      '/v1/products/{sku}',
      '/v1/projections',
      '/v1/projections/{projection}/dead-letters',
      '/v1/projections/{projection}/dead-letters/retry',
      '/v1/projections/{projection}/rebuild',
      '/v1/reconciliation-runs',
      '/v1/reconciliation-runs/{run_id}',
      '/v1/recurring-transfers',
      '/v1/recurring-transfers/{recurring_transfer_id}',
      '/v1/recurring-transfers/{recurring_transfer_id}/pause',
      '/v1/recurring-transfers/{recurring_transfer_id}/resume',
      '/v1/recurring-transfers/{recurring_transfer_id}/runs',
      '/v1/recurring-transfers/{recurring_transfer_id}/skipped-runs',
      '/v1/recurring-transfers/{recurring_transfer_id}/trigger',
      '/v1/returns',
      '/v1/returns/{return_id}',
      '/v1/returns/{return_id}/receipt',
      '/v1/shipments/{shipment_id}',
      '/v1/shipments/{shipment_id}/events',
      '/v1/stock',
      '/v1/stock/{sku}',
      '/v1/stock/{sku}/adjustments',
      '/v1/stock/{sku}/entries',
      '/v1/stock/{sku}/receipts',
      '/v1/tenants',
      '/v1/tenants/{tenant}/root-key',
      '/v1/totals',
      '/v1/transactions',
      '/v1/transactions/{transaction_id}',
      '/v1/transfer-batches',
      '/v1/transfer-batches/dry-run',
      '/v1/transfer-batches/{batch_id}',
      '/v1/transfer-batches/{batch_id}/items',
      '/v1/transfers',
      '/v1/transfers/cancel',
      '/v1/transfers/{transfer_id}',
      '/v1/transfers/{transfer_id}/cancel',
      '/v1/transfers/{transfer_id}/capture',
      '/v1/transfers/{transfer_id}/resolve',
      '/v1/transfers/{transfer_id}/reversals',
      '/v1/transfers/{transfer_id}/steps',
      '/v1/transfers/{transfer_id}/timeline',
      '/v1/trial-balance',
      '/v1/wallets',
      '/v1/wallets/{wallet_id}',
      '/v1/wallets/{wallet_id}/activate',
      '/v1/wallets/{wallet_id}/activity',
      '/v1/wallets/{wallet_id}/balance',
      '/v1/wallets/{wallet_id}/balance-history',
      '/v1/wallets/{wallet_id}/entries',
      '/v1/wallets/{wallet_id}/limits',
      '/v1/wallets/{wallet_id}/suspend',
      '/v1/webhook-endpoints',
      '/v1/webhook-endpoints/{webhook_endpoint_id}',
      '/v1/webhook-endpoints/{webhook_endpoint_id}/deliveries',
      '/v1/webhook-endpoints/{webhook_endpoint_id}/deliveries/{position}',
      '/v1/webhook-endpoints/{webhook_endpoint_id}/enable',
      '/v1/webhook-endpoints/{webhook_endpoint_id}/replays',
      '/v1/webhook-endpoints/{webhook_endpoint_id}/replays/{replay_id}',
      '/v1/webhook-endpoints/{webhook_endpoint_id}/rotate-secret',
      '/v1/webhook-endpoints/{webhook_endpoint_id}/test',
    ]);
    const post = document.paths['/v1/transfers']?.['post'];
    assert.match(post?.description ?? '', /unknown wallet is a FAILED transfer and not a 404/);
    assert.match(post?.responses['422']?.description ?? '', /idempotency_key_reused/);
  });

  test('a movement is documented with the codes that it can be refused with, and not with those of the other kind', async () => {
    const { app } = testApp();
    const { paths } = (await (await app.request('/openapi.json')).json()) as Document;
    const refusals = (path: string): string => paths[path]?.['post']?.responses['422']?.description ?? '';
    assert.match(refusals('/v1/transfers'), /same_wallet/);
    assert.doesNotMatch(refusals('/v1/transfers'), /type_invalid/);
    assert.match(refusals('/v1/transactions'), /type_invalid/);
    assert.doesNotMatch(refusals('/v1/transactions'), /same_wallet/);
  });

  test('the document is the same where wallet paths are forwarded', async () => {
    const { app } = testApp();
    const forwarding = testApp({ wallets: { walletApiUrl: 'http://127.0.0.1:9' } });
    assert.deepEqual(
      await (await forwarding.app.request('/openapi.json')).json(),
      await (await app.request('/openapi.json')).json(),
    );
  });

  test('the root answers with links, each of which leads to something, and is no part of the document', async () => {
    const { app } = testApp();
    const response = await app.request('/');
    assert.equal(response.status, 200);
    const links = (await response.json()) as Record<string, string>;
    assert.deepEqual(Object.keys(links), ['reference', 'openapi', 'asyncapi', 'health', 'readiness']);
    for (const path of Object.values(links)) assert.equal((await app.request(path)).status, 200, path);
    const document = (await (await app.request(links['openapi']!)).json()) as Document;
    assert.equal(document.paths['/'], undefined);
  });

  test('the reference page loads nothing from elsewhere, and no other file of the package is served', async () => {
    const { app } = testApp();
    const page = await app.request('/docs');
    assert.match(page.headers.get('content-security-policy') ?? '', /^default-src 'none'; script-src 'self';/);
    const html = await page.text();
    assert.doesNotMatch(html, /https?:\/\//);
    for (const [, path] of html.matchAll(/(?:src|href)="([^"]+)"/g))
      assert.equal((await app.request(path!)).status, 200, path);
    for (const path of [
      '/docs/package.json',
      '/docs/../package.json',
      '/docs/..%2fpackage.json',
      '/docs/swagger-ui.js.map',
    ]) {
      assert.equal((await app.request(path)).status, 404, path);
    }
  });
});

test('a wallet API that is not there is wallet_api_unavailable within two seconds', async () => {
  const { app } = testApp({ wallets: { walletApiUrl: 'http://127.0.0.1:9' } });
  const startedAt = performance.now();
  const response = await app.request(`/v1/wallets/${SENDER}`);
  assert.deepEqual(
    [response.status, ((await response.json()) as Problem).code, response.headers.get('retry-after')],
    [503, 'wallet_api_unavailable', '1'],
  );
  assert.ok(performance.now() - startedAt < 3_500);
});
