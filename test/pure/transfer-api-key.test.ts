// The wallet API believes the transfer API's own key about the tenant for which it asks, and no other key, whatever its principal is called.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Hono } from 'hono';
import { askingTenant, tenantHeaders } from '../../api/http/acting.ts';
import type { ApiEnv } from '../../api/http/env.ts';
import type { Holder } from '../../domain/access/api-key.ts';
import type { Tenant } from '../../domain/tenant.ts';
import { keyHolder } from './api-holders.ts';

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
