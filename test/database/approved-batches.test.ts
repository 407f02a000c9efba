// Batches that wait for approvals, over a real database: until the last vote they are a row and what they ask for, and no transfer; afterwards
// exactly what was voted on is accepted, once, whoever does it and however often; and what is not approved moves nothing.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { checkApprovals } from '../../audit/approvals.ts';
import { checkBatches } from '../../audit/batches.ts';
import { collectFindings } from '../../audit/findings.ts';
import { castVote, expireApprovals, withdrawApproval } from '../../db/transfer/approval-queries.ts';
import { claimDueBatches, recordBatchEnds } from '../../db/transfer/batch-queries.ts';
import { listOpenMovements } from '../../db/transfer/state-queries.ts';
import { acceptApproved } from '../../db/transfer/waiting-batches.ts';
import type { ApiKeyId, BatchId, PrincipalId, TransferId } from '../../domain/ids.ts';
import { UNCOUNTED } from '../../domain/transfer/movement-counts.ts';
import { acceptApprovedBatches } from '../../workers/transfer/sweep-approved.ts';
import { bodyOf, useApproving, wallet, type Approving, type Body } from './approving.ts';
import { rowsOf, type TestDatabase } from './database.ts';
import { trace } from './wallets.ts';

const PATH = '/v1/transfer-batches';

