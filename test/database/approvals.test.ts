// Approvals over a real database: what a policy demands one for does not begin without it, whoever asks, and however votes, changes and time
// fall together.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import pg from 'pg';
import { acceptOrAwait, expireApprovals } from '../../db/transfer/approval-queries.ts';
import { claimDueTransfers } from '../../db/transfer/due-transfers.ts';
import { findTransfer } from '../../db/transfer/queries.ts';
import type { TransferId } from '../../domain/ids.ts';
import { useApproving, bodyOf, type Approving, type Body } from './approving.ts';
import { until } from './consuming.ts';
import { rowsOf, type TestDatabase } from './database.ts';

describe('approvals', () => {
  let database: TestDatabase;
  let approving: Approving;
  useApproving((started) => ({ database, approving } = started));

  test('without a policy nothing waits, and there is no trigger that acceptances pay for', async () => {
    const { body } = await approving.ask('alice', 'POST', '/v1/transfers', bodyOf('USD', '1000000'));
    assert.equal(body['status'], 'PENDING');
    const triggers = await rowsOf(database.admin, `SELECT FROM pg_trigger WHERE tgname = 'transfers_approved'`);
    assert.equal(triggers.length, 0);
  });

  test('what is above the policy waits, and begins with the last vote that is needed, in the same transaction', async () => {
    const currency = approving.nextCurrency();
    await approving.policy(currency, { above: '100', approvals: 2 });
    const { body } = await approving.ask('alice', 'POST', '/v1/transfers', bodyOf(currency, '100'));
    assert.equal(body['status'], 'PENDING');
    const approval = await approving.waiting(currency, '100.01');
    assert.equal((await approving.rowOf(approval)).startDueAt, null);
    assert.equal((await approving.vote('bob', approval)).body['status'], 'AWAITING');
    assert.equal(await approving.statusOf(approval), 'AWAITING_APPROVAL');
    assert.equal((await approving.vote('carol', approval)).body['status'], 'APPROVED');
    const begun = await approving.rowOf(approval);
    assert.equal(begun.status, 'PENDING');
    assert.notEqual(begun.startDueAt, null);
    const steps = await approving.ask('alice', 'GET', `/v1/transfers/${begun.transferId}/steps`);
    assert.deepEqual(
      (steps.body['data'] as Body[]).map(({ step }) => step),
      ['AWAITING_APPROVAL', 'PENDING'],
    );
  });

  test('a scheduled transfer and a hold wait, and have as much time afterwards as they had when they were asked for', async () => {
    const currency = approving.nextCurrency();
    await approving.policy(currency);
    const later = new Date(Date.now() + 3_600_000).toISOString();
    const scheduled = await approving.ask('alice', 'POST', '/v1/transfers', {
      ...bodyOf(currency, '200'),
      scheduled_at: later,
    });
    const hold = { ...bodyOf(currency, '200'), capture_method: 'manual', expires_in: 600 };
    const held = await approving.ask('alice', 'POST', '/v1/transfers', hold);
    for (const { body } of [scheduled, held]) assert.equal(body['status'], 'AWAITING_APPROVAL');
    await rowsOf(
      database.admin,
      `UPDATE transfers SET created_at = created_at - interval '1 hour', deadline_at = deadline_at - interval '1 hour',
         expires_at = expires_at - interval '1 hour' WHERE transfer_id = '${String(held.body['transfer_id'])}'`,
    );
    for (const { body } of [scheduled, held])
      await approving.vote('bob', await approving.approvalOf(body['transfer_id']));
    const rows = await Promise.all(
      [scheduled, held].map(({ body }) => findTransfer(database.service, body['transfer_id'] as TransferId)),
    );
    assert.deepEqual(
      rows.map((row) => row!.status),
      ['SCHEDULED', 'PENDING'],
    );
    assert.ok(rows[1]!.expiresAt!.getTime() > Date.now() + 590_000);
    assert.ok(rows[1]!.deadlineAt.getTime() > Date.now() + 590_000);
  });

  test('who has asked does not approve, with no key', async () => {
    const currency = approving.nextCurrency();
    await approving.policy(currency);
    const approval = await approving.waiting(currency);
    for (const key of ['alice', 'alice/second'])
      assert.deepEqual((await approving.vote(key, approval)).body['code'], 'own_request');
    assert.equal(await approving.statusOf(approval), 'AWAITING_APPROVAL');
  });

  test('one principal counts once, with however many keys', async () => {
    const currency = approving.nextCurrency();
    await approving.policy(currency, { above: '100', approvals: 2 });
    const approval = await approving.waiting(currency);
    for (const key of ['bob', 'bob/second', 'bob'])
      assert.equal((await approving.vote(key, approval)).body['status'], 'AWAITING');
    assert.equal((await approving.approvalOf(approval['approval_id']))['status'], 'AWAITING');
  });

  test('a vote for another body does not count, and the key of the transfer takes no other', async () => {
    const currency = approving.nextCurrency();
    await approving.policy(currency);
    const key = randomUUID();
    const body = bodyOf(currency, '500');
    const { body: made } = await approving.ask('alice', 'POST', '/v1/transfers', body, key);
    const approval = await approving.approvalOf(made['transfer_id']);
    assert.equal(
      (await approving.ask('alice', 'POST', '/v1/transfers', { ...body, amount: '900' }, key)).body['code'],
      'idempotency_key_reused',
    );
    const other = await approving.vote('bob', approval, 'approve', { body_hash: '0'.repeat(64) });
    assert.equal(other.body['code'], 'approval_of_another_body');
    assert.equal(await approving.statusOf(approval), 'AWAITING_APPROVAL');
  });

  test('a policy that is tightened between two votes needs all of them anew', async () => {
    const currency = approving.nextCurrency();
    await approving.policy(currency, { above: '100', approvals: 2 });
    const approval = await approving.waiting(currency);
    await approving.vote('bob', approval);
    await approving.policy(currency, { above: '50', approvals: 2 }, 1);
    assert.equal((await approving.vote('carol', approval)).body['code'], 'approval_policy_changed');
    const renewed = await approving.approvalOf(approval['approval_id']);
    assert.equal(renewed['policy_version'], 2);
    assert.equal((await approving.vote('carol', renewed)).body['status'], 'AWAITING');
    assert.equal(await approving.statusOf(approval), 'AWAITING_APPROVAL');
    assert.equal((await approving.vote('bob', renewed)).body['status'], 'APPROVED');
  });

  test('a vote that waits for a change of the policy is judged by the new one', async () => {
    const currency = approving.nextCurrency();
    await approving.policy(currency);
    const approval = await approving.waiting(currency);
    const terms = { version: 1, above: '50', approvals: 2 };
    const change = (await approving.ask('alice', 'PUT', `/v1/approval-policies/${currency}`, terms)).body;
    const admin = new pg.Client({ connectionString: database.adminUrl });
    await admin.connect();
    try {
      await admin.query('BEGIN');
      await admin.query(
        `SELECT cast_vote($1, gen_random_uuid(), 'carol', gen_random_uuid(), 'approve', decode($2, 'hex'), 1, 'seen')`,
        [change['approval_id'], change['body_hash']],
      );
      const voted = approving.vote('bob', approval);
      const waiting = `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%cast_vote%'`;
      await until('the vote waits', async () => (await rowsOf(database.admin, waiting)).length > 0);
      await admin.query('COMMIT');
      assert.equal((await voted).body['code'], 'approval_policy_changed');
    } finally {
      await admin.end();
    }
    assert.equal(await approving.statusOf(approval), 'AWAITING_APPROVAL');
    assert.equal((await approving.approvalOf(approval['approval_id']))['needed'], 2);
  });

  test('a transfer is judged anew if policies end and begin while it is accepted', async () => {
    const refusal = Object.assign(new pg.DatabaseError('refused', 0, 'error'), { constraint: 'transfers_approved' });
    const ways: boolean[] = [];
    // A row that no policy has wait, so that there seems to be none any more; then there is one again.
    const accepted = await acceptOrAwait<string>(database.service, undefined, String, async (_, isAwaiting) => {
      ways.push(isAwaiting);
      if (ways.length === 1 || ways.length === 3) throw refusal;
      return ways.length === 2 ? randomUUID() : undefined;
    });
    assert.equal(accepted, undefined);
    assert.deepEqual(ways, [false, true, false, true]);
  });

  test('a repeat of setting a policy is answered as the first, and one of other terms is refused', async () => {
    const currency = approving.nextCurrency();
    const first = await approving.policy(currency, { above: '100' });
    assert.deepEqual(await approving.policy(currency, { above: '100.00' }), first);
    const path = `/v1/approval-policies/${currency}`;
    const other = await approving.ask('admin', 'PUT', path, { version: 0, above: '200' });
    assert.equal(other.body['code'], 'approval_policy_changed');
  });

  test('a version that no policy can have is refused as input', async () => {
    const currency = approving.nextCurrency();
    await approving.policy(currency);
    const approval = await approving.waiting(currency);
    const version = 2 ** 31;
    const answers = [
      await approving.vote('bob', approval, 'approve', { policy_version: version }),
      await approving.ask('admin', 'PUT', `/v1/approval-policies/${currency}`, { version, above: '1' }),
      await approving.ask('admin', 'POST', `/v1/approval-policies/${currency}/end`, { version }),
    ];
    for (const { status, body } of answers)
      assert.deepEqual([status, JSON.stringify(body).includes('policy_version_invalid')], [422, true]);
  });

  test('twice approved at once, a transfer begins once', async () => {
    const currency = approving.nextCurrency();
    await approving.policy(currency);
    for (let n = 0; n < 5; n += 1) {
      const approval = await approving.waiting(currency);
      const answers = await Promise.all(
        ['bob', 'carol', 'dave', 'bob/second'].map((as) => approving.vote(as, approval)),
      );
      assert.ok(answers.some(({ status }) => status === 200));
      for (const { status, body } of answers) assert.ok(status === 200 || body['code'] === 'approval_ended');
      const begun = await rowsOf(
        database.admin,
        `SELECT FROM transfer_steps WHERE transfer_id = '${String(approval['approval_id'])}' AND step = 'PENDING'`,
      );
      assert.equal(begun.length, 1);
    }
  });

  test('an approval after the expiry changes nothing, and what has expired or is rejected begins canceled', async () => {
    const currency = approving.nextCurrency();
    await approving.policy(currency);
    const [late, swept, rejected] = [
      await approving.waiting(currency),
      await approving.waiting(currency),
      await approving.waiting(currency),
    ];
    const expire = ({ approval_id: id }: Body) =>
      rowsOf(
        database.admin,
        `UPDATE approvals SET expires_at = now() - interval '1 s' WHERE approval_id = '${String(id)}'`,
      );
    await expire(late);
    assert.equal((await approving.vote('bob', late)).body['code'], 'approval_ended');
    await expire(swept);
    assert.equal(await expireApprovals(database.service, 10), 1);
    assert.equal((await approving.vote('bob', rejected, 'reject')).body['status'], 'REJECTED');
    const due = await claimDueTransfers(database.service, { limit: 100, leaseSeconds: 60 });
    for (const approval of [late, swept, rejected]) {
      const row = await approving.rowOf(approval);
      assert.deepEqual([row.status, row.beginsCanceled, row.startDueAt], ['PENDING', true, null]);
      assert.ok(
        due.some(({ transferId }) => transferId === row.transferId),
        'the sweep starts what makes sure that nothing moves',
      );
      assert.equal((await approving.vote('carol', approval)).body['code'], 'approval_ended');
    }
  });

  test('a transfer that waits can be canceled, and neither captured nor decided', async () => {
    const currency = approving.nextCurrency();
    await approving.policy(currency);
    const approval = await approving.waiting(currency);
    const path = `/v1/transfers/${String(approval['approval_id'])}`;
    assert.equal((await approving.ask('alice', 'POST', `${path}/capture`)).body['code'], 'not_capturable');
    const decision = { action: 'retry', comment: 'now' };
    assert.equal((await approving.ask('alice', 'POST', `${path}/resolve`, decision)).body['code'], 'not_resolvable');
    assert.equal(await approving.statusOf(approval), 'AWAITING_APPROVAL');
  });
});
