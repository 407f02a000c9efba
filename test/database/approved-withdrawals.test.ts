// Money that leaves for the outside world, above a policy: it waits for a second person as a transfer does, whichever way it comes.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { checkApprovals } from '../../audit/approvals.ts';
import { collectFindings } from '../../audit/findings.ts';
import { violatedConstraint } from '../../db/database.ts';
import { claimDueTransactions, findTransaction } from '../../db/transfer/transaction-queries.ts';
import type { TransactionId } from '../../domain/ids.ts';
import { startTransaction } from '../../temporal/transfer/start-movement.ts';
import { INSTALLATION } from '../pure/api-fakes.ts';
import { useApproving, bodyOf, wallet, type Approving, type Body } from './approving.ts';
import { rowsOf, type TestDatabase } from './database.ts';

describe('a withdrawal', () => {
  let database: TestDatabase;
  let approving: Approving;
  useApproving((started) => ({ database, approving } = started));

  const ask = (currency: string, amount: string, type = 'DEBIT', wallet_id: string = wallet()) =>
    approving.ask('alice', 'POST', '/v1/transactions', { wallet_id, type, amount, currency });
  async function waiting(currency: string): Promise<Body> {
    const { status, body } = await ask(currency, '500');
    assert.deepEqual([status, body['status']], [202, 'AWAITING_APPROVAL']);
    return approving.approvalOf(body['transaction_id']);
  }
  const rowOf = async ({ approval_id: id }: Body) => (await findTransaction(database.service, id as TransactionId))!;

  test('above the policy waits, and begins with the vote of another principal, with as much time as it had', async () => {
    const currency = approving.nextCurrency();
    await approving.policy(currency);
    assert.equal((await ask(currency, '100')).body['status'], 'PENDING');
    assert.equal((await ask(currency, '500', 'CREDIT')).body['status'], 'PENDING');
    const approval = await waiting(currency);
    assert.deepEqual(
      [approval['kind'], approval['amount'], approval['asked_by'], approval['reason']],
      ['transaction', '500.0000', 'alice', 'above'],
    );
    const before = await rowOf(approval);
    assert.equal((await approving.vote('alice/second', approval)).body['code'], 'own_request');
    assert.equal((await approving.vote('bob', approval)).body['status'], 'APPROVED');
    const row = await rowOf(approval);
    assert.deepEqual([row.status, row.beginsCanceled], ['PENDING', false]);
    assert.ok(row.deadlineAt > before.deadlineAt && row.startDueAt !== null);
  });

  test('that is rejected begins canceled: it is started only to make sure that nothing moves', async () => {
    const currency = approving.nextCurrency();
    await approving.policy(currency);
    const approval = await waiting(currency);
    await approving.vote('bob', approval, 'reject');
    const row = await rowOf(approval);
    assert.deepEqual([row.status, row.beginsCanceled], ['PENDING', true]);
    const due = await claimDueTransactions(database.service, { limit: 100, leaseSeconds: 9 });
    assert.ok(due.some(({ transactionId }) => transactionId === row.transactionId));
    const started: Body[] = [];
    const client = {
      workflow: { start: async (_: string, { args }: { args: Body[] }) => void started.push(args[0]!) },
    };
    const starter = {
      ...{ client: client as never, binding: { verify: async () => INSTALLATION }, isStillOpen: async () => true },
      ...{ walletShardCount: 1, dispatch: 'ordinary' as const },
    };
    await startTransaction(starter, row);
    await startTransaction(starter, { ...row, status: 'AWAITING_APPROVAL' });
    assert.deepEqual(
      started.map(({ beginsCanceled }) => beginsCanceled),
      [true],
    );
  });

  test('is summed with the transfers of its wallet, over a hundred of both at once', async () => {
    const currency = approving.nextCurrency();
    await approving.policy(currency, { above_24h: '1000' });
    const sender = wallet();
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, n) =>
        n % 2 === 0
          ? approving.insist('alice', bodyOf(currency, '50', sender))
          : approving.insist('alice', { wallet_id: sender, type: 'DEBIT', amount: '50', currency }, '/v1/transactions'),
      ),
    );
    const count = (status: string): number => answers.filter(({ body }) => body['status'] === status).length;
    assert.deepEqual([count('PENDING'), count('AWAITING_APPROVAL')], [20, 40]);
  });

  test('is refused by the database by whatever path, and its status is written by the votes alone', async () => {
    const currency = approving.nextCurrency();
    await approving.policy(currency);
    const columns =
      'transaction_id, wallet_id, type, amount, currency, idempotency_key, body_hash, request_id, deadline_at';
    const refusal = (constraint: string) => (error: unknown) => violatedConstraint(error) === constraint;
    await assert.rejects(
      rowsOf(
        database.service,
        `INSERT INTO transactions (${columns}) VALUES (gen_random_uuid(), gen_random_uuid(), 'DEBIT', 500, '${currency}', '${randomUUID()}', '\\x00', 'r', now())`,
      ),
      refusal('transactions_approved'),
    );
    const approval = await waiting(currency);
    const id = String(approval['approval_id']);
    for (const status of ['PENDING', 'PROCESSED'])
      await assert.rejects(
        rowsOf(database.service, `UPDATE transactions SET status = '${status}' WHERE transaction_id = '${id}'`),
        refusal('transactions_awaiting'),
      );
    await rowsOf(
      database.admin,
      `UPDATE approvals SET status = 'APPROVED', decided_at = now() WHERE approval_id = '${id}'`,
    );
    const findings = collectFindings();
    await checkApprovals(database.admin, findings);
    assert.ok(
      findings
        .violations()
        .some(({ detail }) => detail === 'a transaction, it is AWAITING_APPROVAL, and its approval APPROVED'),
    );
  });
});
