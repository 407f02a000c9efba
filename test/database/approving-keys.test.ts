// Whoever asks cannot approve by a key that it has made for somebody else, nor by one that such a key has made.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { pino } from 'pino';
import { createAuthenticator, type RunningAuthenticator } from '../../api/access/authenticator.ts';
import { testApp } from '../pure/api-fakes.ts';
import { installRoot, ROOT } from './access.ts';
import { bodyOf, type Body } from './approving.ts';
import { startCluster, type TestCluster } from './database.ts';

const SCOPES = ['transfers:write', 'approvals:read', 'approvals:write', 'keys:write', 'principals:write'];

describe('the keys of who votes', () => {
  let cluster: TestCluster;
  let authenticator: RunningAuthenticator;
  let app: ReturnType<typeof testApp>['app'];
  before(async () => {
    cluster = await startCluster();
    const { transfer } = await cluster.createStores({ shards: 1 });
    const access = await cluster.createAccessStore();
    await installRoot(access);
    authenticator = createAuthenticator(access.service, pino({ level: 'silent' }));
    const databases = { accessDatabase: access.service, database: transfer.service };
    ({ app } = testApp({ authentication: authenticator, ...databases }));
  });
  after(async () => {
    authenticator?.stop();
    await cluster?.stop();
  });

  async function ask(
    key: string,
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ status: number; body: Body }> {
    const response = await app.request(path, {
      method,
      headers: { authorization: `Bearer ${key}`, 'idempotency-key': randomUUID(), 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Body };
  }

  /** A key of a new principal, made by this one. */
  async function keyBy(maker: string, name: string): Promise<string> {
    const { body } = await ask(maker, 'POST', '/v1/principals', { name, kind: 'human' });
    const asked = { name, scopes: SCOPES, principal_id: body['principal_id'] };
    return String((await ask(maker, 'POST', '/v1/api-keys', asked)).body['secret']);
  }

  test('that who asks has made, by whatever way, do not approve what it asks for, and others do', async () => {
    await ask(ROOT, 'PUT', '/v1/approval-policies/USD', { version: 0, above: '10' });
    const [alice, bob] = [await keyBy(ROOT, 'alice'), await keyBy(ROOT, 'bob')];
    const puppet = await keyBy(alice, 'puppet');
    const ofPuppet = await keyBy(puppet, 'puppet of a puppet');
    const { body: made } = await ask(alice, 'POST', '/v1/transfers', bodyOf('USD', '500'));
    assert.equal(made['status'], 'AWAITING_APPROVAL');
    const path = `/v1/approvals/${String(made['transfer_id'])}`;
    const { body_hash, policy_version } = (await ask(bob, 'GET', path)).body;
    const vote = { body_hash, policy_version, comment: 'seen' };
    for (const key of [alice, puppet, ofPuppet]) {
      const { status, body } = await ask(key, 'POST', `${path}/approve`, vote);
      assert.deepEqual([status, body['code']], [403, 'own_request']);
    }
    const { body } = await ask(bob, 'POST', `${path}/approve`, vote);
    assert.equal(body['status'], 'APPROVED', JSON.stringify(body));
  });
});
