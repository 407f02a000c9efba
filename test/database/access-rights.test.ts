// What a key may hand on: nothing that it does not have, be it by a new key, a rotation, another principal or a race.

import assert from 'node:assert/strict';
import { randomInt, randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { installKey } from '../../db/install-keys.ts';
import { drawApiKey } from '../../domain/access/api-key.ts';
import { ALL_SCOPES } from '../../domain/access/scopes.ts';
import { ANY_ROUTE, hashOf, makeKey, ROOT, useAccess, type ApiProcess } from './access.ts';
import { rowsOf, type TestDatabase } from './database.ts';

const DAY = 86_400;

describe('the rights of keys', () => {
  let store: TestDatabase;
  let api: ApiProcess;
  useAccess((started) => ({ store, api } = started));

  const create = (maker: string, body: object, key: string = randomUUID()) =>
    api.ask(
      maker,
      'POST',
      '/v1/api-keys',
      { name: 'minted', ...body },
      { headers: { 'idempotency-key': key }, from: '10.1.2.3' },
    );
  const keyCount = async (): Promise<number> =>
    Number((await rowsOf<{ count: string }>(store.admin, 'SELECT count(*) FROM api_keys'))[0]!.count);

  test('a key cannot make one with more scopes, from more networks, with a higher rate or for longer than itself', async () => {
    const scopes = ['keys:write', 'keys:read', 'wallets:read'];
    const limits = { cidrs: ['10.0.0.0/8'], per_second: 50, burst: 60, expires_in: 10 * DAY };
    const { secret } = await makeKey(api, ROOT, { scopes, ...limits });
    const before = await keyCount();
    for (const more of [
      { scopes: ['transfers:write'] },
      { scopes: [...scopes, 'cases:write'] },
      { scopes, cidrs: ['0.0.0.0/0'] },
      { scopes, cidrs: ['10.1.0.0/16', '11.0.0.0/8'] },
      { scopes, per_second: 51 },
      { scopes, per_second: 50, burst: 61 },
    ]) {
      const { status, body } = await create(secret, more);
      assert.deepEqual([status, body['code']], [403, 'rights_exceeded'], JSON.stringify(more));
    }
    assert.equal(await keyCount(), before);
    const { status, body } = await create(secret, { scopes: ['wallets:read'], expires_in: 365 * DAY });
    assert.equal(status, 201, JSON.stringify(body));
    assert.deepEqual([body['cidrs'], body['per_second'], body['burst']], [['10.0.0.0/8'], 50, 60]);
    const remaining = (Date.parse(String(body['expires_at'])) - Date.parse(String(body['created_at']))) / 1_000;
    assert.ok(remaining <= 10 * DAY && remaining > 9 * DAY, `${remaining} s`);
  });

  test('a key lasts 90 days unless it is told otherwise, and a year at most', async () => {
    const { body } = await create(ROOT, { scopes: ['wallets:read'] });
    assert.equal(Date.parse(String(body['expires_at'])) - Date.parse(String(body['created_at'])), 90 * DAY * 1_000);
    const tooLong = await create(ROOT, { scopes: ['wallets:read'], expires_in: 365 * DAY + 1 });
    assert.deepEqual([tooLong.status, tooLong.body['code']], [422, 'key_expires_in_invalid']);
  });

  test('a key can neither revoke nor rotate a stronger one, nor one of another principal, and does as it likes with its own', async () => {
    const scopes = ['keys:write', 'keys:read', 'wallets:read'];
    const weak = await makeKey(api, ROOT, { scopes });
    const strong = await makeKey(api, ROOT, { scopes: [...scopes, 'transfers:write'] });
    const principal = await api.ask(ROOT, 'POST', '/v1/principals', { name: 'another', kind: 'human' });
    const other = await makeKey(api, ROOT, { scopes, principal_id: principal.body['principal_id'] });
    for (const { id } of [strong, other])
      for (const verb of ['rotate', 'revoke']) {
        const { status, body } = await api.ask(weak.secret, 'POST', `/v1/api-keys/${id}/${verb}`);
        assert.deepEqual([status, body['code']], [403, 'rights_exceeded'], verb);
      }
    const forOther = await create(weak.secret, { scopes, principal_id: principal.body['principal_id'] });
    assert.deepEqual([forOther.status, forOther.body['code']], [403, 'rights_exceeded']);
    const successor = await api.ask(weak.secret, 'POST', `/v1/api-keys/${weak.id}/rotate`, { expires_in: 365 * DAY });
    assert.equal(successor.status, 201, JSON.stringify(successor.body));
    // The former one's end bounds the new one's: a stolen key cannot prolong itself.
    const { body: former } = await api.ask(ROOT, 'GET', `/v1/api-keys/${weak.id}`);
    assert.deepEqual([former['rotated_to'], former['status']], [successor.body['api_key_id'], 'ACTIVE']);
    const again = await api.ask(ROOT, 'POST', `/v1/api-keys/${weak.id}/rotate`);
    assert.deepEqual(
      [again.status, again.body['code'], again.body['rotated_to']],
      [409, 'api_key_ended', successor.body['api_key_id']],
    );
  });

  test('a tenant’s keys do not exist for another tenant’s', async () => {
    const { id } = await makeKey(api, ROOT, {});
    await rowsOf(store.admin, `INSERT INTO principals (tenant, kind, name) VALUES ('elsewhere', 'human', 'stranger')`);
    const stranger = drawApiKey(randomInt);
    await rowsOf(
      store.admin,
      `INSERT INTO api_keys (tenant, principal_id, name, key_hash, hint, scopes)
       SELECT tenant, principal_id, 'all', decode('${hashOf(stranger)}', 'hex'), 'cpk_', '{${ALL_SCOPES.join()}}' FROM principals WHERE name = 'stranger'`,
    );
    assert.equal((await api.ask(stranger, 'GET', ANY_ROUTE)).status, 200);
    for (const [method, path] of [
      ['GET', `/v1/api-keys/${id}`],
      ['POST', `/v1/api-keys/${id}/rotate`],
      ['POST', `/v1/api-keys/${id}/revoke`],
    ] as const) {
      const { status, body } = await api.ask(stranger, method, path);
      assert.deepEqual([status, body['code']], [404, 'api_key_not_found'], path);
    }
    const { body } = await api.ask(stranger, 'GET', '/v1/api-keys');
    assert.deepEqual(
      (body['data'] as { name: string }[]).map(({ name }) => name),
      ['all'],
    );
    assert.deepEqual(
      ((await api.ask(stranger, 'GET', '/v1/principals')).body['data'] as { name: string }[]).map(({ name }) => name),
      ['stranger'],
    );
  });

  test('a repeat with the same Idempotency-Key makes no second key and shows no secret; another body is refused', async () => {
    const key = randomUUID();
    const before = await keyCount();
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => create(ROOT, { scopes: ['wallets:read'] }, key)),
    );
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [201]);
    assert.equal(new Set(answers.map(({ body }) => body['api_key_id'])).size, 1);
    const shown = answers.filter(({ body }) => body['secret'] !== null);
    assert.equal(shown.length, 1);
    assert.equal(answers.filter(({ headers }) => headers.get('idempotent-replayed') === 'true').length, 9);
    assert.equal(await keyCount(), before + 1);
    const other = await create(ROOT, { scopes: ['wallets:write'] }, key);
    assert.deepEqual([other.status, other.body['code']], [422, 'idempotency_key_reused']);
  });

  test('a key that is revoked while it makes others has made none after its revocation was answered', async () => {
    const { id, secret } = await makeKey(api, ROOT, { scopes: ['keys:write', 'wallets:read'] });
    let isRevoked = false;
    const late: number[] = [];
    const making = Array.from({ length: 4 }, async () => {
      for (let left = 2; left > 0;) {
        const began = isRevoked;
        const { status } = await create(secret, { scopes: ['wallets:read'] });
        if (began) late.push(status);
        if (began || status === 429) left -= 1;
      }
    });
    assert.equal((await api.ask(ROOT, 'POST', `/v1/api-keys/${id}/revoke`)).status, 200);
    isRevoked = true;
    await Promise.all(making);
    assert.ok(
      late.every((status) => status === 401 || status === 429),
      late.join(),
    );
    const [row] = await rowsOf<{ after: string }>(
      store.admin,
      `SELECT count(*) AS after FROM api_keys made JOIN api_keys maker ON made.created_by = maker.api_key_id
       WHERE maker.api_key_id = '${id}' AND made.created_at > maker.revoked_at`,
    );
    assert.equal(row!.after, '0');
  });

  test('no secret is in the database, and the role of the service can neither change nor delete what a key may do', async () => {
    const { id, secret } = await makeKey(api, ROOT, {});
    const rows = await rowsOf(store.admin, `SELECT k::text FROM api_keys k WHERE api_key_id = '${id}'`);
    assert.ok(JSON.stringify(rows).includes(hashOf(secret)));
    assert.ok(!JSON.stringify(rows).includes(secret.slice(8)));
    for (const statement of [
      `UPDATE api_keys SET scopes = '{keys:write}'`,
      `UPDATE api_keys SET tenant = 'x'`,
      'DELETE FROM api_keys',
      `UPDATE principals SET name = 'x'`,
      'DELETE FROM principals',
    ])
      await assert.rejects(rowsOf(store.service, statement), (error: Error) =>
        /permission denied/.test(String(error.cause)),
      );
  });

  test('the installed key is replaced by another one, the former is refused, and neither a revoked nor a rotated one comes back', async () => {
    const [first, second] = [drawApiKey(randomInt), drawApiKey(randomInt)];
    const { adminUrl } = store;
    assert.equal(await installKey(adminUrl, 'worker-order', first), 'installed');
    assert.equal(await installKey(adminUrl, 'worker-order', first), 'there');
    assert.equal((await api.ask(first, 'GET', '/v1/wallets')).body['scope'], 'wallets:read');
    assert.equal(await installKey(adminUrl, 'worker-order', second), 'installed');
    assert.equal(await installKey(adminUrl, 'worker-order', first), 'revoked');
    const [row] = await rowsOf<{ id: string }>(
      store.admin,
      `SELECT api_key_id AS id FROM api_keys WHERE key_hash = decode('${hashOf(second)}', 'hex')`,
    );
    assert.equal((await api.ask(ROOT, 'POST', `/v1/api-keys/${row!.id}/revoke`)).status, 200);
    assert.deepEqual(
      [(await api.ask(first, 'GET', '/v1/wallets')).status, (await api.ask(second, 'GET', '/v1/wallets')).status],
      [401, 401],
    );
    assert.equal(await installKey(adminUrl, 'worker-order', second), 'revoked');
    await assert.rejects(installKey(adminUrl, 'root', `${ROOT.slice(0, -1)}-`), /no API key/);
  });
});
