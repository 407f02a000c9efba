// The ways by which a transfer may come that needs an approval: each of them waits or is refused, by the database itself, and so is whatever
// would go past the votes but the one way that is meant to.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { sql } from 'drizzle-orm';
import { checkApprovals } from '../../audit/approvals.ts';
import { collectFindings } from '../../audit/findings.ts';
import { acceptReversal, acceptTransfer } from '../../db/transfer/acceptance.ts';
import { acceptGroup } from '../../db/transfer/group-queries.ts';
import { createRecurringTransfer, findRecurringTransfer } from '../../db/transfer/recurring-queries.ts';
import { acceptTriggeredRun } from '../../db/transfer/recurring-runs.ts';
import { recordTransferStatus } from '../../db/transfer/queries.ts';
import type { Currency } from '../../domain/currency.ts';
import type { RecurringTransferId, TransferId } from '../../domain/ids.ts';
import { useApproving, bodyOf, wallet, type Approving } from './approving.ts';
import { rowsOf, type TestDatabase } from './database.ts';
import { asked, groupOf } from './groups.ts';
import { trace, transfer as terms } from './wallets.ts';

describe('what needs an approval', () => {
  let database: TestDatabase;
  let approving: Approving;
  useApproving((started) => ({ database, approving } = started));

  test('the sum of 24 hours holds over a hundred transfers of one wallet at once', async () => {
    const currency = approving.nextCurrency();
    await approving.policy(currency, { above_24h: '1000' });
    const sender = wallet();
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => approving.insist('alice', bodyOf(currency, '50', sender))),
    );
    const begun = answers.filter(({ body }) => body['status'] === 'PENDING');
    assert.deepEqual(
      answers.filter(({ status }) => status !== 202),
      [],
    );
    assert.equal(begun.length, 20);
    const first = answers.find(({ body }) => body['status'] === 'AWAITING_APPROVAL')!;
    assert.equal((await approving.approvalOf(first.body['transfer_id']))['reason'], 'above_24h');
    const other = await approving.ask('alice', 'POST', '/v1/transfers', bodyOf(currency, '50'));
    assert.equal(other.body['status'], 'PENDING');
  });

  test('the sum of 24 hours is of those in which the money moves, whenever each part was asked for', async () => {
    const currency = approving.nextCurrency();
    await approving.policy(currency, { above_24h: '100' });
    const sender = wallet();
    const inHours = (hours: number): string => new Date(Date.now() + hours * 3_600_000).toISOString();
    const statusOf = async (hours: number | undefined): Promise<unknown> => {
      const scheduled = hours === undefined ? {} : { scheduled_at: inHours(hours) };
      const body = { ...bodyOf(currency, '60', sender), ...scheduled };
      return (await approving.ask('alice', 'POST', '/v1/transfers', body)).body['status'];
    };
    assert.equal(await statusOf(100), 'SCHEDULED');
    await rowsOf(
      database.admin,
      `UPDATE transfers SET created_at = created_at - interval '2 days' WHERE currency = '${currency}'`,
    );
    for (const hours of [80, 100, 120]) assert.equal(await statusOf(hours), 'AWAITING_APPROVAL');
    for (const hours of [70, 130]) assert.equal(await statusOf(hours), 'SCHEDULED');
    assert.equal(await statusOf(20), 'SCHEDULED');
    assert.equal(await statusOf(undefined), 'AWAITING_APPROVAL', 'with what moves in twenty hours');
  });

  test('whichever way an amount above the policy comes, it waits or is refused, and none of it begins', async () => {
    const currency = approving.nextCurrency();
    const sent = {
      transferId: randomUUID() as TransferId,
      senderWalletId: wallet(),
      receiverWalletId: wallet(),
      amount: '500.0000',
      currency,
    };
    const acceptance = {
      reference: undefined,
      metadata: undefined,
      idempotencyKey: randomUUID(),
      bodyHash: '00',
      deadlineSeconds: 600,
    };
    const done = await acceptTransfer(database.service, sent, acceptance, trace);
    await recordTransferStatus(database.service, done!.transferId, { status: 'COMPLETED' }, trace);
    const order = await recurring(currency);
    await approving.policy(currency);

    const back = {
      ...sent,
      transferId: randomUUID() as TransferId,
      senderWalletId: sent.receiverWalletId,
      receiverWalletId: sent.senderWalletId,
    };
    const reversal = await acceptReversal(
      database.service,
      back,
      { ...acceptance, idempotencyKey: randomUUID() },
      sent.transferId,
      trace,
    );
    assert.ok(reversal !== 'exceeds' && reversal?.status === 'AWAITING_APPROVAL');
    const run = await acceptTriggeredRun(database.service, order, randomUUID(), 600, trace);
    assert.equal(run?.status, 'AWAITING_APPROVAL');
    assert.equal((await approving.approvalOf(run.transferId))['needed'], 2);
    const items = [1, 2, 3].map(() => bodyOf(currency, '40'));
    const batch = await approving.ask('alice', 'POST', '/v1/transfer-batches', { items });
    assert.equal(batch.body['status'], 'AWAITING_APPROVAL');
    const group = [terms(wallet(), wallet(), '500.0000', currency), terms(wallet(), wallet(), '5.0000', currency)];
    await assert.rejects(acceptGroup(database.service, groupOf(), group.map(asked)), isRefused);
    const begun = await rowsOf(
      database.admin,
      `SELECT FROM transfers WHERE currency = '${currency}' AND status <> 'AWAITING_APPROVAL' AND transfer_id <> '${sent.transferId}'`,
    );
    assert.equal(begun.length, 0);
  });

  test('the database refuses a path that skips the check, and a status that is written past the votes', async () => {
    const currency = approving.nextCurrency();
    await approving.policy(currency);
    const columns =
      'transfer_id, sender_wallet_id, receiver_wallet_id, amount, currency, status, idempotency_key, body_hash, request_id, deadline_at';
    for (const status of ['PENDING', 'DEBITED', 'COMPLETED'])
      await assert.rejects(
        rowsOf(
          database.service,
          `INSERT INTO transfers (${columns}) VALUES (gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 500, '${currency}', '${status}', gen_random_uuid()::text, '\\x00', 'r', now())`,
        ),
        isRefused,
      );
    const approval = await approving.waiting(currency);
    const id = String(approval['approval_id']);
    for (const status of ['SCHEDULED', 'PENDING', 'DEBITED', 'COMPLETED', 'CANCELED'])
      await assert.rejects(
        rowsOf(database.service, `UPDATE transfers SET status = '${status}' WHERE transfer_id = '${id}'`),
        isRefused,
      );
    for (const write of [
      `UPDATE approvals SET status = 'APPROVED', decided_at = now() WHERE approval_id = '${id}'`,
      `INSERT INTO approval_votes SELECT '${id}', gen_random_uuid(), 'x', gen_random_uuid(), 'approve', 1, 'x', now()`,
      `UPDATE approval_policies SET ended_at = now()`,
      `UPDATE transfers SET begins_canceled = true WHERE transfer_id = '${id}'`,
      `SELECT decide_approval('${id}', 'APPROVED')`,
    ])
      await assert.rejects(rowsOf(database.service, write), isDenied, write);
    assert.equal(await approving.statusOf(approval), 'AWAITING_APPROVAL');
  });

  test('a transfer that was let past the check by its administrator is found by the audit', async () => {
    const currency = approving.nextCurrency();
    await approving.policy(currency);
    const problems = async (): Promise<string[]> => {
      const findings = collectFindings();
      await checkApprovals(database.admin, findings);
      return findings.violations().map(({ subject, detail }) => `${subject}: ${detail}`);
    };
    assert.deepEqual(await problems(), []);
    await rowsOf(database.admin, 'ALTER TABLE transfers DISABLE TRIGGER transfers_approved');
    const { body } = await approving.ask('alice', 'POST', '/v1/transfers', bodyOf(currency, '500'));
    await rowsOf(database.admin, 'ALTER TABLE transfers ENABLE TRIGGER transfers_approved');
    const approval = await approving.waiting(currency);
    const id = String(approval['approval_id']);
    await rowsOf(
      database.admin,
      `UPDATE approvals SET status = 'APPROVED', decided_at = now() WHERE approval_id = '${id}'`,
    );
    const late = String((await approving.waiting(currency))['approval_id']);
    await rowsOf(
      database.admin,
      `INSERT INTO approval_votes SELECT approval_id, asked_by_id, asked_by, asked_by_id, 'approve', policy_version, 'x', expires_at + interval '1 s'
       FROM approvals WHERE approval_id = '${late}'`,
    );
    assert.deepEqual(
      (await problems()).sort(),
      [
        `transfer ${String(body['transfer_id'])}: it is PENDING, of more than the 100.0000 that needs an approval, and has none`,
        `transfer ${id}: it is approved, by 0 of the 1 principals that it needs`,
        `transfer ${id}: it is AWAITING_APPROVAL, and its approval APPROVED`,
        `transfer ${late}: alice has asked for it, and has approved it`,
        `transfer ${late}: alice has voted 00:00:01 after the time for it`,
      ].sort(),
    );
  });

  test('the audit judges by every policy that may have, however often it was changed, and sums what was sent in a day', async () => {
    const [currency, summed] = [approving.nextCurrency(), approving.nextCurrency()];
    for (let version = 0; version < 3; version += 1)
      await approving.policy(currency, { above: version === 1 ? '300' : '100' }, version);
    await approving.policy(summed, { above_24h: '100' });
    await rowsOf(database.admin, 'ALTER TABLE transfers DISABLE TRIGGER transfers_approved');
    const sender = wallet();
    const sent = async (of: string, amount: string): Promise<string> =>
      String((await approving.ask('alice', 'POST', '/v1/transfers', bodyOf(of, amount, sender))).body['transfer_id']);
    const [large, first, second] = [await sent(currency, '500'), await sent(summed, '60'), await sent(summed, '60')];
    await rowsOf(database.admin, 'ALTER TABLE transfers ENABLE TRIGGER transfers_approved');
    const found = async (): Promise<string[]> => {
      const findings = collectFindings();
      await checkApprovals(database.admin, findings);
      return findings.violations().map(({ subject }) => subject);
    };
    assert.ok((await found()).includes(`transfer ${large}`));
    assert.ok((await found()).includes(`transfer ${second}`));
    assert.ok(!(await found()).includes(`transfer ${first}`));
    // While it was being accepted, the policy was changed for one under which it needs none.
    await approving.policy(currency, { above: '1000' }, 3);
    assert.ok(!(await found()).includes(`transfer ${large}`));
  });

  test('an override lets one go at once, by whoever has its scope, and is an event of its own', async () => {
    const currency = approving.nextCurrency();
    await approving.policy(currency, { above: '100', approvals: 5 });
    const approval = await approving.waiting(currency);
    assert.equal((await approving.vote('alice', approval, 'override')).body['status'], 'OVERRIDDEN');
    assert.equal(await approving.statusOf(approval), 'PENDING');
    const events = await database.admin.execute<{ type: string; principal: string }>(sql`
      SELECT type, payload -> 'data' ->> 'principal' AS principal FROM outbox_events
      WHERE subject = ${String(approval['approval_id'])} AND type LIKE 'audit.%' ORDER BY sequence`);
    assert.deepEqual(events.rows, [
      { type: 'audit.approval-asked', principal: 'alice' },
      { type: 'audit.approval-overridden', principal: 'alice' },
    ]);
  });

  test('a policy takes the place of the one that its writer has seen, and of no other', async () => {
    const currency = approving.nextCurrency();
    await approving.policy(currency);
    const path = `/v1/approval-policies/${currency}`;
    assert.equal(
      (await approving.ask('admin', 'PUT', path, { version: 0, above: '5' })).body['code'],
      'approval_policy_changed',
    );
    assert.equal((await approving.ask('admin', 'PUT', path, { version: 1 })).status, 422);
    await approving.endPolicy(currency, 1);
    const { body } = await approving.ask('alice', 'POST', '/v1/transfers', bodyOf(currency, '500'));
    assert.equal(body['status'], 'PENDING');
  });

  async function recurring(currency: Currency) {
    const id = randomUUID() as RecurringTransferId;
    const rest = {
      reference: null,
      metadata: {},
      everySeconds: 3_600,
      calendar: null,
      timeZone: 'UTC',
      startsAt: null,
    };
    const order = {
      senderWalletId: wallet(),
      receiverWalletId: wallet(),
      amount: '500.0000',
      currency,
      ...rest,
      endsAt: null,
    };
    await createRecurringTransfer(database.service, id, order, { idempotencyKey: id, bodyHash: '00' }, trace);
    return (await findRecurringTransfer(database.service, id))!;
  }
});

function isRefused(error: Error): boolean {
  const { constraint } = error.cause as { constraint?: string };
  return constraint === 'transfers_approved' || constraint === 'transfers_awaiting';
}

function isDenied(error: Error): boolean {
  return (error.cause as { code?: string } | undefined)?.code === '42501';
}
