// Operators' decisions that give money back or write it off, above a policy: they wait for a second person, are carried out once that one
// agrees, and are in no log before, whichever way they come.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { checkApprovals } from '../../audit/approvals.ts';
import { collectFindings } from '../../audit/findings.ts';
import { acceptTransfer } from '../../db/transfer/acceptance.ts';
import { claimDueDecisions, findApproval } from '../../db/transfer/approval-queries.ts';
import { recordCaseAction } from '../../db/transfer/case-log.ts';
import { listCaseActions, openDisagreement } from '../../db/transfer/case-queries.ts';
import { findTransfer, recordTransferAttention } from '../../db/transfer/queries.ts';
import type { Currency } from '../../domain/currency.ts';
import type { CaseId, TransferId } from '../../domain/ids.ts';
import { DEFAULT_TENANT } from '../../domain/tenant.ts';
import { carryOutDecision } from '../../temporal/transfer/carry-out.ts';
import { INSTALLATION } from '../pure/api-fakes.ts';
import { approvingOver, wallet, type Approving, type Body } from './approving.ts';
import { rowsOf, startCluster, type TestCluster, type TestDatabase } from './database.ts';
import { trace } from './wallets.ts';

type Sent = { readonly workflow: string; readonly asked: Body; readonly updateId?: string };

