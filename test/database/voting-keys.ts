// The API over a real transfer database and a real database of keys: votes are judged by who has made which key. No workflow runs.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before } from 'node:test';
import { pino } from 'pino';
import { createAuthenticator, type RunningAuthenticator } from '../../api/access/authenticator.ts';
import { testApp } from '../pure/api-fakes.ts';
import { installRoot, ROOT } from './access.ts';
import { bodyOf, type Body } from './approving.ts';
import { startCluster, type TestCluster, type TestDatabase } from './database.ts';

export const SCOPES = [
  ...['transfers:write', 'approvals:read', 'approvals:write', 'policies:write'],
  ...['keys:write', 'principals:write'],
];

interface Answer {
  readonly status: number;
  readonly body: Body;
}

export interface VotingKeys {
  readonly transfer: TestDatabase;
  readonly access: TestDatabase;
  readonly ask: (key: string, method: string, path: string, body?: unknown, idempotencyKey?: string) => Promise<Answer>;
  /** A new principal and its first key, which this key makes. */
  readonly make: (maker: string, name: string, scopes?: readonly string[]) => Promise<Body>;
  /** The same, for those who vote: root lets its grant go without votes, if it needs one. */
  readonly keyBy: (maker: string, name: string) => Promise<string>;
  /** Has a transfer wait by this key, and returns how to vote on it. */
  readonly waiting: (asker: string, currency: string) => Promise<(key: string, what?: string) => Promise<unknown>>;
  /** Votes by a key on what the approval is now, and returns the code of the refusal, or the approval's status. */
  readonly vote: (key: string, id: unknown, what?: string) => Promise<unknown>;
}

/** To be called within a describe; `take` is given what has started. */
export function useVotingKeys(take: (started: VotingKeys) => void): void {
  let cluster: TestCluster | undefined;
  let authenticator: RunningAuthenticator | undefined;
  before(async () => {
    cluster = await startCluster();
    const { transfer } = await cluster.createStores({ shards: 1, connectionsMax: 20 });
    const access = await cluster.createAccessStore();
    await installRoot(access);
    authenticator = createAuthenticator(access.service, pino({ level: 'silent' }));
    take(votingKeysOver({ transfer, access }, authenticator));
  });
  after(async () => {
    authenticator?.stop();
    await cluster?.stop();
  });
}

function votingKeysOver(
  { transfer, access }: Pick<VotingKeys, 'transfer' | 'access'>,
  authentication: RunningAuthenticator,
): VotingKeys {
  const { app } = testApp({ authentication, accessDatabase: access.service, database: transfer.service });

  const ask: VotingKeys['ask'] = async (key, method, path, body, idempotencyKey = randomUUID()) => {
    const response = await app.request(path, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        'idempotency-key': idempotencyKey,
        'content-type': 'application/json',
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Body };
  };
  const make: VotingKeys['make'] = async (maker, name, scopes = SCOPES) => {
    const { body } = await ask(maker, 'POST', '/v1/principals', { name, kind: 'human' });
    const asked = { name, scopes, principal_id: body['principal_id'] };
    return (await ask(maker, 'POST', '/v1/api-keys', asked)).body;
  };
  const vote: VotingKeys['vote'] = async (key, id, what = 'approve') => {
    const path = `/v1/approvals/${String(id)}`;
    const { body_hash, policy_version } = (await ask(ROOT, 'GET', path)).body;
    const { body } = await ask(key, 'POST', `${path}/${what}`, { body_hash, policy_version, comment: 'seen' });
    return body['code'] ?? body['status'];
  };
  return {
    ...{ transfer, access, ask, make, vote },
    async keyBy(maker, name) {
      const made = await make(maker, name);
      if (made['awaits_approval_id'] !== null) await vote(ROOT, made['awaits_approval_id'], 'override');
      return String(made['secret']);
    },
    async waiting(asker, currency) {
      const { body: made } = await ask(asker, 'POST', '/v1/transfers', bodyOf(currency, '500'));
      if (made['status'] !== 'AWAITING_APPROVAL') throw new Error(JSON.stringify(made));
      return (key, what) => vote(key, made['transfer_id'], what);
    },
  };
}

export const secretOf = (made: Body): string => String(made['secret']);

/** A tenant of its own with its root key, and four principals who may vote: one makes keys for others, and one asks. */
export async function tenantOf({ ask, make }: VotingKeys, name: string) {
  const { body } = await ask(ROOT, 'POST', '/v1/tenants', { name });
  const root = secretOf(body['root_key'] as Body);
  const made = [
    await make(root, 'manager'),
    await make(root, 'bob'),
    await make(root, 'carol'),
    await make(root, 'asker'),
  ] as const;
  for (const each of made) assert.equal(each['awaits_approval_id'], null);
  const [manager, bob, carol, asker] = made.map(secretOf) as [string, string, string, string];

  const show = async (id: unknown): Promise<Body> => (await ask(root, 'GET', `/v1/approvals/${String(id)}`)).body;
  const cast = async (key: string, id: unknown, what = 'approve') => {
    const { body_hash, policy_version } = await show(id);
    return ask(key, 'POST', `/v1/approvals/${String(id)}/${what}`, { body_hash, policy_version, comment: 'seen' });
  };
  const vote = async (key: string, id: unknown, what?: string): Promise<unknown> => {
    const answer = await cast(key, id, what);
    return answer.body['code'] ?? answer.body['status'];
  };
  const policy = (currency: string, more: Body = {}) =>
    ask(root, 'PUT', `/v1/approval-policies/${currency}`, { version: 0, above: '10', ...more });
  const endPolicy = async (currency: string, version: number): Promise<void> => {
    const { body: end } = await ask(manager, 'POST', `/v1/approval-policies/${currency}/end`, { version });
    assert.equal(await vote(bob, end['approval_id']), 'APPROVED');
  };
  const transfer = async (currency: string): Promise<unknown> => {
    const { body: sent } = await ask(asker, 'POST', '/v1/transfers', bodyOf(currency, '500'));
    assert.equal(sent['status'], 'AWAITING_APPROVAL');
    return sent['transfer_id'];
  };
  return { root, manager, bob, carol, asker, bobs: made[1], show, cast, vote, policy, endPolicy, transfer };
}
