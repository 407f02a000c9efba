// Batches beside other things that wait, over a real database: the approval of a batch is for a batch alone, and what one has had to wait for has the
// audit judge it by no policy that did not.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { sql } from 'drizzle-orm';
import { checkApprovals } from '../../audit/approvals.ts';
import { checkBatches } from '../../audit/batches.ts';
import { collectFindings } from '../../audit/findings.ts';
import { checkUndone } from '../../audit/undone.ts';
import { transferOverview } from '../../db/transfer/overview-queries.ts';
import { listOpenMovements } from '../../db/transfer/state-queries.ts';
import { acceptApproved, APPROVED_BUT_CANCELED } from '../../db/transfer/waiting-batches.ts';
import type { BatchId } from '../../domain/ids.ts';
import { DEFAULT_TENANT } from '../../domain/tenant.ts';
import { UNCOUNTED } from '../../domain/transfer/movement-counts.ts';
import { acceptApprovedBatches } from '../../workers/transfer/sweep-approved.ts';
import { bodyOf, useApproving, wallet, type Approving } from './approving.ts';
import { rowsOf, type TestDatabase } from './database.ts';

describe('a batch beside what waits', () => {
  let database: TestDatabase;
  let approving: Approving;
  useApproving((started) => ({ database, approving } = started));

  async function problems(): Promise<string[]> {
    const findings = collectFindings();
    await checkApprovals(database.admin, findings);
    await checkBatches(database.admin, findings);
    return findings.violations().map(({ subject, detail }) => `${subject}: ${detail}`);
  }

  test('that was approved and is not accepted is open, is stuck five minutes later, and is left undone after its deadline', async () => {
    const currency = approving.nextCurrency();
    await approving.policy(currency);
    const { body } = await approving.ask('alice', 'POST', '/v1/transfer-batches', {
      items: [bodyOf(currency, '60'), bodyOf(currency, '70')],
    });
    const id = String(body['batch_id']);
    const { body_hash: hash } = await approving.approvalOf(id);
    const open = async () => {
      const { stuck = 0, count = 0 } = (await listOpenMovements(database.service)).find(isOfBatches) ?? {};
      const shown = (await transferOverview(database.service, DEFAULT_TENANT)).open.find(isOfBatches);
      const findings = collectFindings();
      await checkUndone(database.admin, findings);
      const undone = findings.violations().map(({ subject }) => subject);
      return { count, stuck, shown: shown && [shown.currency, shown.amount, shown.stuck], undone };
    };
    const before = await open();
    const ago = (hours: number) => `now() - interval '${hours} hours'`;
    await rowsOf(
      database.admin,
      `UPDATE transfer_batches SET created_at = ${ago(3)}, deadline_at = ${ago(2)} WHERE batch_id = '${id}'`,
    );
    assert.deepEqual(await open(), before, 'it waits for votes');
    // As by an API that dies right after the vote.
    await rowsOf(
      database.service,
      `SELECT cast_vote('${id}', gen_random_uuid(), 'bob', gen_random_uuid(), 'approve', '\\x${String(hash)}', 1, 'seen')`,
    );
    const approved = await open();
    assert.deepEqual([approved.count, approved.stuck], [before.count + 2, before.stuck]);
    assert.deepEqual(approved.undone, before.undone);
    await rowsOf(database.admin, `UPDATE approvals SET decided_at = ${ago(1)} WHERE approval_id = '${id}'`);
    await rowsOf(database.admin, `UPDATE transfer_batches SET deadline_at = ${ago(1)} WHERE batch_id = '${id}'`);
    const later = await open();
    assert.deepEqual([later.count, later.stuck], [before.count + 2, before.stuck + 2]);
    assert.deepEqual(later.shown, [currency, '130.0000', 2]);
    assert.deepEqual(later.undone, [...before.undone, `batch ${id}`]);
  });

  test('is judged as any other, if its id is that of a transfer that waits or was approved', async () => {
    const currency = approving.nextCurrency();
    await approving.policy(currency);
    const approval = await approving.waiting(currency);
    const id = String(approval['approval_id']);
    await rowsOf(
      database.service,
      `INSERT INTO transfer_batches (batch_id, item_count, idempotency_key, body_hash, request_id, deadline_at)
       VALUES ('${id}', 1, 'key', sha256('body'), 'r', now())`,
    );
    const insertItem = () =>
      rowsOf(
        database.service,
        `INSERT INTO transfers (transfer_id, sender_wallet_id, receiver_wallet_id, amount, currency, idempotency_key, body_hash, request_id, deadline_at,
           batch_id, batch_index)
         VALUES (gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 1000, '${currency}', 'item', sha256('item'), 'r', now(), '${id}', 0)`,
      );
    await assert.rejects(insertItem, isRefusedBy('transfers_approved'));
    assert.equal((await approving.vote('bob', approval)).body['status'], 'APPROVED');
    await assert.rejects(insertItem, isRefusedBy('transfers_approved'));
    await rowsOf(database.admin, `DELETE FROM transfer_batches WHERE batch_id = '${id}'`);
  });

  test('that has waited for the votes on another currency is not held against a policy that has ended before it was accepted', async () => {
    const [voted, summed] = [approving.nextCurrency(), approving.nextCurrency()];
    await approving.policy(voted);
    const sender = wallet();
    const send = async (path: string, body: object) =>
      (await approving.ask('alice', 'POST', path, body, randomUUID())).body;
    const batch = await send('/v1/transfer-batches', { items: [bodyOf(voted, '500'), bodyOf(summed, '90', sender)] });
    assert.equal(batch['status'], 'AWAITING_APPROVAL');
    await approving.policy(summed, { above_24h: '100' });
    assert.equal((await send('/v1/transfers', bodyOf(summed, '20', sender)))['status'], 'PENDING');
    for (const table of ['transfers', 'approval_policies'])
      await rowsOf(database.admin, `UPDATE ${table} SET created_at = created_at - interval '1 minute'`);
    await rowsOf(database.admin, `UPDATE transfer_batches SET created_at = created_at - interval '30 seconds'`);
    await approving.policy(summed, { above: '1000' }, 1);
    assert.equal(
      (await approving.vote('bob', await approving.approvalOf(batch['batch_id']))).body['status'],
      'APPROVED',
    );
    const { body } = await approving.ask('alice', 'GET', `/v1/transfer-batches/${String(batch['batch_id'])}`);
    assert.equal(body['status'], 'PROCESSING');
    assert.deepEqual(await problems(), []);
  });

  test('passes no sum of 24 hours by moving later than it was asked for, in a currency that nobody votes on', async () => {
    const [voted, summed, other] = [approving.nextCurrency(), approving.nextCurrency(), approving.nextCurrency()];
    await approving.policy(voted);
    await approving.policy(summed, { above_24h: '100' });
    const ask = async (...items: object[]) =>
      approving.ask('alice', 'POST', '/v1/transfer-batches', { items }, randomUUID());
    const refused = await ask(bodyOf(voted, '500'), bodyOf(summed, '90'));
    assert.deepEqual([refused.status, refused.body['code']], [409, 'approval_required']);
    assert.match(String(refused.body['detail']), new RegExp([voted, summed].sort().join(', ')));
    assert.equal(
      (await ask(bodyOf(voted, '50'), bodyOf(summed, '90'))).body['status'],
      'PROCESSING',
      'it does not wait',
    );

    const { body: waiting } = await ask(bodyOf(voted, '500'), bodyOf(other, '90'));
    assert.equal(waiting['status'], 'AWAITING_APPROVAL');
    await approving.policy(other, { above_24h: '100' });
    const id = String(waiting['batch_id']);
    assert.equal((await approving.vote('bob', await approving.approvalOf(id))).body['status'], 'APPROVED');
    const { body } = await approving.ask('alice', 'GET', `/v1/transfer-batches/${id}`);
    assert.equal(body['status'], 'CANCELED');
    assert.deepEqual(await rowsOf(database.admin, `SELECT FROM transfers WHERE batch_id = '${id}'`), []);
    assert.deepEqual(await problems(), []);
  });

  test('that was approved and ends canceled for another currency, is told of in the log, once, by who finds it', async () => {
    const [voted, other] = [approving.nextCurrency(), approving.nextCurrency()];
    await approving.policy(voted);
    const items = [bodyOf(voted, '500'), bodyOf(other, '90')];
    const id = String((await approving.ask('alice', 'POST', '/v1/transfer-batches', { items })).body['batch_id']);
    await approving.policy(other, { above: '50' });
    const { body_hash: hash } = await approving.approvalOf(id);
    await rowsOf(
      database.service,
      `SELECT cast_vote('${id}', gen_random_uuid(), 'bob', gen_random_uuid(), 'approve', '\\x${String(hash)}', 1, 'seen');
       UPDATE transfer_batches SET start_due_at = now() - interval '1 s' WHERE batch_id = '${id}'`,
    );
    const told: unknown[] = [];
    const logger = { warn: (...of: unknown[]) => told.push(of) } as never;
    const sweep = () => acceptApprovedBatches({ database: database.service, counts: UNCOUNTED, logger });
    assert.deepEqual(await sweep(), []);
    const { body } = await approving.ask('alice', 'GET', `/v1/transfer-batches/${id}`);
    assert.equal(body['status'], 'CANCELED');
    assert.equal(await acceptApproved(database.service, id as BatchId), undefined);
    assert.deepEqual(await sweep(), []);
    assert.deepEqual(told, [[{ batch_id: id }, APPROVED_BUT_CANCELED]]);
  });

  test('that was approved, or let go without, is never canceled, if no other currency of it could be in the way', async () => {
    for (const vote of ['approve', 'override'] as const) {
      const currency = approving.nextCurrency();
      await approving.policy(currency);
      const items = [bodyOf(currency, '60'), bodyOf(currency, '70')];
      const id = String((await approving.ask('alice', 'POST', '/v1/transfer-batches', { items })).body['batch_id']);
      const { body_hash: hash } = await approving.approvalOf(id);
      await rowsOf(
        database.service,
        `SELECT cast_vote('${id}', gen_random_uuid(), 'bob', gen_random_uuid(), '${vote}', '\\x${String(hash)}', 1, 'seen')`,
      );
      const cancel = `UPDATE transfer_batches SET status = 'CANCELED', failed_count = item_count, start_due_at = NULL WHERE batch_id = '${id}'`;
      await assert.rejects(rowsOf(database.service, cancel), isRefusedBy('transfer_batches_awaiting'));
      assert.deepEqual(await problems(), []);
      // As a database that lets everything in.
      await database.admin.transaction(async (transaction) => {
        await transaction.execute(sql.raw('ALTER TABLE transfer_batches DISABLE TRIGGER transfer_batches_awaiting'));
        await transaction.execute(sql.raw(cancel));
        await transaction.execute(sql.raw('ALTER TABLE transfer_batches ENABLE TRIGGER transfer_batches_awaiting'));
      });
      const status = vote === 'approve' ? 'APPROVED' : 'OVERRIDDEN';
      assert.deepEqual(await problems(), [`batch ${id}: it is CANCELED, and its approval ${status}`]);
      await rowsOf(database.admin, `DELETE FROM approval_votes WHERE approval_id = '${id}'`);
      for (const table of [
        'approvals WHERE approval_id',
        'batch_proposals WHERE batch_id',
        'transfer_batches WHERE batch_id',
      ])
        await rowsOf(database.admin, `DELETE FROM ${table} = '${id}'`);
    }
  });
});

const isOfBatches = ({ kind }: { kind: string }): boolean => kind === 'batch_item';

function isRefusedBy(constraint: string): (error: Error) => boolean {
  return ({ cause }) => {
    const refusal = cause as { code?: string; constraint?: string } | undefined;
    return refusal?.code === '23514' && refusal.constraint === constraint;
  };
}
