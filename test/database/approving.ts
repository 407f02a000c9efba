// The API over a real transfer database, for tests of approvals, asked with keys of whichever principal a test names: `bob`, or `bob/second` for
// another key of his, or `acme:bob` for one of another tenant than the default one. No workflow runs: a transfer has begun once its row is due to be started.

import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { after, before } from 'node:test';
import { findTransfer } from '../../db/transfer/queries.ts';
import { ALL_SCOPES } from '../../domain/access/scopes.ts';
import type { Holder } from '../../domain/access/api-key.ts';
import type { Currency } from '../../domain/currency.ts';
import type { TransferId, WalletId } from '../../domain/ids.ts';
import { DEFAULT_TENANT, type Tenant } from '../../domain/tenant.ts';
import { testApp } from '../pure/api-fakes.ts';
import { keyHolder } from '../pure/api-holders.ts';
import { startCluster, type TestCluster, type TestDatabase } from './database.ts';

export type Body = Record<string, unknown>;
interface Answer {
  readonly status: number;
  readonly body: Body;
}

/** A key is `principal` or `principal/key`, with `tenant:` before it for another than the default one, and has all scopes. */
function holderOf(secret: string): Holder {
  const [owner = ''] = secret.split('/');
  const [principal = '', tenant = DEFAULT_TENANT] = owner.split(':').toReversed();
  const idOf = (name: string) =>
    createHash('md5')
      .update(name)
      .digest('hex')
      .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  return keyHolder({
    ...{ principal, tenant: tenant as Tenant, scopes: ALL_SCOPES },
    ...{ principalId: idOf(owner) as never, apiKeyId: idOf(secret) as never },
  });
}

export const wallet = (): WalletId => randomUUID() as WalletId;

export const bodyOf = (currency: string, amount: string, sender: string = wallet()) => ({
  ...{ sender_wallet_id: sender, receiver_wallet_id: wallet(), amount, currency },
});

export type Approving = ReturnType<typeof approvingOver>;

/** A transfer database of a test file's own, and the API over it. To be called within a describe; `take` is given what has started. */
export function useApproving(
  take: (started: { readonly database: TestDatabase; readonly approving: Approving }) => void,
): void {
  let cluster: TestCluster | undefined;
  before(async () => {
    cluster = await startCluster();
    const { transfer: database } = await cluster.createStores({ shards: 1, connectionsMax: 20 });
    take({ database, approving: approvingOver(database) });
  });
  after(() => cluster?.stop());
}

export function approvingOver(database: TestDatabase, overrides: Parameters<typeof testApp>[0] = {}) {
  const authentication = { known: holderOf, lookUp: async (secret: string) => holderOf(secret) };
  const { app } = testApp({
    ...{ authentication, database: database.service, batchDatabase: database.service },
    ...overrides,
  });
  /** The policy of each test is in a currency of its own. */
  const currencies = [
    'ZAR',
    'MXN',
    'TRY',
    'ILS',
    'THB',
    'HKD',
    'INR',
    'KES',
    'EUR',
    'GBP',
    'CHF',
    'SEK',
    'NOK',
    'DKK',
    'PLN',
    'CZK',
    'HUF',
    'RON',
    'AUD',
    'CAD',
    'NZD',
    'SGD',
  ];

  async function ask(
    as: string,
    method: string,
    path: string,
    body?: unknown,
    key: string = randomUUID(),
  ): Promise<Answer> {
    const response = await app.request(path, {
      method,
      headers: { authorization: `Bearer ${as}`, 'content-type': 'application/json', 'idempotency-key': key },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Body };
  }

  /** As a client does: what is not known to be stored is asked for again, with the same key. */
  async function insist(as: string, body: unknown, path = '/v1/transfers'): Promise<Answer> {
    const key = randomUUID();
    for (let n = 0; n < 20; n += 1) {
      const answer = await ask(as, 'POST', path, body, key);
      if (answer.status !== 503) return answer;
    }
    throw new Error('the database does not answer');
  }

  const nextCurrency = (): Currency => currencies.pop()! as Currency;

  /** Sets the policy of a currency; a change needs approvals, and is let go without them. */
  async function policy(currency: string, more: object = { above: '100' }, version = 0): Promise<Body> {
    const set = (): Promise<Answer> => ask('admin', 'PUT', `/v1/approval-policies/${currency}`, { version, ...more });
    const asked = await set();
    if (asked.status === 202) await override(asked.body);
    const { status, body } = asked.status === 202 ? await set() : asked;
    assert.equal(status, 200, JSON.stringify(body));
    return body;
  }

  async function endPolicy(currency: string, version: number): Promise<void> {
    const { status, body } = await ask('admin', 'POST', `/v1/approval-policies/${currency}/end`, { version });
    assert.equal(status, 202, JSON.stringify(body));
    await override(body);
  }

  async function override(approval: Body): Promise<void> {
    const { body } = await vote('admin', approval, 'override');
    assert.equal(body['status'], 'OVERRIDDEN', JSON.stringify(body));
  }

  async function waiting(currency: string, amount = '500', as = 'alice'): Promise<Body> {
    const { status, body } = await ask(as, 'POST', '/v1/transfers', bodyOf(currency, amount));
    assert.equal(status, 202);
    assert.equal(body['status'], 'AWAITING_APPROVAL');
    return approvalOf(body['transfer_id']);
  }

  const approvalOf = async (id: unknown): Promise<Body> =>
    (await ask('admin', 'GET', `/v1/approvals/${String(id)}`)).body;
  const vote = (as: string, approval: Body, what = 'approve', more: object = {}): Promise<Answer> =>
    ask(as, 'POST', `/v1/approvals/${String(approval['approval_id'])}/${what}`, {
      ...{ body_hash: approval['body_hash'], policy_version: approval['policy_version'], comment: 'seen' },
      ...more,
    });
  const rowOf = async ({ approval_id: id }: Body) => (await findTransfer(database.service, id as TransferId))!;
  const statusOf = async (approval: Body): Promise<string> => (await rowOf(approval)).status;

  return { ask, insist, nextCurrency, policy, endPolicy, waiting, approvalOf, vote, rowOf, statusOf };
}
