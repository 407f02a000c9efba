// Approvals on a real stack: what is approved moves once, what is not moves nothing, however a worker or a vote is late, and the audit agrees.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { apiClient, type Answer, type ApiClient } from './api-client.ts';
import type { Money } from './money.ts';
import { until, type TestStack } from './stack.ts';
import { useStack } from './use-stack.ts';

type Body = Record<string, unknown>;

describe('approvals on a stack', () => {
  let stack: TestStack;
  let money: Money;
  let alice: ApiClient;
  let bob: ApiClient;
  let manager: ApiClient;
  const api = apiClient(
    () => stack.api,
    () => stack.authorization,
  );
  useStack((started) => {
    ({ stack, money } = started);
  });

  const key = () => ({ 'idempotency-key': randomUUID() });
  const taken = ({ status, body }: Answer<Body>): Body => {
    assert.ok(status < 300, JSON.stringify(body));
    return body;
  };

  /** A client with the key of a principal of its own. */
  const principal = async (name: string): Promise<ApiClient> => (await made(api, name)).client;

  /** The same, by a key, with what was answered for the new one. */
  async function made(by: ApiClient, name: string): Promise<{ client: ApiClient; answered: Body }> {
    const { principal_id } = taken(await by.post<Body>('/v1/principals', { name, kind: 'human' }));
    const scopes = [
      ...['approvals:read', 'approvals:write', 'policies:write', 'transfers:read', 'transfers:write'],
      ...['keys:write', 'principals:write'],
    ];
    const answered = taken(await by.post<Body>('/v1/api-keys', { name, scopes, principal_id }, key()));
    const client = apiClient(
      () => stack.api,
      () => ({ authorization: `Bearer ${String(answered['secret'])}` }),
    );
    return { client, answered };
  }

  const vote = async (by: ApiClient, id: string, what: string): Promise<Body> => {
    const { body_hash, policy_version } = (await by.get<Body>(`/v1/approvals/${id}`)).body;
    return taken(await by.post<Body>(`/v1/approvals/${id}/${what}`, { body_hash, policy_version, comment: 'seen' }));
  };
  const statusOf = async (id: string): Promise<unknown> => (await api.get<Body>(`/v1/transfers/${id}`)).body['status'];
  const reaches = (id: string, status: string): Promise<void> =>
    until(120_000, `${id} is not ${status}`, async () => (await statusOf(id)) === status);

  test('what is approved by somebody else moves once, what is rejected or canceled moves nothing', async () => {
    [alice, bob, manager] = [await principal('alice'), await principal('bob'), await principal('manager')];
    taken(await api.put<Body>('/v1/approval-policies/USD', { version: 0, above: '10' }));
    const [sender, receiver] = [await money.wallet(0, '100'), await money.wallet(1)];
    const transfer = async (more: Body = {}): Promise<string> => {
      const body = { sender_wallet_id: sender, receiver_wallet_id: receiver, amount: '25', ...more };
      const made = taken(await alice.post<Body>('/v1/transfers', body, { ...key(), prefer: 'wait=5' }));
      assert.equal(made['status'], 'AWAITING_APPROVAL');
      return String(made['transfer_id']);
    };

    const [approved, rejected, canceled] = [await transfer(), await transfer(), await transfer()];
    const held = await transfer({ capture_method: 'manual', expires_in: 3_600 });
    assert.equal((await vote(bob, approved, 'approve'))['status'], 'APPROVED');
    assert.equal((await vote(bob, rejected, 'reject'))['status'], 'REJECTED');
    assert.equal(
      taken(await api.post<Body>(`/v1/transfers/${canceled}/cancel`, undefined, { prefer: 'wait=30' }))['status'],
      'CANCELED',
    );
    await reaches(approved, 'COMPLETED');
    await reaches(rejected, 'CANCELED');
    for (const id of [rejected, canceled]) assert.deepEqual(await money.entriesOf(id), []);
    assert.deepEqual(await money.entriesOf(approved), ['CREDIT', 'DEBIT']);

    await vote(bob, held, 'approve');
    await reaches(held, 'DEBITED');
    assert.equal(
      taken(await api.post<Body>(`/v1/transfers/${held}/capture`, undefined, { prefer: 'wait=30' }))['status'],
      'COMPLETED',
    );
  });

  test('what expires is ended by the sweep, and a reconciliation of everything finds nothing amiss beside what waits', async () => {
    const [sender, receiver] = [await money.wallet(1, '100'), await money.wallet(0)];
    const body = { sender_wallet_id: sender, receiver_wallet_id: receiver, amount: '25' };
    const ids: string[] = [];
    for (let n = 0; n < 2; n += 1)
      ids.push(String(taken(await api.post<Body>('/v1/transfers', body, key()))['transfer_id']));
    const run = await api.post<Body>('/v1/reconciliation-runs', { scope: 'all' }, { prefer: 'wait=60' });
    assert.equal(taken(run)['status'], 'CLEAN', JSON.stringify(run.body));
    await money.rows('transfer', `UPDATE approvals SET expires_at = now() WHERE approval_id = $1`, [ids[0]]);
    await reaches(ids[0]!, 'CANCELED');
    assert.deepEqual(await money.entriesOf(ids[0]!), []);
    assert.equal(await statusOf(ids[1]!), 'AWAITING_APPROVAL');
    taken(await api.post<Body>(`/v1/transfers/${ids[1]!}/cancel`, undefined, { prefer: 'wait=30' }));
    await money.assertSound();
  });

  test('a batch above the policy waits as a whole, moves every item once when it is approved, and nothing when it is not', async () => {
    const [sender, receiver] = [await money.wallet(0, '100'), await money.wallet(1)];
    const items = ['4', '4', '4'].map((amount) => ({ sender_wallet_id: sender, receiver_wallet_id: receiver, amount }));
    const batch = async (): Promise<string> => {
      const made = taken(await alice.post<Body>('/v1/transfer-batches', { items }, { ...key(), prefer: 'wait=5' }));
      assert.equal(made['status'], 'AWAITING_APPROVAL');
      return String(made['batch_id']);
    };
    const read = async (id: string) => taken(await api.get<Body>(`/v1/transfer-batches/${id}`));
    const itemsOf = async (id: string) =>
      taken(await api.get<Body>(`/v1/transfer-batches/${id}/items`))['data'] as Body[];
    const [approved, rejected, swept] = [await batch(), await batch(), await batch()];
    assert.equal((await vote(bob, approved, 'approve'))['status'], 'APPROVED');
    assert.equal((await vote(bob, rejected, 'reject'))['status'], 'REJECTED');
    await until(120_000, `${approved} is not COMPLETED`, async () => (await read(approved))['status'] === 'COMPLETED');
    assert.deepEqual((await read(approved))['counts'], { total: 3, pending: 0, completed: 3, failed: 0 });
    for (const { transfer_id: id } of await itemsOf(approved))
      assert.deepEqual(await money.entriesOf(String(id)), ['CREDIT', 'DEBIT']);
    assert.equal((await read(rejected))['status'], 'CANCELED');
    for (const { transfer_id: id, status } of await itemsOf(rejected)) {
      assert.equal(status, 'CANCELED');
      assert.deepEqual(await money.entriesOf(String(id)), []);
    }
    // As by an API that dies after the last vote.
    await money.rows(
      'transfer',
      `SELECT outcome
       FROM approvals, LATERAL (SELECT principal_id FROM approval_voters WHERE principal_id <> asked_by_id LIMIT 1) another,
         cast_vote(approval_id, principal_id, 'carol', gen_random_uuid(), 'approve', body_hash, policy_version, 'seen')
       WHERE approval_id = $1`,
      [swept],
    );
    await until(120_000, `${swept} is not COMPLETED`, async () => (await read(swept))['status'] === 'COMPLETED');
    assert.deepEqual((await read(swept))['counts'], { total: 3, pending: 0, completed: 3, failed: 0 });
    const { body } = await api.get<Body>(`/v1/wallets/${sender}`);
    assert.equal(body['balance'], '76.0000');
  });

  test('a change of the policy holds once somebody else agrees, and not before', async () => {
    const change = { version: 1, above: '20' };
    const asked = taken(await alice.put<Body>('/v1/approval-policies/USD', change));
    assert.equal(asked['status'], 'AWAITING');
    const above = async (): Promise<unknown> =>
      ((await api.get<Body>('/v1/approval-policies')).body['data'] as Body[])[0]!['above'];
    assert.equal(await above(), '10.0000');
    assert.equal((await vote(bob, String(asked['approval_id']), 'approve'))['status'], 'APPROVED');
    assert.equal(await above(), '20.0000');
    await money.assertSound();
  });

  test('the votes of who gets a key while there is a policy count once somebody else than who has made it agrees', async () => {
    const [sender, receiver] = [await money.wallet(0, '100'), await money.wallet(1)];
    const body = { sender_wallet_id: sender, receiver_wallet_id: receiver, amount: '25' };
    const id = String(taken(await alice.post<Body>('/v1/transfers', body, key()))['transfer_id']);
    const { client: dave, answered } = await made(manager, 'dave');
    const grant = String(answered['awaits_approval_id']);
    const { body_hash, policy_version } = (await api.get<Body>(`/v1/approvals/${id}`)).body;
    const seen = { body_hash, policy_version, comment: 'seen' };
    const early = await dave.post<Body>(`/v1/approvals/${id}/approve`, seen);
    assert.deepEqual([early.status, early.body['code'], early.body['approval_id']], [403, 'vote_not_granted', grant]);
    assert.equal((await vote(bob, grant, 'approve'))['status'], 'APPROVED');
    assert.equal((await vote(dave, id, 'approve'))['status'], 'APPROVED');
    await reaches(id, 'COMPLETED');
    await money.assertSound();
  });

  test('the audit log tells who has asked, who has voted, and who has set the policy', async () => {
    const seen = new Set<string>();
    await until(30_000, 'the votes are not in the audit log', async () => {
      const { body } = await api.get<Body>('/v1/audit-events?limit=200');
      for (const { action, principal } of body['data'] as Body[]) seen.add(`${String(principal)} ${String(action)}`);
      return seen.has('bob approval-voted');
    });
    for (const each of [
      'alice approval-asked',
      'root approval-policy-set',
      'alice approval-policy-set',
      'root principal-created',
      'root key-created',
    ])
      assert.ok(seen.has(each), each);
  });
});
