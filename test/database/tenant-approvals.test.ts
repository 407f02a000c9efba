// What waits for a second person, of each tenant by itself: a policy of one demands nothing of another, whatever the other asks for and from
// whichever wallet, and nothing that waits is to another as if it were there.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { checkApprovals } from '../../audit/approvals.ts';
import { collectFindings } from '../../audit/findings.ts';
import { acceptTransfer } from '../../db/transfer/acceptance.ts';
import { askDecision } from '../../db/transfer/approval-queries.ts';
import { recordCaseAction } from '../../db/transfer/case-log.ts';
import { openDisagreement } from '../../db/transfer/case-queries.ts';
import { transferOverview } from '../../db/transfer/overview-queries.ts';
import { findTransfer, recordTransferAttention } from '../../db/transfer/queries.ts';
import type { Currency } from '../../domain/currency.ts';
import type { CaseId, PrincipalId, TransferId } from '../../domain/ids.ts';
import { DEFAULT_TENANT, type Tenant } from '../../domain/tenant.ts';
import { INSTALLATION } from '../pure/api-fakes.ts';
import { approvingOver, bodyOf, wallet, type Approving, type Body } from './approving.ts';
import { rowsOf, startCluster, type TestCluster, type TestDatabase } from './database.ts';
import { trace } from './wallets.ts';

const ACME = 'acme' as Tenant;
const BOLT = 'bolt' as Tenant;

