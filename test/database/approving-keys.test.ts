// One principal cannot both ask and approve, nor approve twice, by the keys that it has made for others.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { pino } from 'pino';
import { createAuthenticator, type RunningAuthenticator } from '../../api/access/authenticator.ts';
import { testApp } from '../pure/api-fakes.ts';
import { installRoot, ROOT } from './access.ts';
import { bodyOf, type Body } from './approving.ts';
import { startCluster, type TestCluster } from './database.ts';

const SCOPES = [
  ...['transfers:write', 'approvals:read', 'approvals:write', 'policies:write'],
  ...['keys:write', 'principals:write'],
];

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

  /** A key of a further principal, which root has made. */
  const keyOf = (name: string): Promise<string> => keyBy(ROOT, name);

  /** Has a transfer wait by this key, and returns how to vote on it by others. */
  async function waiting(asker: string, currency: string) {
    const { body: made } = await ask(asker, 'POST', '/v1/transfers', bodyOf(currency, '500'));
    assert.equal(made['status'], 'AWAITING_APPROVAL');
    return votesOn(made['transfer_id']);
  }

  /** Returns how to vote by a key. */
  function votesOn(id: unknown) {
    const path = `/v1/approvals/${String(id)}`;
    return async (key: string, what = 'approve') => {
      const { body_hash, policy_version } = (await ask(ROOT, 'GET', path)).body;
      const { body } = await ask(key, 'POST', `${path}/${what}`, { body_hash, policy_version, comment: 'seen' });
      return body['code'] ?? body['status'];
    };
  }

  test('that who asks has made, by whatever way, do not approve what it asks for, and others do', async () => {
    await ask(ROOT, 'PUT', '/v1/approval-policies/USD', { version: 0, above: '10' });
    const [alice, bob] = [await keyOf('alice'), await keyOf('bob')];
    const puppet = await keyBy(alice, 'puppet');
    const ofPuppet = await keyBy(puppet, 'puppet of a puppet');
    const vote = await waiting(alice, 'USD');
    for (const key of [alice, puppet, ofPuppet]) assert.equal(await vote(key), 'own_request');
    assert.equal(await vote(bob), 'APPROVED');
  });

  test('that who asks for a change of a policy has made, or whoever has made its keys, do not approve it', async () => {
    const path = '/v1/approval-policies/SEK';
    await ask(ROOT, 'PUT', path, { version: 0, above: '10' });
    const [asking, other] = [await keyOf('policy maker'), await keyOf('other maker')];
    const change = await ask(asking, 'PUT', path, { version: 1, above: '1000000' });
    assert.equal(change.status, 202);
    const vote = votesOn(change.body['approval_id']);
    for (const key of [asking, await keyBy(asking, 'puppet of it')]) assert.equal(await vote(key), 'own_request');
    assert.equal(await vote(other), 'APPROVED');
  });

  test('whoever has made the key that asks does not approve, nor does another that it has made', async () => {
    await ask(ROOT, 'PUT', '/v1/approval-policies/EUR', { version: 0, above: '10' });
    const [maker, other] = [await keyOf('maker'), await keyOf('other')];
    const [asking, voting] = [await keyBy(maker, 'asking'), await keyBy(await keyBy(maker, 'between'), 'voting')];
    const vote = await waiting(asking, 'EUR');
    for (const key of [maker, voting]) assert.equal(await vote(key), 'own_request');
    assert.equal(await vote(voting, 'reject'), 'REJECTED');
    assert.equal(await (await waiting(asking, 'EUR'))(other), 'APPROVED');
  });

  test('two votes that one principal could have given count once, also at once', async () => {
    await ask(ROOT, 'PUT', '/v1/approval-policies/GBP', { version: 0, above: '10', approvals: 2 });
    const [asking, maker, third] = [await keyOf('asking 2'), await keyOf('maker 2'), await keyOf('third')];
    const [one, two] = [await keyBy(maker, 'one'), await keyBy(maker, 'two')];
    const vote = await waiting(asking, 'GBP');
    const outcomes = await Promise.all([one, two, maker].map((key) => vote(key)));
    assert.deepEqual(
      outcomes.toSorted((a, b) => (String(a) < String(b) ? -1 : 1)),
      ['AWAITING', 'approval_voted', 'approval_voted'],
    );
    assert.equal(await vote(third), 'APPROVED');
  });
});
