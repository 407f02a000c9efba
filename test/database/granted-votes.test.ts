// Who gets the power to vote while a tenant has policies has it by more than one person, whoever makes the keys and whenever, and the audit agrees.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Body } from './approving.ts';
import { rowsOf } from './database.ts';
import { SCOPES, secretOf, tenantOf, useVotingKeys, type VotingKeys } from './voting-keys.ts';

describe('the granting of votes', () => {
  let keys: VotingKeys;
  useVotingKeys((started) => (keys = started));
  const ask: VotingKeys['ask'] = (...asked) => keys.ask(...asked);
  const make: VotingKeys['make'] = (...asked) => keys.make(...asked);
  const inTransfers = (statement: string) => rowsOf<Body>(keys.transfer.admin, statement);
  const inKeys = (statement: string) => rowsOf<Body>(keys.access.admin, statement);

  const tenant = (name: string) => tenantOf(keys, name);

  /** A key of a principal for which nobody has asked for a grant, as a program of the version before makes it. */
  async function makeUnasked(maker: string, name: string): Promise<Body> {
    const made = await make(maker, name, ['transfers:write']);
    await inKeys(
      `UPDATE api_keys SET scopes = '{${SCOPES.join()}}' WHERE api_key_id = '${String(made['api_key_id'])}'`,
    );
    return made;
  }

  test('one person alone makes no voter whose vote counts while there is a policy; with the votes of others it counts', async () => {
    const { manager, bob, carol, root, policy, transfer, cast, vote, show } = await tenant('grants');
    await policy('EUR');
    await policy('USD', { approvals: 2 });
    const id = await transfer('EUR');
    const dave = await make(manager, 'dave');
    const grant = await show(dave['awaits_approval_id']);
    const { kind, status, needed, currency, amount, asked_by, reason, proposal } = grant;
    assert.deepEqual(
      { kind, status, needed, currency, amount, asked_by, reason, proposal },
      {
        ...{ kind: 'grant', status: 'AWAITING', needed: 2, currency: 'USD', amount: null, asked_by: 'manager' },
        ...{ reason: 'always', proposal: { principal_id: dave['principal_id'], principal: 'dave' } },
      },
    );
    for (const what of ['approve', 'reject']) {
      const { status: answered, body } = await cast(secretOf(dave), id, what);
      assert.deepEqual([answered, body['code'], body['approval_id']], [403, 'vote_not_granted', grant['approval_id']]);
    }

    for (const own of [manager, secretOf(dave), root])
      assert.equal(await vote(own, grant['approval_id']), 'own_request');
    assert.equal(await vote(bob, grant['approval_id']), 'AWAITING');
    assert.equal(await vote(secretOf(dave), id), 'vote_not_granted');
    assert.equal(await vote(carol, grant['approval_id']), 'APPROVED');
    assert.equal(await vote(secretOf(dave), id), 'APPROVED');
  });

  test('who may vote since before the first policy goes on, with further keys and those that take the place of others', async () => {
    const { manager, bob, carol, bobs, policy, transfer, vote } = await tenant('further');
    await policy('EUR');
    const further = await ask(manager, 'POST', '/v1/api-keys', {
      ...{ name: 'second', scopes: SCOPES, principal_id: bobs['principal_id'] },
    });
    assert.equal(further.body['awaits_approval_id'], null);
    const path = `/v1/api-keys/${String(bobs['api_key_id'])}/rotate`;
    const [rotated, id] = [(await ask(bob, 'POST', path, {})).body, await transfer('EUR')];
    assert.equal(await vote(secretOf(rotated), id), 'APPROVED');
    assert.equal(await vote(carol, await transfer('EUR')), 'APPROVED');
    assert.equal((await make(manager, 'clerk', ['transfers:write']))['awaits_approval_id'], null);
    await policy('USD');
    assert.ok((await make(manager, 'dave'))['awaits_approval_id']);
  });

  test('a grant needs as many as the strictest policy demands when it is voted on, also if that is another than when it was asked for', async () => {
    const { manager, bob, carol, asker, policy, endPolicy, vote, show, transfer } = await tenant('stricter');
    await policy('EUR');
    const [dave, erin] = [await make(manager, 'dave'), await make(manager, 'erin')];
    const [grant, later] = [dave['awaits_approval_id'], erin['awaits_approval_id']];
    await policy('USD', { approvals: 2 });
    assert.equal(await vote(bob, grant), 'approval_policy_changed');
    const { currency, needed, status } = await show(grant);
    assert.deepEqual({ currency, needed, status }, { currency: 'USD', needed: 2, status: 'AWAITING' });
    assert.equal(await vote(bob, grant), 'AWAITING');
    assert.equal(await vote(secretOf(dave), await transfer('EUR')), 'vote_not_granted');
    assert.equal(await vote(carol, grant), 'APPROVED');
    // The one of its currency has ended, and the one that is left was made stricter.
    await endPolicy('EUR', 1);
    const { body: tighter } = await ask(manager, 'PUT', '/v1/approval-policies/USD', {
      version: 1,
      above: '10',
      approvals: 3,
    });
    for (const key of [bob, carol]) await vote(key, tighter['approval_id']);
    assert.equal((await show(tighter['approval_id']))['status'], 'APPROVED');
    assert.equal(await vote(bob, later), 'approval_policy_changed');
    for (const key of [bob, carol]) assert.equal(await vote(key, later), 'AWAITING');
    assert.equal(await vote(asker, later), 'APPROVED');
  });

  test('a grant that nobody has asked for is asked for with the first vote, and neither who votes nor who has made the key grants it', async () => {
    const { root, manager, bob, policy, transfer, cast, vote, show } = await tenant('unasked');
    await policy('EUR');
    const eve = await makeUnasked(root, 'eve');
    const puppet = await make(secretOf(eve), 'puppet');
    assert.equal(puppet['code'], undefined);
    const refused = await cast(secretOf(eve), await transfer('EUR'));
    assert.equal(refused.body['code'], 'vote_not_granted');
    const grant = refused.body['approval_id'];
    assert.equal((await show(grant))['asked_by'], 'eve');
    for (const key of [secretOf(eve), root]) assert.equal(await vote(key, grant), 'own_request');
    // As if it had been let in before.
    const [{ roll, tenant: of }] = (await inTransfers(`SELECT * FROM voter_rolls WHERE tenant = 'unasked'`)) as [Body];
    await inTransfers(
      `INSERT INTO approval_voters (tenant, roll, principal_id) VALUES ('${String(of)}', ${String(roll)}, '${String(puppet['principal_id'])}')`,
    );
    assert.equal(await vote(secretOf(puppet), grant), 'own_request');
    assert.equal(await vote(bob, grant), 'APPROVED');
    assert.equal(await vote(secretOf(eve), await transfer('EUR')), 'APPROVED');
    assert.equal(await vote(manager, grant), 'approval_ended');
  });

  test('a grant that has expired or was rejected grants nothing, and is asked for again with the next key', async () => {
    const { manager, bob, policy, transfer, cast, vote, show } = await tenant('again');
    await policy('EUR');
    const dave = await make(manager, 'dave');
    const asked = { name: 'again', scopes: SCOPES, principal_id: dave['principal_id'] };
    const again = async () => (await ask(manager, 'POST', '/v1/api-keys', asked)).body['awaits_approval_id'];
    const first = dave['awaits_approval_id'];
    assert.equal(await again(), first);
    await inTransfers(`UPDATE approvals SET expires_at = now() WHERE approval_id = '${String(first)}'`);
    assert.equal(await vote(bob, first), 'approval_ended');
    const second = await again();
    assert.equal((await show(first))['status'], 'EXPIRED');
    assert.equal(await vote(bob, second, 'reject'), 'REJECTED');
    const refused = await cast(secretOf(dave), await transfer('EUR'));
    const third = refused.body['approval_id'];
    assert.equal(new Set([first, second, third]).size, 3);
    assert.equal(await vote(manager, third, 'reject'), 'REJECTED');
  });

  test('is asked for once, however often at once and by whomever, and a repeat of a request names it', async () => {
    const { manager, carol, policy } = await tenant('once');
    await policy('EUR');
    const dave = await make(manager, 'dave', ['transfers:write']);
    const asked = { name: 'voting', scopes: SCOPES, principal_id: dave['principal_id'] };
    const asking = [manager, carol, manager, carol].map((key) => ask(key, 'POST', '/v1/api-keys', asked));
    const ids = (await Promise.all(asking)).map(({ body }) => body['awaits_approval_id']);
    assert.deepEqual([new Set(ids).size, typeof ids[0]], [1, 'string']);
    const repeated = [1, 2].map(() => ask(manager, 'POST', '/v1/api-keys', asked, 'the same'));
    for (const { body } of await Promise.all(repeated)) assert.equal(body['awaits_approval_id'], ids[0]);
    const other = { ...asked, name: 'other' };
    assert.equal(
      (await ask(manager, 'POST', '/v1/api-keys', other, 'the same')).body['code'],
      'idempotency_key_reused',
    );
  });

  test('is let go without votes by whoever may override, so that a tenant that nobody is left to vote in is not locked', async () => {
    const { root, policy, transfer, vote } = await tenant('emergency');
    await policy('EUR', { approvals: 5 });
    await policy('USD');
    const dave = await make(root, 'dave');
    assert.equal(await vote(root, dave['awaits_approval_id'], 'override'), 'OVERRIDDEN');
    assert.equal(await vote(secretOf(dave), await transfer('USD')), 'APPROVED');
    const entries = await inTransfers(
      `SELECT type FROM outbox_events WHERE payload -> 'data' ->> 'object' = '${String(dave['awaits_approval_id'])}' ORDER BY sequence`,
    );
    assert.deepEqual(
      entries.map(({ type }) => type),
      ['audit.approval-asked', 'audit.approval-overridden'],
    );
  });

  test('of one tenant is nothing to another, whose voters are none of it', async () => {
    const [one, two] = [await tenant('one'), await tenant('two')];
    await one.policy('EUR');
    assert.equal((await make(two.manager, 'dave'))['awaits_approval_id'], null);
    await two.policy('EUR');
    const dave = await make(one.manager, 'dave');
    assert.equal((await ask(two.bob, 'GET', `/v1/approvals/${String(dave['awaits_approval_id'])}`)).status, 404);
    const seen = { body_hash: '0'.repeat(64), policy_version: 1, comment: 'x' };
    const path = `/v1/approvals/${String(dave['awaits_approval_id'])}/approve`;
    assert.equal((await ask(two.bob, 'POST', path, seen)).body['code'], 'approval_not_found');
    const rolls = await inTransfers(
      `SELECT tenant, count(*)::integer AS voters FROM approval_voters WHERE tenant IN ('one', 'two') GROUP BY tenant ORDER BY tenant`,
    );
    assert.deepEqual(rolls, [
      { tenant: 'one', voters: 5 },
      { tenant: 'two', voters: 6 },
    ]);
  });

  test('is none without a policy: the last one ends the roll, what waits for it grants nothing, and the next first one begins another', async () => {
    const { manager, bob, policy, endPolicy, vote, show, transfer } = await tenant('anew');
    await policy('EUR');
    await policy('USD');
    const dave = await make(manager, 'dave');
    await endPolicy('EUR', 1);
    const erin = await make(manager, 'erin');
    assert.ok(erin['awaits_approval_id']);
    await endPolicy('USD', 1);
    assert.equal(await vote(bob, dave['awaits_approval_id']), 'approval_ended');
    assert.equal((await show(dave['awaits_approval_id']))['status'], 'WITHDRAWN');
    const frank = await make(manager, 'frank');
    assert.equal(frank['awaits_approval_id'], null);
    await inKeys(`UPDATE api_keys SET revoked_at = now() WHERE principal_id = '${String(erin['principal_id'])}'`);
    await policy('EUR');
    assert.equal(await vote(secretOf(frank), await transfer('EUR')), 'APPROVED');
    const asked = { name: 'again', scopes: SCOPES, principal_id: erin['principal_id'] };
    const again = (await ask(manager, 'POST', '/v1/api-keys', asked)).body['awaits_approval_id'];
    assert.notEqual(again, erin['awaits_approval_id']);
    assert.equal((await show(erin['awaits_approval_id']))['status'], 'WITHDRAWN');
  });

  test('are granted once a policy that needed more votes has ended, by whoever votes next, be it again', async () => {
    for (const again of [true, false]) {
      const { manager, bob, carol, policy, vote, show } = await tenant(`fewer-${again ? 'again' : 'next'}`);
      await policy('EUR', { approvals: 2 });
      await policy('USD', { approvals: 1 });
      const grant = (await make(manager, 'late'))['awaits_approval_id'];
      assert.equal(await vote(bob, grant), 'AWAITING');
      const { body: end } = await ask(manager, 'POST', '/v1/approval-policies/EUR/end', { version: 1 });
      for (const voter of [bob, carol]) await vote(voter, end['approval_id']);
      assert.equal((await show(grant))['status'], 'AWAITING');
      assert.equal(await vote(again ? bob : carol, grant), 'approval_policy_changed');
      const { status, currency, needed } = await show(grant);
      assert.deepEqual([status, currency, needed], ['APPROVED', 'USD', 1]);
      assert.equal(await vote(bob, grant), 'APPROVED', 'a repeat');
    }
  });
});