describe('a policy of one tenant', () => {
  let cluster: TestCluster;
  let database: TestDatabase;
  let approving: Approving;
  const sent: Body[] = [];
  const workflow = {
    getHandle: () => ({ startUpdate: async (_: unknown, { args }: { args: [Body] }) => void sent.push(args[0]) }),
    start: async () => {},
  };
  before(async () => {
    cluster = await startCluster();
    ({ transfer: database } = await cluster.createStores({ shards: 1, connectionsMax: 10 }));
    const starter = {
      ...{ client: { workflow } as never, binding: { verify: async () => INSTALLATION } },
      ...{ isStillOpen: async () => false, walletShardCount: 1, dispatch: 'ordinary' as const },
    };
    approving = approvingOver(database, { starter });
  });
  after(() => cluster?.stop());

  async function policy(tenant: Tenant, currency: Currency, terms: object = { above: '100' }): Promise<void> {
    const path = `/v1/approval-policies/${currency}`;
    const { status, body } = await approving.ask(`${tenant}:admin`, 'PUT', path, { version: 0, ...terms });
    assert.equal(status, 200, JSON.stringify(body));
  }
  const send = async (tenant: Tenant, currency: Currency, amount: string, more: object = {}, sender = wallet()) =>
    (await approving.ask(`${tenant}:alice`, 'POST', '/v1/transfers', { ...bodyOf(currency, amount, sender), ...more }))
      .body;
  async function withdraw(tenant: Tenant, currency: Currency, amount: string, from = wallet()): Promise<Body> {
    const body = { wallet_id: from, type: 'DEBIT', amount, currency };
    return (await approving.ask(`${tenant}:alice`, 'POST', '/v1/transactions', body)).body;
  }

  /** A transfer whose compensation keeps failing. */
  async function stuck(tenant: Tenant, currency: Currency): Promise<{ id: TransferId; caseId: CaseId }> {
    const id = randomUUID() as TransferId;
    const terms = { tenant, transferId: id, senderWalletId: wallet(), receiverWalletId: wallet() };
    const acceptance = { idempotencyKey: randomUUID(), bodyHash: '00', deadlineSeconds: 600 };
    await acceptTransfer(
      database.service,
      { ...terms, amount: '500.0000', currency },
      { ...acceptance, reference: undefined, metadata: undefined },
      trace,
    );
    await recordTransferAttention(database.service, id, 'cancel_credit_failing', 'gone');
    return { id, caseId: (await findTransfer(database.service, id))!.attentionCaseId! };
  }
  /** A finding about a transfer: what giving its money back would give, only the ledger knows. */
  async function disagreement({ id }: { id: TransferId }): Promise<CaseId> {
    await rowsOf(
      database.admin,
      `UPDATE cases SET status = 'RESOLVED', resolved_at = now() WHERE transfer_id = '${id}'`,
    );
    await rowsOf(database.admin, `UPDATE transfers SET attention_case_id = NULL WHERE transfer_id = '${id}'`);
    const finding = { subject: `transfer/${id}`, reason: 'entries_disagree', detail: 'said by a test' } as const;
    assert.equal(await openDisagreement(database.service, finding, 0), 'opened');
    const open = `SELECT case_id FROM cases WHERE transfer_id = '${id}' AND status = 'OPEN'`;
    return (await rowsOf<{ case_id: CaseId }>(database.admin, open))[0]!.case_id;
  }
  const decide = (
    tenant: Tenant,
    caseId: CaseId,
    action: 'refund' | 'write_off',
    transferId: TransferId | null = null,
  ) =>
    askDecision(
      database.service,
      { caseId, action, comment: 'x', transferId },
      { acting: { tenant, actor: 'alice', principalId: randomUUID() as PrincipalId }, trace },
    );
  const record = (id: TransferId, action: 'refund' | 'write_off') =>
    recordCaseAction(database.service, id, { action, actor: 'x', comment: 'x', requestKey: randomUUID() });

  test('has its own withdrawals wait, and those of no other', async () => {
    const currency = approving.nextCurrency();
    await policy(ACME, currency);
    const statuses = await Promise.all(
      [ACME, BOLT, DEFAULT_TENANT].map(async (tenant) => (await withdraw(tenant, currency, '500'))['status']),
    );
    assert.deepEqual(statuses, ['AWAITING_APPROVAL', 'PENDING', 'PENDING']);
  });

  test('sums in 24 hours what its tenant withdraws and sends, and nothing that another asks for from the same wallet', async () => {
    const currency = approving.nextCurrency();
    await policy(ACME, currency, { above_24h: '1000' });
    const from = wallet();
    for (const { status } of [
      await withdraw(BOLT, currency, '900', from),
      await send(BOLT, currency, '900', {}, from),
      await withdraw(ACME, currency, '500', from),
      await send(ACME, currency, '500', {}, from),
    ])
      assert.equal(status, 'PENDING');
    assert.equal((await withdraw(ACME, currency, '1', from))['status'], 'AWAITING_APPROVAL');
    assert.equal((await send(ACME, currency, '1', {}, from))['status'], 'AWAITING_APPROVAL');
    assert.equal((await withdraw(BOLT, currency, '900', from))['status'], 'PENDING');
  });

  test('sums what its tenant has scheduled for one day, and nothing that another has', async () => {
    const currency = approving.nextCurrency();
    for (const tenant of [ACME, BOLT]) await policy(tenant, currency, { above_24h: tenant === ACME ? '1000' : '5000' });
    const from = wallet();
    const scheduled = { scheduled_at: new Date(Date.now() + 100 * 3_600_000).toISOString() };
    const statusOf = async (tenant: Tenant, amount: string) =>
      (await send(tenant, currency, amount, scheduled, from))['status'];
    assert.equal(await statusOf(BOLT, '4000'), 'SCHEDULED');
    assert.equal(await statusOf(ACME, '1000'), 'SCHEDULED');
    assert.equal(await statusOf(ACME, '1'), 'AWAITING_APPROVAL');
    assert.equal(await statusOf(BOLT, '1000'), 'SCHEDULED');
    assert.equal(await statusOf(BOLT, '1'), 'AWAITING_APPROVAL');
  });

  test('has decisions about its own cases wait, and about those of no other, whatever the case is of', async () => {
    const currency = approving.nextCurrency();
    const [own, others] = [await stuck(ACME, currency), await stuck(BOLT, currency)];
    await policy(ACME, currency);
    assert.notEqual(await decide(ACME, own.caseId, 'write_off', own.id), undefined);
    assert.equal(await decide(BOLT, others.caseId, 'write_off', others.id), undefined);
    assert.deepEqual([await record(own.id, 'write_off'), await record(others.id, 'write_off')], [false, true]);
    // Of a finding, whatever its currency: as long as its tenant has any policy.
    const found = await decide(ACME, await disagreement(await stuck(ACME, 'USD' as Currency)), 'refund');
    const [row] = await rowsOf(database.admin, `SELECT tenant, reason FROM approvals WHERE approval_id = '${found}'`);
    assert.deepEqual({ ...row }, { tenant: ACME, reason: 'always' });
    for (const tenant of ['cord' as Tenant, DEFAULT_TENANT])
      assert.equal(
        await decide(tenant, await disagreement(await stuck(tenant, 'USD' as Currency)), 'refund'),
        undefined,
      );
  });

  test('has the audit find what its tenant has given back without an approval, and nothing of another', async () => {
    const currency = approving.nextCurrency();
    const [own, others] = [await stuck(ACME, currency), await stuck(BOLT, currency)];
    await policy(ACME, currency);
    const since = `created_at = created_at - interval '1 min'`;
    await rowsOf(database.admin, `UPDATE approval_policies SET ${since} WHERE currency = '${currency}'`);
    await rowsOf(database.admin, 'ALTER TABLE case_actions DISABLE TRIGGER case_actions_approved');
    for (const { id } of [own, others]) assert.equal(await record(id, 'refund'), true);
    await rowsOf(database.admin, 'ALTER TABLE case_actions ENABLE TRIGGER case_actions_approved');
    const findings = collectFindings();
    await checkApprovals(database.admin, findings);
    const found = findings.violations().filter(({ detail }) => detail.includes('the refund'));
    assert.deepEqual(
      found.map(({ subject }) => subject),
      [`transfer ${own.id}`],
    );
  });

  test('has the audit find an approval that is another tenant’s than what waits for it', async () => {
    const currency = approving.nextCurrency();
    const { id, caseId } = await stuck(ACME, currency);
    await policy(ACME, currency);
    const waiting = [
      (await send(ACME, currency, '500'))['transfer_id'],
      (await withdraw(ACME, currency, '500'))['transaction_id'],
      await decide(ACME, caseId, 'refund', id),
    ];
    const give = (from: Tenant, to: Tenant) =>
      rowsOf(
        database.admin,
        `UPDATE approvals SET tenant = '${to}' WHERE tenant = '${from}' AND currency = '${currency}'`,
      );
    const found = async (): Promise<string[]> => {
      const findings = collectFindings();
      await checkApprovals(database.admin, findings);
      const others = findings.violations().filter(({ detail }) => detail.includes('of the tenant'));
      return others.map(({ subject }) => subject).toSorted();
    };
    assert.deepEqual(await found(), []);
    await give(ACME, BOLT);
    assert.deepEqual(await found(), waiting.map((each) => `transfer ${String(each)}`).toSorted());
    await give(BOLT, ACME);
  });

  test('shows what waits to its tenant alone, of whatever kind, and is voted on by nobody else', async () => {
    const currency = approving.nextCurrency();
    const { id } = await stuck(ACME, currency);
    await policy(ACME, currency);
    const resolve = (as: string, action: string) =>
      approving.ask(as, 'POST', `/v1/transfers/${id}/resolve`, { action, comment: 'as agreed' });
    for (const action of ['refund', 'write_off'])
      assert.equal((await resolve('bolt:bob', action)).body['code'], 'transfer_not_found');
    const waiting = [
      (await send(ACME, currency, '500'))['transfer_id'],
      (await withdraw(ACME, currency, '500'))['transaction_id'],
      (await resolve('acme:alice', 'refund')).body['approval_id'],
      (await resolve('acme:alice', 'write_off')).body['approval_id'],
    ];
    const listed = async (as: string) => {
      const { body } = await approving.ask(as, 'GET', '/v1/approvals?limit=100');
      const all = (body['data'] as Body[]).filter(({ approval_id: each }) => waiting.includes(each));
      return all.map(({ kind }) => String(kind)).toSorted();
    };
    assert.deepEqual(await listed('acme:bob'), ['refund', 'transaction', 'transfer', 'write_off']);
    const counted = async (tenant: Tenant) => (await transferOverview(database.service, tenant)).approvals.count;
    assert.deepEqual([(await counted(ACME)) >= 4, await counted(DEFAULT_TENANT)], [true, 0]);
    for (const as of ['bolt:bob', 'bob']) {
      assert.deepEqual(await listed(as), []);
      for (const each of waiting) {
        const path = `/v1/approvals/${String(each)}`;
        const { body: seen } = await approving.ask('acme:bob', 'GET', path);
        assert.equal((await approving.ask(as, 'GET', path)).body['code'], 'approval_not_found');
        for (const what of ['approve', 'reject', 'override'])
          assert.equal((await approving.vote(as, seen, what)).body['code'], 'approval_not_found');
        assert.equal((await approving.ask('acme:bob', 'GET', path)).body['status'], 'AWAITING');
      }
    }
  });

  test('shows what waits to its tenant, however much newer of others there is', async () => {
    const currency = approving.nextCurrency();
    await policy(ACME, currency);
    const cord = 'cord' as Tenant;
    await policy(cord, currency);
    const id = (await send(cord, currency, '500'))['transfer_id'];
    await rowsOf(
      database.admin,
      `INSERT INTO approvals (approval_id, tenant, kind, reason, body_hash, amount, currency, policy_version, needed, expires_at)
       SELECT gen_random_uuid(), '${ACME}', kind, reason, body_hash, amount, currency, policy_version, needed, expires_at
       FROM approvals, generate_series(1, 10001) WHERE approval_id = '${String(id)}'`,
    );
    const listed: unknown[] = [];
    let path: string | undefined = '/v1/approvals';
    for (let page = 0; path !== undefined && page < 10; page += 1) {
      const { body } = await approving.ask('cord:bob', 'GET', path);
      listed.push(...(body['data'] as Body[]).map(({ approval_id: each }) => each));
      const next = body['next_cursor'] as string | null;
      path = next === null ? undefined : `/v1/approvals?cursor=${next}`;
    }
    assert.deepEqual(listed, [id]);
    await rowsOf(database.admin, `DELETE FROM approvals WHERE tenant = '${ACME}' AND currency = '${currency}'`);
  });

  test('keeps none of its own waiting for what another asks for from the same wallet', async () => {
    const currency = approving.nextCurrency();
    for (const tenant of [ACME, BOLT]) await policy(tenant, currency, { above_24h: '1000' });
    const from = wallet();
    const holder = await database.service.$client.connect();
    try {
      // As a large batch of the other, whose acceptance takes its time.
      await holder.query('BEGIN');
      await holder.query(
        `INSERT INTO transfers (transfer_id, tenant, sender_wallet_id, receiver_wallet_id, amount, currency, idempotency_key, body_hash, request_id, deadline_at)
         VALUES ($1, $2, $3, $4, 1, $5, 'of the other', '\\x00', 'x', now())`,
        [randomUUID(), BOLT, from, wallet(), currency],
      );
      assert.equal((await send(ACME, currency, '1', {}, from))['status'], 'PENDING');
    } finally {
      await holder.query('ROLLBACK');
      holder.release();
    }
  });

  test('has a decision carried out for its tenant, in whose audit log it is', async () => {
    const currency = approving.nextCurrency();
    const [{ id }, other] = [await stuck(ACME, currency), await stuck(ACME, currency)];
    await policy(ACME, currency);
    const comment = 'as agreed';
    const { body } = await approving.ask('acme:alice', 'POST', `/v1/transfers/${id}/resolve`, {
      action: 'refund',
      comment,
    });
    sent.length = 0;
    assert.equal((await approving.vote('acme:bob', body)).body['status'], 'APPROVED');
    assert.deepEqual(
      sent.map(({ tenant, actor }) => [tenant, actor]),
      [[ACME, 'alice']],
    );
    const caseId = await disagreement(other);
    const found = await decide(ACME, caseId, 'refund', other.id);
    const { body: approval } = await approving.ask('acme:bob', 'GET', `/v1/approvals/${String(found)}`);
    assert.equal((await approving.vote('acme:bob', approval)).body['status'], 'APPROVED');
    const logged = await rowsOf(
      database.admin,
      `SELECT payload->>'tenant' AS tenant FROM outbox_events WHERE type = 'audit.case-decided' AND payload::text LIKE '%${caseId}%'`,
    );
    assert.deepEqual(
      logged.map(({ tenant }) => tenant),
      [ACME],
    );
  });
});