describe('a batch that needs an approval', () => {
  let database: TestDatabase;
  let approving: Approving;
  useApproving((started) => ({ database, approving } = started));

  const itemsOf = (currency: string, amounts: readonly string[], sender: string = wallet()) =>
    amounts.map((amount, n) => ({ ...bodyOf(currency, amount, sender), reference: `a "reference", {${n}}\\` }));

  async function send(items: unknown, as = 'alice', key: string = randomUUID()) {
    return approving.ask(as, 'POST', PATH, { items }, key);
  }

  /** A batch of 3 items of 40, under a policy of 100, and its approval. */
  async function waiting(terms: object = { above: '100' }) {
    const currency = approving.nextCurrency();
    await approving.policy(currency, terms);
    const items = itemsOf(currency, ['40', '40', '40']);
    const { status, body } = await send(items);
    assert.deepEqual([status, body['status']], [202, 'AWAITING_APPROVAL'], JSON.stringify(body));
    const id = String(body['batch_id']) as BatchId;
    return { id, currency, items, approval: await approving.approvalOf(id) };
  }

  const batchOf = async (id: BatchId): Promise<Body> => (await approving.ask('alice', 'GET', `${PATH}/${id}`)).body;
  const itemsStored = async (id: BatchId): Promise<number> =>
    (await rowsOf(database.admin, `SELECT FROM transfers WHERE batch_id = '${id}'`)).length;
  const listed = async (id: BatchId, query = ''): Promise<Body> =>
    (await approving.ask('alice', 'GET', `${PATH}/${id}/items${query}`)).body;
  const sweep = () => acceptApprovedBatches({ database: database.service, counts: UNCOUNTED, logger: SILENT });
  const isDue = (id: BatchId): Promise<unknown> =>
    rowsOf(
      database.admin,
      `UPDATE transfer_batches SET start_due_at = now() - interval '1 s' WHERE batch_id = '${id}'`,
    );

  /** The vote alone, as by an API that dies right after it. */
  const voteAlone = (approval: Body, vote: 'approve' | 'reject' | 'override' = 'approve', more: object = {}) =>
    castVote(
      database.service,
      {
        approvalId: approval['approval_id'] as TransferId,
        ...{ vote, bodyHash: String(approval['body_hash']), policyVersion: Number(approval['policy_version']) },
        ...{ comment: 'seen', makers: [], ...more },
      },
      { acting: { actor: 'bob', principalId: randomUUID() as PrincipalId, apiKeyId: randomUUID() as ApiKeyId } },
    );

  /** Of these tests, which others leave as they are. */
  async function problems(): Promise<string[]> {
    const findings = collectFindings();
    await checkApprovals(database.admin, findings);
    await checkBatches(database.admin, findings);
    return findings.violations().map(({ subject, detail }) => `${subject}: ${detail}`);
  }

  test('waits as a row and what it asks for, without a transfer, and shows its items and its approval to who votes', async () => {
    const { id, currency, items, approval } = await waiting({ above: '100', approvals: 2 });
    assert.deepEqual((await batchOf(id))['counts'], { total: 3, pending: 3, completed: 0, failed: 0 });
    assert.equal(await itemsStored(id), 0);
    const { kind, reason, amount, asked_by, needed, proposal } = approval;
    assert.deepEqual(
      { kind, reason, amount, asked_by, needed, proposal },
      { kind: 'batch', reason: 'above', amount: '120.0000', asked_by: 'alice', needed: 2, proposal: null },
    );
    const shown = (await listed(id))['data'] as Body[];
    assert.deepEqual(
      shown.map(({ index, sender_wallet_id, receiver_wallet_id, amount: each, currency: of, reference, status }) => {
        return [index, sender_wallet_id, receiver_wallet_id, each, of, reference, status];
      }),
      items.map(({ sender_wallet_id, receiver_wallet_id, reference }, n) => {
        return [n, sender_wallet_id, receiver_wallet_id, '40.0000', currency, reference, 'AWAITING_APPROVAL'];
      }),
    );
    const {
      data: [first],
      next_cursor: next,
    } = (await listed(id, '?limit=1')) as { data: Body[]; next_cursor: string };
    assert.equal(first!['index'], 0);
    assert.equal(((await listed(id, `?limit=1&cursor=${next}`))['data'] as Body[])[0]!['index'], 1);
    assert.equal((await approving.vote('alice', approval)).body['code'], 'own_request');
    assert.equal((await approving.vote('bob', approval)).body['status'], 'AWAITING');
    assert.equal(await itemsStored(id), 0);
    assert.deepEqual(await claimDueBatches(database.service, { limit: 100, leaseSeconds: 60 }), []);
    assert.deepEqual(await problems(), []);
  });

  test('approved, it has exactly its items, each once, with their events, and is due to be started', async () => {
    const { id, items, approval } = await waiting();
    assert.equal((await approving.vote('bob', approval)).body['status'], 'APPROVED');
    const batch = await batchOf(id);
    assert.equal(batch['status'], 'PROCESSING');
    const transfers = await rowsOf<{ reference: string; status: string; is_same: boolean }>(
      database.admin,
      `SELECT reference, transfers.status, (transfers.created_at, transfers.deadline_at) = (batch.created_at, batch.deadline_at) AS is_same
       FROM transfers JOIN transfer_batches batch USING (batch_id) WHERE batch_id = '${id}' ORDER BY batch_index`,
    );
    assert.deepEqual(
      transfers,
      items.map(({ reference }) => ({ reference, status: 'PENDING', is_same: true })),
    );
    const shown = (await listed(id))['data'] as Body[];
    const { body } = await approving.ask('alice', 'GET', `/v1/transfers/${String(shown[2]!['transfer_id'])}`);
    assert.equal(body['status'], 'PENDING');
    const events = await rowsOf<{ event_count: string }>(
      database.admin,
      `SELECT event_count FROM outbox_events WHERE type = 'transfer.initiated' AND payload::text LIKE '%${String(shown[0]!['transfer_id'])}%'`,
    );
    assert.deepEqual(
      events.map(({ event_count: count }) => Number(count)),
      [3],
    );
    await isDue(id);
    const due = await claimDueBatches(database.service, { limit: 100, leaseSeconds: 60 });
    assert.deepEqual(
      due.map(({ batchId }) => batchId),
      [id],
    );
    assert.deepEqual(await problems(), []);
  });

  test('two last votes at once, and the acceptance many times at once, accept it once', async () => {
    const { id, approval } = await waiting();
    const outcomes = await Promise.all([voteAlone(approval), voteAlone(approval)]);
    assert.deepEqual(outcomes.sort(), ['decided', 'ended']);
    assert.equal((await batchOf(id))['status'], 'AWAITING_APPROVAL');
    const accepted = await Promise.all(Array.from({ length: 8 }, () => acceptApproved(database.service, id)));
    assert.equal(accepted.filter((batch) => batch !== undefined).length, 1);
    assert.equal(await itemsStored(id), 3);
    assert.equal((await batchOf(id))['status'], 'PROCESSING');
  });

  test('an API that dies after the last vote leaves it to the sweep, which accepts it and has it started', async () => {
    const { id, approval } = await waiting();
    assert.equal(await voteAlone(approval), 'decided');
    assert.equal(await itemsStored(id), 0);
    assert.deepEqual(await sweep(), [], 'not before the API had its time');
    await isDue(id);
    const batches = await Promise.all([sweep(), sweep()]);
    assert.deepEqual(
      batches.flat().map(({ batchId, status }) => [batchId, status]),
      [[id, 'PROCESSING']],
    );
    assert.equal(await itemsStored(id), 3);
    assert.deepEqual(await problems(), []);
  });

  test('rejected, expired or withdrawn, it is CANCELED with all of its items, and moves nothing ever', async () => {
    const [rejected, expired, withdrawn] = [await waiting(), await waiting(), await waiting()];
    assert.equal((await approving.vote('bob', rejected.approval, 'reject')).body['status'], 'REJECTED');
    await rowsOf(database.admin, `UPDATE approvals SET expires_at = now() WHERE approval_id = '${expired.id}'`);
    assert.equal(await expireApprovals(database.service, 10), 1);
    assert.equal(await withdrawApproval(database.service, withdrawn.id as string as TransferId), true);
    for (const { id, approval } of [rejected, expired, withdrawn]) {
      const { status, counts } = await batchOf(id);
      assert.deepEqual([status, counts], ['CANCELED', { total: 3, pending: 0, completed: 0, failed: 3 }]);
      assert.deepEqual(
        new Set(((await listed(id))['data'] as Body[]).map((item) => item['status'])),
        new Set(['CANCELED']),
      );
      assert.equal((await approving.vote('carol', approval)).body['code'], 'approval_ended');
      assert.equal(await acceptApproved(database.service, id), undefined);
      await assert.rejects(insertItems(id), isRefused('batch_items_approved'));
      for (const status of ['PROCESSING', 'AWAITING_APPROVAL', 'COMPLETED'])
        await assert.rejects(
          rowsOf(database.service, `UPDATE transfer_batches SET status = '${status}' WHERE batch_id = '${id}'`),
          isRefused(),
        );
      assert.equal(await itemsStored(id), 0);
    }
    assert.deepEqual(await problems(), []);
  });

  test('the database takes no item of one that waits, none that was not voted on, and no status past the votes', async () => {
    const { id, currency, approval } = await waiting();
    await assert.rejects(insertItems(id), isRefused('batch_items_approved'));
    for (const write of [
      `UPDATE transfer_batches SET status = 'PROCESSING' WHERE batch_id = '${id}'`,
      `UPDATE transfer_batches SET status = 'CANCELED', failed_count = item_count WHERE batch_id = '${id}'`,
    ])
      await assert.rejects(rowsOf(database.service, write), isRefused('transfer_batches_awaiting'));
    for (const write of [
      `UPDATE batch_proposals SET amounts = '{1,1,1}' WHERE batch_id = '${id}'`,
      `DELETE FROM batch_proposals WHERE batch_id = '${id}'`,
    ])
      await assert.rejects(rowsOf(database.service, write), isDenied);
    // With what it asks for, nothing that is no policy's any more is let in either.
    await approving.endPolicy(currency, 1);
    await assert.rejects(insertItems(id), isRefused('batch_items_approved'));
    assert.equal(await voteAlone(approval), 'decided');
    for (const other of ['amount + 1', 'amount - 1'])
      await assert.rejects(insertItems(id, { amount: other }), isRefused('batch_items_approved'));
    await assert.rejects(insertItems(id, { receiver: 'gen_random_uuid()' }), isRefused('batch_items_approved'));
    await assert.rejects(insertItems(id, { where: 'batch_index < 2' }), isRefused('batch_items_approved'));
    assert.equal(await itemsStored(id), 0);
    assert.ok(await acceptApproved(database.service, id));
    await assert.rejects(insertItems(id, { index: 'batch_index + 3' }), isRefused('batch_items_approved'));
    assert.equal(await itemsStored(id), 3);
  });

  test('a vote is for the body that was seen, and what is stored is that body', async () => {
    const { id, approval } = await waiting();
    const other = 'ab'.repeat(32);
    assert.equal(
      (await approving.vote('bob', approval, 'approve', { body_hash: other })).body['code'],
      'approval_of_another_body',
    );
    assert.equal((await batchOf(id))['status'], 'AWAITING_APPROVAL');
    await assert.rejects(
      rowsOf(
        database.service,
        `INSERT INTO batch_proposals SELECT gen_random_uuid(), judged_currency, '\\x00', senders, receivers, amounts, currencies,
        item_references, item_hashes FROM batch_proposals WHERE batch_id = '${id}'`,
      ),
      isRefused('batch_proposals_body'),
    );
  });

  test('the same key finds it while it waits and afterwards, and another body is refused', async () => {
    const currency = approving.nextCurrency();
    await approving.policy(currency);
    const [items, key] = [itemsOf(currency, ['500', '1']), randomUUID()];
    const { body } = await send(items, 'alice', key);
    const answers = await Promise.all(Array.from({ length: 4 }, () => send(items, 'alice', key)));
    for (const again of answers) assert.deepEqual(again, { status: 202, body });
    const changed = await send(itemsOf(currency, ['500']), 'alice', key);
    assert.deepEqual([changed.status, changed.body['code']], [422, 'idempotency_key_reused']);
    const waited = await approving.ask('alice', 'GET', '/v1/approvals?status=AWAITING&limit=200');
    assert.equal((waited.body['data'] as Body[]).filter((each) => each['approval_id'] === body['batch_id']).length, 1);
    assert.equal(
      (await approving.vote('bob', await approving.approvalOf(body['batch_id']))).body['status'],
      'APPROVED',
    );
    assert.equal((await send(items, 'alice', key)).body['status'], 'PROCESSING');
  });

  test('a policy that is made stricter meanwhile voids the votes, and an override needs none', async () => {
    const { id, currency, approval } = await waiting({ above: '100', approvals: 2 });
    assert.equal((await approving.vote('bob', approval)).body['given'], 1);
    await approving.policy(currency, { above: '50', approvals: 3 }, 1);
    assert.equal((await approving.vote('carol', approval)).body['code'], 'approval_policy_changed');
    const now = await approving.approvalOf(id);
    assert.deepEqual([now['policy_version'], now['needed'], now['given']], [2, 3, 0]);
    assert.equal((await approving.vote('alice', now, 'override')).body['status'], 'OVERRIDDEN');
    assert.equal((await batchOf(id))['status'], 'PROCESSING');
    assert.equal(await itemsStored(id), 3);
  });

  test('the sum of 24 hours holds over batches at once, and what was approved counts into it no more', async () => {
    const currency = approving.nextCurrency();
    await approving.policy(currency, { above_24h: '100' });
    const sender = wallet();
    const answers = await Promise.all(
      Array.from({ length: 8 }, () =>
        approving.insist('alice', { items: itemsOf(currency, ['20', '20'], sender) }, PATH),
      ),
    );
    const statuses = answers.map(({ body }) => String(body['status'])).sort((one, other) => one.localeCompare(other));
    assert.deepEqual(statuses, [...Array(6).fill('AWAITING_APPROVAL'), 'PROCESSING', 'PROCESSING']);
    for (const { body } of answers.filter((each) => each.body['status'] === 'AWAITING_APPROVAL')) {
      const approval = await approving.approvalOf(body['batch_id']);
      assert.equal(approval['reason'], 'above_24h');
      assert.equal((await approving.vote('bob', approval)).body['status'], 'APPROVED');
    }
    const more = (amount: string) => approving.ask('alice', 'POST', '/v1/transfers', bodyOf(currency, amount, sender));
    assert.equal((await more('20')).body['status'], 'PENDING', 'together with the two that needed none');
    assert.equal((await more('0.01')).body['status'], 'AWAITING_APPROVAL');
    assert.deepEqual(await problems(), []);
  });

  test('of several currencies one may need an approval, which is for that one, and not two', async () => {
    const [first, second] = [approving.nextCurrency(), approving.nextCurrency()];
    await approving.policy(first);
    await approving.policy(second);
    const refused = await send([...itemsOf(first, ['500']), ...itemsOf(second, ['500'])]);
    assert.deepEqual([refused.status, refused.body['code']], [409, 'approval_required']);
    assert.match(String(refused.body['detail']), new RegExp([first, second].sort().join(', ')));
    const mixed = async () =>
      String((await send([...itemsOf(first, ['500']), ...itemsOf(second, ['60'])])).body['batch_id']) as BatchId;
    const [approved, tightened, let_go] = [await mixed(), await mixed(), await mixed()];
    const approval = await approving.approvalOf(approved);
    assert.deepEqual([approval['currency'], approval['amount']], [first, '500.0000']);
    assert.equal((await approving.vote('bob', approval)).body['status'], 'APPROVED');
    assert.equal(await itemsStored(approved), 2);
    // Nobody has voted under the new policy of the other currency: nothing moves.
    await approving.policy(second, { above: '50', approvals: 5 }, 1);
    assert.equal((await approving.vote('bob', await approving.approvalOf(tightened))).body['status'], 'APPROVED');
    assert.deepEqual([(await batchOf(tightened))['status'], await itemsStored(tightened)], ['CANCELED', 0]);
    await approving.vote('bob', await approving.approvalOf(let_go), 'override');
    assert.equal(await itemsStored(let_go), 2);
    assert.deepEqual(await problems(), []);
  });

  test('what it waits for its approval is neither its age nor its duration', async () => {
    const { id, approval } = await waiting();
    const asked = `UPDATE transfer_batches SET created_at = now() - interval '2 hours' WHERE batch_id = '${id}'`;
    await rowsOf(database.admin, asked);
    assert.equal((await approving.vote('bob', approval)).body['status'], 'APPROVED');
    const open = await listOpenMovements(database.service);
    const [items] = open.filter(({ kind }) => kind === 'batch_item');
    assert.ok(items !== undefined && items.oldestSeconds < 3_600 && items.stuck === 0, JSON.stringify(items));
    const lasted: unknown[] = [];
    const of = { batchId: id, places: '0-2', ends: [], bodyHash: String(approval['body_hash']) };
    await recordBatchEnds(database.service, of, trace, ({ lastedSeconds }) => lasted.push(lastedSeconds));
    assert.ok(Number(lasted[0]) < 3_600, JSON.stringify(lasted));
  });

  test('to another tenant it is as if it were not there', async () => {
    const { id, approval } = await waiting();
    for (const path of [`${PATH}/${id}`, `${PATH}/${id}/items`, `/v1/approvals/${id}`])
      assert.equal((await approving.ask('acme:bob', 'GET', path)).status, 404, path);
    assert.equal((await approving.vote('acme:bob', approval)).status, 404);
    const { body } = await approving.ask('acme:bob', 'GET', '/v1/approvals?limit=200');
    assert.deepEqual(body['data'], []);
    const theirs = await send(itemsOf(String(approval['currency']), ['500']), 'acme:alice');
    assert.equal(theirs.body['status'], 'PROCESSING', 'no policy of theirs');
  });

  test('ten thousand items wait, are decided and accepted within the time that a request has', async () => {
    const currency = approving.nextCurrency();
    await approving.policy(currency);
    const { body } = await send(itemsOf(currency, Array(10_000).fill('1') as string[]));
    const id = String(body['batch_id']) as BatchId;
    assert.equal(body['status'], 'AWAITING_APPROVAL');
    assert.equal(await voteAlone(await approving.approvalOf(id)), 'decided');
    assert.ok(await acceptApproved(database.service, id));
    assert.equal((await batchOf(id))['status'], 'PROCESSING');
    assert.equal(await itemsStored(id), 10_000);
  });

  test('one that was let past the check by its administrator is found by the audit', async () => {
    assert.deepEqual(await problems(), []);
    const currency = approving.nextCurrency();
    await approving.policy(currency);
    const [{ id }, { id: other }] = [await waiting(), await waiting()];
    await rowsOf(database.admin, 'ALTER TABLE transfers DISABLE TRIGGER transfers_approved');
    const { body } = await send(itemsOf(currency, ['60', '60']));
    await insertItems(id);
    await rowsOf(database.admin, 'ALTER TABLE transfers ENABLE TRIGGER transfers_approved');
    await rowsOf(database.admin, 'ALTER TABLE transfer_batches DISABLE TRIGGER transfer_batches_awaiting');
    await rowsOf(database.admin, `UPDATE transfer_batches SET status = 'PROCESSING' WHERE batch_id = '${other}'`);
    const found = (await problems()).join('\n');
    assert.match(
      found,
      new RegExp(
        `batch ${String(body['batch_id'])}: it is PROCESSING, of more than the 100.0000 that needs an approval, and has none`,
      ),
    );
    assert.match(found, new RegExp(`batch ${id}: it is AWAITING_APPROVAL, and 3 of its items are transfers`));
    assert.match(found, new RegExp(`batch ${other}: it is PROCESSING, and its approval AWAITING`));
  });

  /** As a program would that does not ask: the items of the batch, or others. */
  function insertItems(
    id: BatchId,
    { amount = 'amount', receiver = 'receiver_wallet_id', index = 'batch_index', where = 'true' } = {},
  ) {
    return rowsOf(
      database.service,
      `INSERT INTO transfers (transfer_id, sender_wallet_id, receiver_wallet_id, amount, currency, reference, idempotency_key, body_hash, request_id, deadline_at,
         batch_id, batch_index)
       SELECT gen_random_uuid(), sender_wallet_id, ${receiver}, ${amount}, currency, reference, gen_random_uuid()::text, body_hash, 'r', now(), '${id}', ${index}
       FROM proposed_items('${id}') WHERE ${where}`,
    );
  }
});

const SILENT = { warn: (...of: unknown[]) => assert.fail(JSON.stringify(of)) } as never;

function isRefused(constraint?: string) {
  return (error: Error): boolean => {
    const cause = error.cause as { code?: string; constraint?: string } | undefined;
    return cause?.code === '23514' && (constraint === undefined || cause.constraint === constraint);
  };
}

function isDenied(error: Error): boolean {
  return (error.cause as { code?: string } | undefined)?.code === '42501';
}
