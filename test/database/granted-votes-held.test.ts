// The database holds who may vote, whichever program asks: where the version before has set the policy, against the service's own role, and with
// everything at once; and the audit finds who has voted past it.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkApprovals } from '../../audit/approvals.ts';
import { collectFindings } from '../../audit/findings.ts';
import { bodyOf, type Body } from './approving.ts';
import { rowsOf } from './database.ts';
import { secretOf, tenantOf, useVotingKeys, type VotingKeys } from './voting-keys.ts';

describe('the votes that count', () => {
  let keys: VotingKeys;
  useVotingKeys((started) => (keys = started));
  const tenant = (name: string) => tenantOf(keys, name);
  const make: VotingKeys['make'] = (...asked) => keys.make(...asked);
  const ask: VotingKeys['ask'] = (...asked) => keys.ask(...asked);
  const inTransfers = (statement: string) => rowsOf<Body>(keys.transfer.admin, statement);
  const rollOf = async (name: string): Promise<number> =>
    (
      await inTransfers(
        `SELECT FROM approval_voters JOIN voter_rolls USING (tenant, roll) WHERE tenant = '${name}' AND ended_at IS NULL`,
      )
    ).length;

  async function problems(): Promise<string[]> {
    const findings = collectFindings();
    await checkApprovals(keys.transfer.admin, findings);
    return findings.violations().map(({ subject, detail }) => `${subject}: ${detail}`);
  }

  /** As a program of the version before sets a policy. */
  const setAsBefore = (name: string, currency: string) =>
    rowsOf(
      keys.transfer.service,
      `SELECT set_approval_policy('${currency}', 0, 10, NULL, 1, 3600, 'before', '${name}')`,
    );

  test('where the version before has set the policy are of those who could vote when this one was first asked, and of no later one', async () => {
    const [one, two] = [await tenant('before-key'), await tenant('before-vote')];
    for (const name of ['before-key', 'before-vote']) await setAsBefore(name, 'EUR');
    assert.equal(await rollOf('before-key'), 0);
    assert.ok((await make(one.manager, 'dave'))['awaits_approval_id']);
    assert.equal(await rollOf('before-key'), 5);

    const id = await two.transfer('EUR');
    assert.equal(await two.vote(two.bob, id), 'APPROVED');
    assert.equal(await rollOf('before-vote'), 5);
    assert.ok((await make(two.manager, 'dave'))['awaits_approval_id']);
  });

  test('are written by functions alone, of which none makes a voter without an approval once there is a roll', async () => {
    const { manager, policy } = await tenant('role');
    await policy('EUR');
    const { principal_id: id, awaits_approval_id: grant } = await make(manager, 'dave');
    for (const write of [
      `INSERT INTO approval_voters (tenant, roll, principal_id) VALUES ('role', 1, '${String(id)}')`,
      `UPDATE voter_rolls SET ended_at = now() WHERE tenant = 'role'`,
      `DELETE FROM voter_rolls WHERE tenant = 'role'`,
      `SELECT begin_roll('role', ARRAY['${String(id)}']::uuid[], now())`,
      `SELECT decide_approval('${String(grant)}', 'APPROVED')`,
    ])
      await assert.rejects(
        rowsOf(keys.transfer.service, write),
        (error: Error) => (error.cause as { code?: string } | undefined)?.code === '42501',
        write,
      );
    await rowsOf(keys.transfer.service, `SELECT record_voters('role', ARRAY['${String(id)}']::uuid[])`);
    assert.equal(await rollOf('role'), 5);
  });

  test('never wait for each other: whatever is asked, granted, voted and ended at once, nobody is left without an answer', async () => {
    const { manager, bob, carol, asker, policy, transfer, show, cast } = await tenant('at-once');
    await policy('EUR');
    await policy('USD');
    for (let version = 1; version <= 4; version += 1) {
      const [transfers, made] = await Promise.all([
        Promise.all([transfer('EUR'), transfer('USD'), transfer('EUR')]),
        Promise.all([`dave-${version}`, `erin-${version}`].map((name) => make(manager, name))),
      ]);
      const ends = await Promise.all(
        ['EUR', 'USD'].map((code) => ask(asker, 'POST', `/v1/approval-policies/${code}/end`, { version })),
      );
      const answers = await Promise.all([
        ...transfers.flatMap((id) => [bob, carol, ...made.map(secretOf)].map((key) => cast(key, id))),
        ...made.flatMap((each) => [bob, carol].map((key) => cast(key, each['awaits_approval_id']))),
        ...ends.flatMap(({ body }) => [bob, carol].map((key) => cast(key, body['approval_id']))),
        ...['EUR', 'USD'].map((code) => ask(asker, 'POST', '/v1/transfers', bodyOf(code, '500'))),
      ]);
      for (const { status, body } of answers) assert.ok(status < 500, JSON.stringify(body));
      for (const { body } of ends) assert.equal((await show(body['approval_id']))['status'], 'APPROVED');
      assert.equal(await rollOf('at-once'), 0);
      const set = await Promise.all(['EUR', 'USD'].map((code) => policy(code)));
      for (const { status } of set) assert.equal(status, 200);
      assert.equal(await rollOf('at-once'), 5 + 2 * version);
    }
    assert.deepEqual(await problems(), []);
  });

  test('are found by the audit, if an administrator counts those of somebody whose votes do not, or puts somebody on the roll', async () => {
    assert.deepEqual(await problems(), []);
    const { manager, bob, policy, transfer, vote } = await tenant('audited');
    await policy('EUR', { approvals: 2 });
    const id = await transfer('EUR');
    assert.equal(await vote(bob, id), 'AWAITING');
    const dave = await make(manager, 'dave');
    const erin = await make(manager, 'erin');
    await inTransfers(
      `INSERT INTO approval_votes (approval_id, principal_id, principal, api_key_id, vote, policy_version, comment)
       VALUES ('${String(id)}', '${String(dave['principal_id'])}', 'dave', '${String(dave['api_key_id'])}', 'approve', 1, '')`,
    );
    const put = (made: Body, by: string | null) =>
      inTransfers(
        `INSERT INTO approval_voters (tenant, roll, principal_id, granted_by_id)
         VALUES ('audited', 1, '${String(made['principal_id'])}', ${by === null ? 'NULL' : `'${by}'`})`,
      );
    await put(erin, String(erin['awaits_approval_id']));
    const frank = await make(manager, 'frank');
    await put(frank, null);
    assert.deepEqual(
      (await problems()).sort(),
      [
        `approval ${String(id)}: dave has approved it, and its votes do not count`,
        `principal ${String(erin['principal_id'])}: its votes count, and the approval of that is AWAITING`,
        `principal ${String(frank['principal_id'])}: its votes count, and the approval of that is not there`,
      ].sort(),
    );
  });
});
