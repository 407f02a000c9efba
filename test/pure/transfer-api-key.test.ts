// The wallet API believes the transfer API's own key about the tenant for which it asks, as each API does the order worker's, and no other
// key, whatever its principal is called.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Hono } from 'hono';
import { pino } from 'pino';
import { actingOf, askingTenant } from '../../api/http/acting.ts';
import { createBaseApp, loadBounds } from '../../api/http/base-app.ts';
import type { ApiEnv } from '../../api/http/env.ts';
import { requires, requiresInTenant } from '../../api/http/scopes.ts';
import type { Holder } from '../../domain/access/api-key.ts';
import { tenantHeaders, type Tenant } from '../../domain/tenant.ts';
import type { Logger } from '../../process/telemetry.ts';
import { INSTALLATION } from './api-fakes.ts';
import { acceptOnly, keyHolder } from './api-holders.ts';

async function tenantAskedFor(holder: Holder): Promise<string> {
  const app = new Hono<ApiEnv>()
    .use(async (c, next) => {
      c.set('holder', holder);
      await next();
    })
    .get('/', (c) => c.text(askingTenant(c)));
  return (await app.request('/', { headers: tenantHeaders('acme' as Tenant) })).text();
}

test('a key that was installed for the transfer API says for which tenant it asks', async () => {
  assert.equal(await tenantAskedFor(keyHolder({ principal: 'api', installedAs: 'api' })), 'acme');
});

test('a key that somebody has made for a principal of that name does not', async () => {
  for (const more of [{}, { installedAs: 'root' }, { installedAs: 'bolt/root', tenant: 'bolt' as Tenant }]) {
    const holder = keyHolder({ principal: 'api', ...more });
    assert.equal(await tenantAskedFor(holder), holder.tenant);
  }
});

/** What a route answers to a holder that names a tenant: for whom it was asked, or why it was refused. */
async function askedOf(holder: Holder, path: string, log: Logger = pino({ level: 'silent' })): Promise<string> {
  const app = createBaseApp({
    ...{ log, hosts: [], bounds: loadBounds(10), installation: async () => INSTALLATION },
    authentication: acceptOnly(holder),
  });
  app.get('/own', requiresInTenant('transfers:read'), (c) => c.text(c.var.holder.tenant));
  app.get('/who', requiresInTenant('transfers:read'), (c) => c.json(actingOf(c)));
  app.get('/of-all', requires('transfers:read'), (c) => c.text(c.var.holder.tenant));
  const headers = { ...tenantHeaders('acme' as Tenant), authorization: 'Bearer any' };
  const response = await app.request(path, { headers });
  return response.ok ? response.text() : ((await response.json()) as { code: string }).code;
}

test('the key that was installed for the order worker asks for the tenant that it names, and is that one’s then', async () => {
  const worker = keyHolder({ principal: 'worker-order', installedAs: 'worker-order' });
  assert.equal(await askedOf(worker, '/own'), 'acme');
  assert.equal(await askedOf(worker, '/of-all'), 'tenant_not_served');
});

test('a tenant is told the name of the order worker, and no id of the default tenant', async () => {
  const worker = keyHolder({ principal: 'worker-order', installedAs: 'worker-order' });
  const own = keyHolder({ principal: 'root', tenant: 'acme' as Tenant });
  const { principalId, apiKeyId } = own;
  assert.deepEqual(JSON.parse(await askedOf(worker, '/who')), { actor: 'worker-order', tenant: 'acme' });
  assert.deepEqual(JSON.parse(await askedOf(own, '/who')), { actor: 'root', principalId, apiKeyId, tenant: 'acme' });
});

test('what the order worker reads is logged for debugging alone, and what it is refused as anybody’s is', async () => {
  const levelOf = async (holder: Holder, path: string): Promise<unknown> => {
    let line = '';
    const log = pino({ level: 'debug' }, { write: (written: string) => (line = written) });
    await askedOf(holder, path, log);
    return (JSON.parse(line) as { level: unknown }).level;
  };
  const worker = keyHolder({ principal: 'worker-order', installedAs: 'worker-order' });
  assert.equal(await levelOf(worker, '/own'), pino.levels.values['debug']);
  assert.equal(await levelOf(worker, '/of-all'), pino.levels.values['info']);
  assert.equal(await levelOf(keyHolder({ principal: 'worker-order' }), '/own'), pino.levels.values['info']);
});

test('no other key names another tenant than its own', async () => {
  for (const more of [{}, { installedAs: 'root' }, { installedAs: 'api' }, { tenant: 'bolt' as Tenant }]) {
    const holder = keyHolder({ principal: 'worker-order', ...more });
    assert.equal(await askedOf(holder, '/own'), holder.tenant);
  }
});