describe('a decision about a case', () => {
  let cluster: TestCluster;
  let database: TestDatabase;
  let approving: Approving;
  const sent: Sent[] = [];
  let refuses: Error | undefined;
  const workflow = {
    getHandle: (id: string) => ({
      startUpdate: async (_: unknown, { args, updateId }: { args: [Body]; updateId: string }) => {
        sent.push({ workflow: id, asked: args[0], updateId });
        if (refuses !== undefined) throw refuses;
      },
    }),
    start: async (type: string, { args }: { args: [Body] }) => void sent.push({ workflow: type, asked: args[0] }),
  };
  const starter = {
    client: { workflow } as never,
    binding: { verify: async () => INSTALLATION },
    ...{ isStillOpen: async () => false, walletShardCount: 1, dispatch: 'ordinary' as const },
  };
  before(async () => {
    cluster = await startCluster();
    ({ transfer: database } = await cluster.createStores({ shards: 1, connectionsMax: 10 }));
    approving = approvingOver(database, { starter });
  });
  after(() => cluster?.stop());

  /** A transfer whose compensation keeps failing. */
  async function stuck(currency: Currency, amount = '500.0000'): Promise<TransferId> {
    const id = randomUUID() as TransferId;
    const terms = { transferId: id, senderWalletId: wallet(), receiverWalletId: wallet(), amount, currency };
    const acceptance = { idempotencyKey: randomUUID(), bodyHash: '00', deadlineSeconds: 600 };
    await acceptTransfer(database.service, terms, { ...acceptance, reference: undefined, metadata: undefined }, trace);
    await recordTransferAttention(database.service, id, 'cancel_credit_failing', 'gone');
    return id;
  }
  const resolve = (as: string, id: string, action: string) =>
    approving.ask(as, 'POST', `/v1/transfers/${id}/resolve`, { action, comment: 'as agreed' });
  const record = (id: TransferId, action: 'refund' | 'write_off' | 'retry') =>
    recordCaseAction(database.service, id, { action, actor: 'x', comment: 'x', requestKey: randomUUID() });
  const caseOf = async (id: TransferId): Promise<CaseId> =>
    (await findTransfer(database.service, id))!.attentionCaseId!;
  const isRefused = (error: { cause?: { constraint?: string }; constraint?: string }): boolean =>
    (error.cause?.constraint ?? error.constraint) === 'case_actions_approved';

  for (const action of ['refund', 'write_off'] as const)
    test(`a ${action} above the policy waits, tells what it would do, and is carried out once another principal agrees`, async () => {
      const currency = approving.nextCurrency();
      const id = await stuck(currency);
      await approving.policy(currency);
      assert.equal(await record(id, action), false);
      const { status, body } = await resolve('alice', id, action);
      assert.equal(status, 202);
      const caseId = await caseOf(id);
      assert.deepEqual(
        [body['kind'], body['status'], body['amount'], body['asked_by'], body['proposal']],
        [action, 'AWAITING', '500.0000', 'alice', { case_id: caseId, transfer_id: id, comment: 'as agreed' }],
      );
      assert.deepEqual(await approving.approvalOf(body['approval_id']), body);
      assert.equal((await resolve('bob', id, action)).body['approval_id'], body['approval_id'], 'it waits once');
      assert.equal((await approving.vote('alice/second', body)).body['code'], 'own_request');
      assert.equal(await record(id, action), false);

      sent.length = 0;
      assert.equal((await approving.vote('bob', body)).body['status'], 'APPROVED');
      const asked = { action, comment: 'as agreed', actor: 'alice', bodyHash: '00' };
      assert.equal(sent.length, 1);
      const { asked: told, ...where } = sent[0]!;
      const updateId = `approval/${String(body['approval_id'])}`;
      assert.deepEqual(where, { workflow: `transfer/${id}`, updateId });
      assert.deepEqual({ ...told, ...asked }, told);
      assert.equal(await isDue(body), false);
      assert.equal(await record(id, action), true);
    });

  test('what is not known to be carried out is due, and a repeat is the same request; what its workflow refuses is over', async () => {
    const currency = approving.nextCurrency();
    const id = await stuck(currency);
    await approving.policy(currency);
    const { body } = await resolve('alice', id, 'write_off');
    refuses = new Error('Temporal is gone');
    await approving.vote('bob', body);
    assert.equal(await isDue(body), true);
    await rowsOf(
      database.admin,
      `UPDATE approvals SET start_due_at = now() - interval '1 s' WHERE start_due_at IS NOT NULL`,
    );
    refuses = new WorkflowUpdateFailedError('no', ApplicationFailure.nonRetryable('no', 'not_resolvable'));
    sent.length = 0;
    for (const each of await claimDueDecisions(database.service, { limit: 9, leaseSeconds: 9 }))
      await carryOutDecision(starter, database.service, each);
    refuses = undefined;
    assert.deepEqual(
      sent.map(({ updateId }) => updateId),
      [`approval/${String(body['approval_id'])}`],
    );
    assert.equal(await isDue(body), false);
  });

  test('what is rejected or has expired is not carried out, and is asked for anew', async () => {
    const currency = approving.nextCurrency();
    const id = await stuck(currency);
    await approving.policy(currency);
    const rejected = (await resolve('alice', id, 'refund')).body;
    sent.length = 0;
    assert.equal((await approving.vote('bob', rejected, 'reject')).body['status'], 'REJECTED');
    const late = (await resolve('alice', id, 'refund')).body;
    assert.notEqual(late['approval_id'], rejected['approval_id']);
    await rowsOf(
      database.admin,
      `UPDATE approvals SET expires_at = now() WHERE approval_id = '${String(late['approval_id'])}'`,
    );
    assert.equal((await approving.vote('bob', late)).body['code'], 'approval_ended');
    assert.equal(await record(id, 'refund'), false);
    assert.deepEqual(sent, []);
    assert.notEqual((await resolve('alice', id, 'refund')).body['approval_id'], late['approval_id']);
  });

  test('no program writes one into the log that has no approval; another action, or a smaller amount, needs none', async () => {
    const currency = approving.nextCurrency();
    const [id, small] = [await stuck(currency), await stuck(currency, '100.0000')];
    await approving.policy(currency);
    const caseId = await caseOf(id);
    for (const actor of ['x', 'counterpoise'])
      await assert.rejects(
        rowsOf(
          database.service,
          `INSERT INTO case_actions (case_id, action, actor, comment) VALUES ('${caseId}', 'refund', '${actor}', 'x')`,
        ),
        isRefused,
      );
    assert.equal(await record(id, 'retry'), true);
    assert.equal(await record(small, 'refund'), true);
    await approving.endPolicy(currency, 1);
  });

  test('the refund of a lost row, whose amount the ledger alone knows, waits as long as there is any policy, and is logged once', async () => {
    const currency = approving.nextCurrency();
    await approving.policy(currency);
    const subject = `movement/${randomUUID()}`;
    await openDisagreement(database.service, { subject, reason: 'entries_without_movement', detail: 'x' }, 0);
    const [row] = await rowsOf<{ case_id: CaseId }>(
      database.admin,
      `SELECT case_id FROM cases WHERE subject = '${subject}'`,
    );
    const caseId = row!.case_id;
    const refund = (as: string) =>
      approving.ask(as, 'POST', `/v1/cases/${caseId}/resolve`, { action: 'refund', comment: 'lost' });
    const { status, body } = await refund('alice');
    assert.deepEqual([status, body['kind'], body['reason'], body['amount']], [202, 'refund', 'always', null]);
    sent.length = 0;
    assert.equal((await approving.vote('bob', body)).body['status'], 'APPROVED');
    const approval = (await findApproval(database.service, DEFAULT_TENANT, body['approval_id'] as TransferId))!;
    await carryOutDecision(starter, database.service, approval);
    assert.deepEqual(
      sent.map(({ workflow: of, asked: { caseId: about } }) => [of, about]),
      Array(2).fill(['refundCase', caseId]),
    );
    const log = await listCaseActions(database.service, caseId);
    assert.deepEqual(
      log.map(({ action, actor, comment }) => [action, actor, comment]),
      [
        ['opened', 'counterpoise', 'x'],
        ['refund', 'alice', 'lost'],
      ],
    );
  });

  test('one that was let past the check by its administrator is found by the audit', async () => {
    const currency = approving.nextCurrency();
    const id = await stuck(currency);
    await approving.policy(currency);
    await rowsOf(
      database.admin,
      `UPDATE approval_policies SET created_at = created_at - interval '1 min' WHERE currency = '${currency}'`,
    );
    await rowsOf(database.admin, 'ALTER TABLE case_actions DISABLE TRIGGER case_actions_approved');
    for (let n = 0; n < 2; n += 1) assert.equal(await record(id, 'refund'), true);
    await rowsOf(database.admin, 'ALTER TABLE case_actions ENABLE TRIGGER case_actions_approved');
    const findings = collectFindings();
    await checkApprovals(database.admin, findings);
    assert.deepEqual(
      findings
        .violations()
        .map(({ subject, detail }) => `${subject}: ${detail}`)
        .filter((found) => found.includes('refund')),
      [`transfer ${id}: the refund of 500.0000, of more than 100.0000, has no approval`],
    );
  });

  async function isDue({ approval_id: id }: Body): Promise<boolean> {
    return (await findApproval(database.service, DEFAULT_TENANT, id as TransferId))!.startDueAt !== null;
  }
});
