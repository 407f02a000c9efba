// Changes of policies over a real database: the first policy of a currency holds at once, and no change of one without the votes that it
// demands, however requests, votes and time fall together, and whatever a program asks the database for.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkApprovals } from '../../audit/approvals.ts';
import { collectFindings } from '../../audit/findings.ts';
import { useApproving, bodyOf, type Approving, type Body } from './approving.ts';
import { rowsOf, type TestDatabase } from './database.ts';

describe('a change of a policy', () => {
  let database: TestDatabase;
  let approving: Approving;
  useApproving((started) => ({ database, approving } = started));

  const pathOf = (currency: string): string => `/v1/approval-policies/${currency}`;
  const set = (as: string, currency: string, terms: Body) => approving.ask(as, 'PUT', pathOf(currency), terms);
  async function asked(as: string, currency: string, terms: Body): Promise<Body> {
    const { status, body } = await set(as, currency, terms);
    assert.equal(status, 202, JSON.stringify(body));
    return body;
  }
  async function present(currency: string, as = 'admin'): Promise<Body | undefined> {
    const { body } = await approving.ask(as, 'GET', '/v1/approval-policies');
    return (body['data'] as Body[]).find((each) => each['currency'] === currency);
  }
  const statusOf = async (approval: Body): Promise<unknown> =>
    (await approving.approvalOf(approval['approval_id']))['status'];
  const inDatabase = (statement: string) => rowsOf(database.admin, statement);
  const auditOf = (currency: string) =>
    rowsOf<{ type: string; principal: string; approval: string | null }>(
      database.admin,
      `SELECT type, payload -> 'data' ->> 'principal' AS principal, payload -> 'data' ->> 'approval_id' AS approval FROM outbox_events
       WHERE payload -> 'data' ->> 'object' = '${currency}' ORDER BY sequence`,
    );

  test('waits for as many as the policy demands, none of them who has asked, and holds with the last vote', async () => {
    const currency = approving.nextCurrency();
    assert.equal((await set('alice', currency, { version: 0, above: '100', approvals: 2 })).status, 200);
    const change = await asked('alice', currency, { version: 1, above: '100000', approvals: 1 });
    assert.deepEqual(
      [change['kind'], change['status'], change['needed'], change['amount'], change['currency'], change['asked_by']],
      ['policy', 'AWAITING', 2, null, currency, 'alice'],
    );
    const terms = { above: '100000.0000', approvals: '1', expires_in: '259200' };
    assert.deepEqual(change['proposal'], { action: 'set', currency, version: '1', ...terms });
    assert.deepEqual(await approving.approvalOf(change['approval_id']), change);
    for (const key of ['alice', 'alice/second'])
      assert.equal((await approving.vote(key, change)).body['code'], 'own_request');
    for (const key of ['bob', 'bob/second'])
      assert.equal((await approving.vote(key, change)).body['status'], 'AWAITING');
    assert.equal((await present(currency))!['version'], 1);
    await approving.waiting(currency);

    assert.equal((await approving.vote('carol', change)).body['status'], 'APPROVED');
    const now = (await present(currency))!;
    assert.deepEqual([now['version'], now['above'], now['set_by']], [2, '100000.0000', 'alice']);
    const { body } = await approving.ask('alice', 'POST', '/v1/transfers', bodyOf(currency, '500'));
    assert.equal(body['status'], 'PENDING');
    assert.deepEqual(await auditOf(currency), [
      { type: 'audit.approval-policy-set', principal: 'alice', approval: null },
      { type: 'audit.approval-policy-set', principal: 'alice', approval: change['approval_id'] },
    ]);
    assert.deepEqual(await set('bob', currency, { version: 1, above: '100000', approvals: 1 }), {
      status: 200,
      body: now,
    });
  });

  test('waits also if it demands more, or ends the policy; after the end a first one holds at once', async () => {
    const currency = approving.nextCurrency();
    await approving.policy(currency);
    const tighter = await asked('alice', currency, { version: 1, above: '50' });
    assert.equal((await approving.vote('bob', tighter)).body['status'], 'APPROVED');
    const { status, body: end } = await approving.ask('alice', 'POST', `${pathOf(currency)}/end`, { version: 2 });
    assert.deepEqual([status, end['proposal']], [202, { action: 'end', currency, version: '2' }]);
    assert.equal((await present(currency))!['version'], 2);
    assert.equal((await approving.vote('bob', end)).body['status'], 'APPROVED');
    assert.equal(await present(currency), undefined);
    assert.deepEqual((await auditOf(currency)).at(-1), {
      ...{ type: 'audit.approval-policy-ended', principal: 'alice', approval: end['approval_id'] },
    });
    assert.equal((await set('alice', currency, { version: 0, above: '7' })).status, 200);
    assert.equal((await present(currency))!['version'], 3);
  });

  test('is the only one that waits, until it is rejected, by who has asked if need be, or has expired', async () => {
    const currency = approving.nextCurrency();
    await approving.policy(currency);
    const first = await asked('alice', currency, { version: 1, above: '500' });
    assert.equal((await asked('bob', currency, { version: 1, above: '500.00' }))['approval_id'], first['approval_id']);
    const other = await set('bob', currency, { version: 1, above: '600' });
    assert.deepEqual([other.status, other.body['code']], [409, 'policy_change_waiting']);
    assert.match(String(other.body['detail']), new RegExp(String(first['approval_id'])));
    assert.equal((await approving.vote('alice', first, 'reject')).body['status'], 'REJECTED');
    const second = await asked('bob', currency, { version: 1, above: '600' });
    await inDatabase(`UPDATE approvals SET expires_at = now() WHERE approval_id = '${String(second['approval_id'])}'`);
    const third = await asked('bob', currency, { version: 1, above: '700' });
    assert.equal(await statusOf(second), 'EXPIRED');
    assert.equal((await approving.vote('carol', second)).body['code'], 'approval_ended');
    await inDatabase(`UPDATE approvals SET expires_at = now() WHERE approval_id = '${String(third['approval_id'])}'`);
    assert.equal((await approving.vote('carol', third)).body['code'], 'approval_ended');
    assert.equal((await present(currency))!['above'], '100.0000');
  });

  test('is voted on as it was seen, and never takes the place of another version than the one that its asker has seen', async () => {
    const currency = approving.nextCurrency();
    await approving.policy(currency);
    assert.equal((await set('alice', currency, { version: 3, above: '5' })).body['code'], 'approval_policy_changed');
    const change = await asked('alice', currency, { version: 1, above: '500' });
    const other = await approving.vote('bob', change, 'approve', { body_hash: '0'.repeat(64) });
    assert.equal(other.body['code'], 'approval_of_another_body');
    const version = await approving.vote('bob', change, 'approve', { policy_version: 2 });
    assert.equal(version.body['code'], 'approval_policy_changed');
    const proposal = JSON.stringify({ action: 'set', currency, version: 1, above: 9, approvals: 1, expires_in: 60 });
    await inDatabase(
      `SELECT put_approval_policy('default', '${proposal}', 'administrator', '${String(change['approval_id'])}')`,
    );
    assert.equal((await approving.vote('bob', change)).body['code'], 'approval_ended');
    assert.equal(await statusOf(change), 'WITHDRAWN');
    assert.equal((await present(currency))!['above'], '9.0000');
  });

  test('is refused by the database whichever way a program asks for it', async () => {
    const currency = approving.nextCurrency();
    await approving.policy(currency);
    const change = await asked('alice', currency, { version: 1, above: '500' });
    const id = String(change['approval_id']);
    const proposal = JSON.stringify({ action: 'end', currency, version: 1 });
    const former = await rowsOf<{ version: number | null }>(
      database.service,
      `SELECT set_approval_policy('${currency}', v, above, NULL, 1, 60, 'x', 'default') AS version
       FROM (VALUES (0, 5), (1, 5), (1, NULL)) AS given (v, above)
       UNION ALL SELECT set_approval_policy('${currency}', 1, NULL, NULL, NULL, NULL, 'x', 'default')`,
    );
    assert.deepEqual(
      former.map(({ version }) => version),
      [null, null, null, null],
    );
    for (const write of [
      `SELECT put_approval_policy('default', '${proposal}', 'x', NULL)`,
      `SELECT put_approval_policy('default', '${proposal}', 'x', '${id}')`,
      `SELECT decide_approval('${id}', 'APPROVED')`,
      `UPDATE approval_policies SET ended_at = now(), ended_by_id = '${id}'`,
      `UPDATE approvals SET proposal = '${proposal}' WHERE approval_id = '${id}'`,
      `INSERT INTO approval_policies (currency, version, above, approvals, expires_in_seconds, set_by) VALUES ('${currency}', 2, 5, 1, 60, 'x')`,
    ])
      await assert.rejects(rowsOf(database.service, write), isRefused('42501'), write);
    // Not even a function that its owner calls ends one without an approval.
    for (const write of [
      `SELECT put_approval_policy('default', '${proposal}', 'x', NULL)`,
      `UPDATE approval_policies SET ended_at = now() WHERE currency = '${currency}'`,
    ])
      await assert.rejects(inDatabase(write), isRefused('23514'), write);
    assert.equal((await present(currency))!['version'], 1);
  });

  test('is let go without votes by whoever may override, so that a policy that nobody can fulfill is no trap', async () => {
    const currency = approving.nextCurrency();
    await approving.policy(currency, { above: '1', approvals: 5 });
    const change = await asked('alice', currency, { version: 1, above: '1000' });
    assert.equal((await approving.vote('alice', change, 'override')).body['status'], 'OVERRIDDEN');
    assert.equal((await present(currency))!['approvals'], 1);
  });

  test('of one tenant needs no votes of another, and is nothing to it', async () => {
    const currency = approving.nextCurrency();
    await approving.policy(currency);
    assert.equal((await set('acme:alice', currency, { version: 0, above: '5' })).status, 200);
    const change = await asked('acme:alice', currency, { version: 1, above: '10' });
    assert.equal((await approving.vote('bob', change)).body['code'], 'approval_not_found');
    await asked('alice', currency, { version: 1, above: '10' });
    assert.equal((await approving.vote('acme:bob', change)).body['status'], 'APPROVED');
    assert.deepEqual(
      [(await present(currency))!['above'], (await present(currency, 'acme:alice'))!['above']],
      ['100.0000', '10.0000'],
    );
  });

  test('never waits for votes on transfers that wait for it: whatever is asked and voted at once, nobody is left without an answer', async () => {
    const currency = approving.nextCurrency();
    await approving.policy(currency);
    for (let version = 1; version <= 4; version += 1) {
      const transfers = await Promise.all(Array.from({ length: 4 }, () => approving.waiting(currency)));
      const change = await asked('alice', currency, { version, above: '100', approvals: 1 + (version % 2) });
      const answers = await Promise.all([
        ...transfers.flatMap((each) => ['bob', 'carol'].map((as) => approving.vote(as, each))),
        ...['dave', 'bob', 'carol'].map((as) => approving.vote(as, change)),
        ...transfers.map(() => approving.ask('alice', 'POST', '/v1/transfers', bodyOf(currency, '500'))),
        set('erin', currency, { version, above: '100', approvals: 1 + (version % 2) }),
        set('erin', currency, { version, above: '200' }),
      ]);
      const allowed = ['approval_ended', 'approval_policy_changed', 'policy_change_waiting', undefined];
      for (const { status, body } of answers)
        assert.ok(status < 500 && allowed.includes(body['code'] as string | undefined), JSON.stringify(body));
      assert.equal(await statusOf(change), 'APPROVED');
    }
    assert.equal((await present(currency))!['version'], 5);
  });

  test('that was made past its approval by an administrator is found by the audit', async () => {
    const problems = async (): Promise<string[]> => {
      const findings = collectFindings();
      await checkApprovals(database.admin, findings);
      return findings
        .violations()
        .map(({ subject, detail }) => `${subject}: ${detail}`)
        .filter((found) => !found.startsWith('transfer'));
    };
    await inDatabase('TRUNCATE approval_policies, approval_votes, approval_voters, approvals');
    const [one, two] = [approving.nextCurrency(), approving.nextCurrency()];
    for (const currency of [one, two]) await approving.policy(currency);
    const made = await asked('alice', one, { version: 1, above: '300' });
    await approving.vote('bob', made);
    await approving.endPolicy(two, 1);
    assert.deepEqual(await problems(), []);
    await inDatabase(`UPDATE approval_policies SET above = 900 WHERE currency = '${one}' AND version = 2`);
    const waiting = await asked('alice', one, { version: 2, above: '400' });
    await inDatabase(
      `UPDATE approvals SET proposal = proposal || '{"above": "5000"}' WHERE approval_id = '${String(waiting['approval_id'])}'`,
    );
    await inDatabase(
      `UPDATE approval_policies SET ended_at = clock_timestamp(), ended_by_id = '${String(waiting['approval_id'])}' WHERE currency = '${one}' AND version = 2`,
    );
    const [policy] = await rowsOf<{ policy_id: string }>(
      database.admin,
      `SELECT policy_id FROM approval_policies WHERE currency = '${one}' AND version = 2`,
    );
    assert.deepEqual(
      (await problems()).sort(),
      [
        `approval ${String(made['approval_id'])}: the change of the policy of ${one} is APPROVED, and the policy is not as it says`,
        `approval ${String(waiting['approval_id'])}: what it would do is other than what was voted on`,
        `policy ${policy!.policy_id}: version 2 of the policy of ${one} has ended, and its change is AWAITING`,
      ].sort(),
    );
  });
});

function isRefused(sqlState: string) {
  return (error: Error): boolean => (error.cause as { code?: string } | undefined)?.code === sqlState;
}
