// Every route says which scope it asks for, in code and in the OpenAPI document, and one that does not is closed to everybody.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { pino } from 'pino';
import { createWalletApp } from '../../api/wallet-app.ts';
import { loadBounds } from '../../api/http/base-app.ts';
import { needOf, requires, requiresInTenant } from '../../api/http/scopes.ts';
import { ALL_SCOPES } from '../../domain/access/scopes.ts';
import type { Tenant } from '../../domain/tenant.ts';
import { acceptOnly, keyHolder } from './api-holders.ts';
import { forbiddenDatabase, INSTALLATION, SENDER, testApp } from './api-fakes.ts';

interface Routed {
  readonly routes: readonly { readonly method: string; readonly path: string; readonly handler: unknown }[];
}

/** Which need each route has declared, by `METHOD path`; several if it has several markers. */
function needsOf({ routes }: Routed): Map<string, string[]> {
  const own = routes.filter(({ method }) => method !== 'ALL');
  const byRoute = Map.groupBy(own, ({ method, path }) => `${method} ${path}`);
  return new Map(
    [...byRoute].map(([route, handlers]) => [route, handlers.flatMap(({ handler }) => needOf(handler) ?? [])]),
  );
}

const OPEN = [
  /^GET \/health(\/ready)?$/,
  /^GET \/(docs.*)?$/,
  // The console's files, which are the same for everybody, and its signing in, which is by a secret of its own.
  /^GET \/console/,
  /^POST \/v1\/console-sessions$/,
  /^GET \/(openapi|asyncapi)\.json$/,
  // Between the services.
  /^(GET|POST) \/internal\//,
];

const { app } = testApp();
const walletApp = createWalletApp({
  log: pino({ level: 'silent' }),
  hosts: [],
  bounds: loadBounds(10),
  authentication: 'off',
  shards: [forbiddenDatabase],
  readiness: async () => ({}),
  installation: async () => INSTALLATION,
});

for (const [title, routed] of [
  ['the transfer API', app],
  ['the wallet API', walletApp],
] as const)
  describe(title, () => {
    test('declares one scope for each route, or that it is open', () => {
      const needs = needsOf(routed);
      assert.ok(needs.size > 10);
      for (const [route, declared] of needs) {
        assert.equal(declared.length, 1, `${route} declares ${declared.length} scopes`);
        assert.equal(
          declared[0] === 'open',
          OPEN.some((pattern) => pattern.test(route)),
          route,
        );
      }
    });

    test('shows it in its document', async () => {
      const response = await routed.request('/openapi.json');
      const document = (await response.json()) as {
        paths: Record<string, Record<string, { security: { apiKey?: string[] }[]; responses: object }>>;
        components: { securitySchemes: Record<string, object> };
      };
      assert.equal((document.components.securitySchemes['apiKey'] as { scheme: string }).scheme, 'bearer');
      const needs = needsOf(routed);
      for (const [path, operations] of Object.entries(document.paths))
        for (const [method, { security, responses }] of Object.entries(operations)) {
          const [need] = needs.get(`${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`)!;
          assert.deepEqual(security, need === 'open' ? [] : [{ apiKey: [need] }], `${method} ${path}`);
          if (need !== 'open') assert.ok('401' in responses && '403' in responses && '429' in responses, path);
        }
    });
  });

test('the routes ask for every scope that there is', () => {
  const asked = new Set([...needsOf(app).values()].flat());
  assert.deepEqual([...asked].filter((need) => need !== 'open').sort(), [...ALL_SCOPES].sort());
});

test('a key with every scope but that of a route is refused there by the name of the scope, before anything is read', async () => {
  for (const [route, [need]] of needsOf(app)) {
    if (need === 'open') continue;
    const [method, path] = route.split(' ') as [string, string];
    const others = ALL_SCOPES.filter((scope) => scope !== need);
    const { app: closed } = testApp({ authentication: acceptOnly(keyHolder({ scopes: others })) });
    const body = new ReadableStream(
      { pull: () => Promise.reject(new Error('the body was read')) },
      { highWaterMark: 0 },
    );
    const response = await closed.request(path.replaceAll(/:\w+/g, SENDER), {
      method,
      headers: { authorization: 'Bearer any' },
      ...(method === 'GET' ? {} : { body, duplex: 'half' }),
    });
    const problem = (await response.json()) as { code: string; scope: string };
    assert.deepEqual([response.status, problem.code, problem.scope], [403, 'scope_missing', need], route);
  }
});

test('a route without a scope is closed to a key that has all of them', async () => {
  const { app: open } = testApp({ authentication: acceptOnly(keyHolder({ scopes: ALL_SCOPES })) });
  open.get('/v1/forgotten', (c) => c.text('open'));
  const headers = { authorization: 'Bearer any' };
  assert.equal((await open.request('/v1/forgotten', { headers })).status, 403);
  assert.equal((await open.request('/v1/forgotten')).status, 401);
});

test('a route that is closed to other tenants stays so where another one, which is not, has its path too', async () => {
  const { app: open } = testApp({ authentication: acceptOnly(keyHolder({ tenant: 'acme' as Tenant })) });
  open.get('/v1/things/whole', requires('wallets:read'), (c) => c.text('the whole'));
  open.get('/v1/things/:id', requiresInTenant('wallets:read'), (c) => c.text('a part'));
  const headers = { authorization: 'Bearer any' };
  const closed = await open.request('/v1/things/whole', { headers });
  assert.deepEqual([closed.status, ((await closed.json()) as { code: string }).code], [403, 'tenant_not_served']);
  assert.equal((await open.request('/v1/things/one', { headers })).status, 200);
});
