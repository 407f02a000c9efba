// Tenants are made by the installation's own keys, each with a root key that is accepted in it alone, and nobody becomes the transfer
// API by being called so.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, test } from 'node:test';
import { installKeys } from '../../commands/install-keys.ts';
import { ALL_SCOPES, TENANT_SCOPES } from '../../domain/access/scopes.ts';
import { makeKey, ROOT, useAccess, type ApiProcess } from './access.ts';
import { rowsOf, type TestDatabase } from './database.ts';

type Body = Record<string, unknown>;

describe('the keys of tenants', () => {
  let store: TestDatabase;
  let api: ApiProcess;
  useAccess((started) => ({ store, api } = started));

  const create = (name: unknown, maker = ROOT) => api.ask(maker, 'POST', '/v1/tenants', { name });
  const created = async (name: string, maker = ROOT): Promise<Body> => {
    const { status, body } = await create(name, maker);
    assert.equal(status, 201, JSON.stringify(body));
    return body['root_key'] as Body;
  };
  const answerTo = async (secret: unknown, method = 'GET', path = '/v1/api-keys'): Promise<unknown[]> => {
    const { status, body } = await api.ask(String(secret), method, path);
    return [status, body['code']];
  };
  const auditOf = (tenant: string) =>
    rowsOf<{ type: string; payload: { data: Body } }>(
      store.admin,
      `SELECT type, payload FROM outbox_events WHERE coalesce(payload ->> 'tenant', 'default') = '${tenant}' ORDER BY sequence`,
    );

  test('a tenant has a root key that sees its own keys alone and has no scope of the installation', async () => {
    const acme = await created('acme');
    const bolt = await created('bolt');
    assert.deepEqual(acme['scopes'], TENANT_SCOPES);
    assert.deepEqual([acme['expires_at'], acme['created_by']], [null, null]);
    const { body } = await api.ask(String(acme['secret']), 'GET', '/v1/api-keys');
    assert.deepEqual(
      (body['data'] as Body[]).map(({ api_key_id: id }) => id),
      [acme['api_key_id']],
    );
    for (const action of ['rotate', 'revoke']) {
      const path = `/v1/api-keys/${String(bolt['api_key_id'])}/${action}`;
      assert.deepEqual(await answerTo(acme['secret'], 'POST', path), [404, 'api_key_not_found']);
    }
    assert.deepEqual(await answerTo(acme['secret'], 'GET', '/v1/tenants'), [403, 'scope_missing']);
    const refused = await create('mine', String(acme['secret']));
    assert.deepEqual([refused.status, refused.body['code']], [403, 'scope_missing']);
    const stronger = { name: 'x', scopes: ['tenants:write'] };
    const minted = await api.ask(String(acme['secret']), 'POST', '/v1/api-keys', stronger, {
      headers: { 'idempotency-key': randomUUID() },
    });
    assert.deepEqual([minted.status, minted.body['code']], [403, 'rights_exceeded']);
  });

  test('a name is taken once, also by two at once, and has the form of one', async () => {
    const answers = await Promise.all(['twice', 'twice', 'twice'].map((name) => create(name)));
    assert.deepEqual(answers.map(({ status }) => String(status)).sort(), ['201', '409', '409']);
    for (const name of ['default', 'twice']) assert.equal((await create(name)).body['code'], 'tenant_exists');
    for (const name of ['Acme', '1st', 'a b', 'a/b', '', 'a'.repeat(64), "x'y", 7])
      assert.deepEqual((await create(name)).status, 422, String(name));
    const listed = await api.ask(ROOT, 'GET', '/v1/tenants?limit=2');
    const rest = await api.ask(ROOT, 'GET', `/v1/tenants?cursor=${String(listed.body['next_cursor'])}`);
    const names = [...(listed.body['data'] as Body[]), ...(rest.body['data'] as Body[])].map(({ tenant }) => tenant);
    assert.deepEqual(names, ['acme', 'bolt', 'default', 'twice']);
  });

  test('who may make tenants makes none that may more than itself', async () => {
    const weak = await makeKey(api, ROOT, { scopes: ['tenants:write', 'wallets:read'] });
    const { status, body } = await create('weaker', weak.secret);
    assert.deepEqual([status, body['code']], [403, 'rights_exceeded']);
    const bounds = { cidrs: ['127.0.0.0/8'], per_second: 9, expires_in: 600 };
    const near = await makeKey(api, ROOT, { scopes: ['tenants:write'], ...bounds });
    // Not by the API, which asks the transfer database about a key that may vote: here there is none.
    await rowsOf(store.admin, `UPDATE api_keys SET scopes = '{${ALL_SCOPES.join()}}' WHERE api_key_id = '${near.id}'`);
    const key = await created('near', near.secret);
    assert.deepEqual([key['cidrs'], key['per_second'], key['burst']], [['127.0.0.0/8'], 9, 9]);
    const { body: maker } = await api.ask(ROOT, 'GET', `/v1/api-keys/${near.id}`);
    assert.equal(key['expires_at'], maker['expires_at']);
    await api.ask(ROOT, 'POST', `/v1/api-keys/${near.id}/revoke`);
    assert.equal((await create('late', near.secret)).status, 401);
  });

  test('a root key that is replaced is refused, and the tenant keeps what it has', async () => {
    const former = await created('lost');
    const path = '/v1/tenants/lost/root-key';
    const { status, body: next } = await api.ask(ROOT, 'POST', path);
    assert.equal(status, 201, JSON.stringify(next));
    assert.deepEqual(await answerTo(former['secret']), [401, 'not_authenticated']);
    assert.deepEqual(await answerTo(next['secret']), [200, undefined]);
    assert.equal(next['principal_id'], former['principal_id']);
    for (const name of ['nobody', 'default']) {
      const refused = await api.ask(ROOT, 'POST', `/v1/tenants/${name}/root-key`);
      assert.deepEqual([refused.status, refused.body['code']], [404, 'tenant_not_found']);
    }
    assert.deepEqual(
      (await auditOf('lost')).map(({ type }) => type),
      ['audit.key-installed', 'audit.key-revoked', 'audit.key-installed'],
    );
  });

  test('what has taken the place of a root key is refused with it, and the keys that it has made stay', async () => {
    const former = await created('rotated');
    const rotate = async ({ api_key_id: id, secret }: Body): Promise<Body> =>
      (await api.ask(String(secret), 'POST', `/v1/api-keys/${String(id)}/rotate`, { overlap: 600 })).body;
    const second = await rotate(former);
    const third = await rotate(second);
    const other = await makeKey(api, String(third['secret']), { scopes: ['keys:read'] });
    const { body: next } = await api.ask(ROOT, 'POST', '/v1/tenants/rotated/root-key');
    for (const { secret } of [former, second, third])
      assert.deepEqual(await answerTo(secret), [401, 'not_authenticated']);
    for (const secret of [next['secret'], other.secret]) assert.deepEqual(await answerTo(secret), [200, undefined]);
  });

  test('the tenant’s audit log names nobody of the installation, which has in its own who made it', async () => {
    const { api_key_id: id } = await created('audited');
    const { payload } = (await auditOf('audited'))[0]!;
    assert.deepEqual([payload.data['principal'], payload.data['object']], ['administrator', id]);
    const made = (await auditOf('default')).filter(({ payload: { data } }) => data['object'] === 'audited');
    assert.deepEqual(
      made.map(({ type, payload: { data } }) => [type, data['principal']]),
      [['audit.tenant-created', 'root']],
    );
  });

  test('the scopes that a version brings reach the root keys of tenants of before, and no key that a holder has made', async () => {
    const rotate = async (secret: unknown, id: unknown): Promise<Body> =>
      (await api.ask(String(secret), 'POST', `/v1/api-keys/${String(id)}/rotate`)).body;
    const scopesOf = async (secret: unknown, id: unknown): Promise<unknown> =>
      (await api.ask(String(secret), 'GET', `/v1/api-keys/${String(id)}`)).body['scopes'];
    const old = await created('old');
    const former = await created('old-rotated');
    const successor = await rotate(former['secret'], former['api_key_id']);
    await rowsOf(
      store.admin,
      `UPDATE api_keys SET scopes = array_remove(array_remove(scopes, 'approvals:override'), 'approvals:write')
       WHERE tenant IN ('old', 'old-rotated')`,
    );
    const ofBefore = TENANT_SCOPES.filter((scope) => !['approvals:override', 'approvals:write'].includes(scope));
    // Of as many scopes as the root key had: that does not make it one.
    const made = await makeKey(api, String(old['secret']), { scopes: ofBefore });
    const gone = await makeKey(api, String(old['secret']), { scopes: ofBefore });
    await api.ask(String(old['secret']), 'POST', `/v1/api-keys/${gone.id}/revoke`);

    const settings = { ACCESS_ADMIN_DATABASE_URL: store.adminUrl } as Parameters<typeof installKeys>[0];
    assert.deepEqual(await installKeys(settings), ['root keys: 3 were given the scopes that this version has brought']);
    assert.deepEqual(await scopesOf(old['secret'], old['api_key_id']), TENANT_SCOPES);
    for (const { api_key_id: id } of [former, successor])
      assert.deepEqual(await scopesOf(successor['secret'], id), TENANT_SCOPES);
    for (const { id } of [made, gone]) assert.deepEqual(await scopesOf(old['secret'], id), ofBefore);
    // A process that has known the key hears of it, too.
    const isHeard = async (): Promise<boolean> =>
      (await answerTo(old['secret'], 'POST', `/v1/approvals/${randomUUID()}/override`))[1] !== 'scope_missing';
    for (let tries = 0; !(await isHeard()); tries += 1) {
      assert.ok(tries < 1_200, 'the process knows the former scopes');
      await sleep(100);
    }
    assert.deepEqual(await installKeys(settings), []);
  });

  test('nobody is called as a service of the installation is', async () => {
    const { secret } = await created('named');
    for (const maker of [ROOT, String(secret)])
      for (const name of ['api', 'worker-order']) {
        const { status, body } = await api.ask(maker, 'POST', '/v1/principals', { name, kind: 'service' });
        assert.deepEqual([status, body['code']], [409, 'principal_name_reserved']);
      }
  });
});
