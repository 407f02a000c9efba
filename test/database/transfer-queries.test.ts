// Transfers and transactions in the transfer database: an accepted movement is stored once with its step and its event, a status
// only ever rises, and each movement that is not known to be started is claimed by one sweep at a time.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Database } from '../../db/database.ts';
import * as transactions from '../../db/transfer/transaction-queries.ts';
import { acceptTransfer, type Acceptance } from '../../db/transfer/acceptance.ts';
import * as transfers from '../../db/transfer/queries.ts';
import * as sweeping from '../../db/transfer/due-transfers.ts';
import { bodyHash, walletId } from '../../domain/derived-id.ts';
import type { TransferId } from '../../domain/ids.ts';
import type { AdvanceState, ReachedStatus, TransferEnd, TransferTerms } from '../../domain/transfer/transfer.ts';
import { rowsOf, startCluster, type TestCluster } from './database.ts';
import { fresh, trace, transaction, transfer, USD } from './wallets.ts';

const WRITERS = 12;

describe('the transfer database', () => {
  let cluster: TestCluster;
  let database: Database;
  let admin: Database;

  before(async () => {
    cluster = await startCluster();
    const stores = await cluster.createStores({ shards: 1, connectionsMax: WRITERS });
    ({ service: database, admin } = stores.transfer);
  });
  after(() => cluster?.stop());

  const accepted = async (): Promise<TransferTerms> => {
    const t = transfer(walletId(fresh('sender'), USD), walletId(fresh('receiver'), USD), '12.5');
    await acceptTransfer(database, t, acceptance(), trace);
    return t;
  };
  const stepsOf = async (id: TransferId): Promise<string[]> => {
    const steps = await transfers.listSteps(database, id);
    return steps.map(({ step, reason }) => (reason === null ? step : `${step} ${reason}`));
  };
  const eventsOf = async (id: string): Promise<string[]> => {
    const rows = await rowsOf<{ type: string }>(
      admin,
      `SELECT type FROM outbox_events WHERE subject = '${id}' ORDER BY created_at, type`,
    );
    return rows.map(({ type }) => type);
  };

  test('a transfer that is accepted many times at once is one row, one step and one event', async () => {
    const t = transfer(walletId('sender', USD), walletId('receiver', USD), '12.5');
    const answers = await Promise.all(
      Array.from({ length: WRITERS }, () => acceptTransfer(database, t, acceptance(), trace)),
    );
    const [row, ...others] = answers.filter((answer) => answer !== undefined);
    assert.deepEqual(
      [row, others],
      [await transfers.findTransfer(database, t.transferId), []],
      'one of them made it, and was given its row',
    );
    assert.ok(row !== undefined);
    assert.deepEqual(
      [row.status, row.amount, row.metadata, row.requestId],
      ['PENDING', '12.5000', { order: '7' }, trace.requestId],
    );
    assert.equal(row.bodyHash, bodyHash('body'));
    assert.equal(row.deadlineAt.getTime() - row.createdAt.getTime(), 600_000);
    assert.deepEqual(await stepsOf(t.transferId), ['PENDING']);
    assert.deepEqual(await eventsOf(t.transferId), ['transfer.initiated']);
  });

  test('a transaction that is accepted many times at once is one row and one event, and has one end', async () => {
    const t = transaction('CREDIT', walletId('wallet', USD), '3');
    const answers = await Promise.all(
      Array.from({ length: WRITERS }, () => transactions.acceptTransaction(database, t, acceptance(), trace)),
    );
    const made = answers.filter((answer) => answer !== undefined);
    assert.deepEqual(made, [await transactions.findTransaction(database, t.transactionId)]);
    const ends = await Promise.all(
      Array.from({ length: WRITERS }, (_, n) =>
        transactions
          .recordTransactionEnd(
            database,
            t.transactionId,
            n % 2 === 0 ? { status: 'PROCESSED' } : { status: 'FAILED', failureReason: 'timed_out' },
            trace,
          )
          .then(transactions.endOf),
      ),
    );
    const row = (await transactions.findTransaction(database, t.transactionId))!;
    const stored =
      row.status === 'FAILED' ? { status: 'FAILED', failureReason: row.failureReason } : { status: row.status };
    for (const end of ends) assert.deepEqual(end, stored);
    assert.deepEqual(
      (await eventsOf(t.transactionId)).sort(),
      ['transaction.initiated', `transaction.${row.status.toLowerCase()}`].sort(),
    );
  });

  test('a worker that thaws late cannot write DEBITED over an end', async () => {
    const ends: TransferEnd[] = [
      { status: 'COMPLETED' },
      { status: 'CANCELED' },
      { status: 'FAILED', failureReason: 'timed_out' },
    ];
    for (const end of ends) {
      const { transferId } = await accepted();
      const record = async (next: ReachedStatus) =>
        transfers.statusOf(await transfers.recordTransferStatus(database, transferId, next, trace));
      assert.deepEqual(await record(end), end);
      const before = await transfers.findTransfer(database, transferId);
      assert.deepEqual(await record({ status: 'DEBITED' }), end);
      for (const other of ends) assert.deepEqual(await record(other), end);
      assert.deepEqual(await transfers.findTransfer(database, transferId), before);
      assert.deepEqual(
        await stepsOf(transferId),
        end.status === 'COMPLETED'
          ? ['PENDING', 'DEBITED', 'COMPLETED']
          : ['PENDING', end.status === 'FAILED' ? `FAILED ${end.failureReason}` : end.status],
      );
    }
  });

  test('of many ends that are written at once one is stored, and every writer learns which', async () => {
    for (let round = 0; round < 10; round += 1) {
      const { transferId } = await accepted();
      const writes = Array.from(
        { length: WRITERS },
        (_, n): { status: 'DEBITED' } | TransferEnd =>
          [
            { status: 'DEBITED' } as const,
            { status: 'COMPLETED' } as const,
            { status: 'FAILED', failureReason: 'timed_out' } as const,
          ][n % 3]!,
      );
      const answers = await Promise.all(
        writes.map((next) => transfers.recordTransferStatus(database, transferId, next, trace)),
      );
      const row = (await transfers.findTransfer(database, transferId))!;
      const ends = answers.filter(({ status }) => status !== 'DEBITED');
      assert.ok(ends.length >= WRITERS - WRITERS / 3);
      for (const { status } of ends) assert.equal(status, row.status);
      const steps = await stepsOf(transferId);
      assert.equal(new Set(steps).size, steps.length);
      assert.equal(steps.filter((step) => /COMPLETED|FAILED/.test(step)).length, 1);
      assert.deepEqual(
        (await eventsOf(transferId)).sort(),
        ['transfer.initiated', `transfer.${row.status.toLowerCase()}`].sort(),
      );
    }
  });

  test('the whole way is written down once, with its reason', async () => {
    const { transferId } = await accepted();
    const end: TransferEnd = { status: 'FAILED', failureReason: 'receiver_suspended' };
    for (const next of [{ status: 'DEBITED' } as const, { status: 'DEBITED' } as const, end, end]) {
      await transfers.recordTransferStatus(database, transferId, next, trace);
    }
    assert.deepEqual(await stepsOf(transferId), ['PENDING', 'DEBITED', 'FAILED receiver_suspended']);
    const [failed] = await rowsOf(
      admin,
      `SELECT payload -> 'data' AS data FROM outbox_events WHERE event_id = 'transfer.failed/${transferId}'`,
    );
    assert.deepEqual(failed, { data: { transfer_id: transferId, reason: 'receiver_suspended' } });
  });

  test('a status of a transfer that does not exist raises', async () => {
    const { transferId } = transfer(walletId('a', USD), walletId('b', USD), '1');
    await assert.rejects(
      transfers.recordTransferStatus(database, transferId, { status: 'COMPLETED' }, trace),
      /there is no transfer/,
    );
  });

  test('attention keeps its first time, is one step, and goes with the end', async () => {
    const { transferId } = await accepted();
    await transfers.recordTransferAttention(database, transferId, 'compensation_failing', 'first');
    const { attentionSince } = (await transfers.findTransfer(database, transferId))!;
    await transfers.recordTransferAttention(database, transferId, 'compensation_failing', 'second');
    const row = (await transfers.findTransfer(database, transferId))!;
    assert.deepEqual([row.attentionSince, row.attentionError], [attentionSince, 'second']);
    await transfers.recordTransferStatus(database, transferId, { status: 'FAILED', failureReason: 'timed_out' }, trace);
    await transfers.recordTransferAttention(database, transferId, 'compensation_failing', 'late');
    const ended = (await transfers.findTransfer(database, transferId))!;
    assert.deepEqual([ended.attentionReason, ended.attentionSince, ended.attentionError], [null, null, null]);
    assert.deepEqual(await stepsOf(transferId), ['PENDING', 'ATTENTION compensation_failing', 'FAILED timed_out']);
  });

  describe('COMPLETED of a transfer whose advance was not asked for', () => {
    const complete = (transferId: TransferId, advance?: AdvanceState) =>
      transfers.recordTransferStatus(database, transferId, { status: 'COMPLETED' }, trace, {
        debitedAt: new Date(),
        advance,
      });
    const attend = (transferId: TransferId) =>
      transfers.recordTransferAttention(database, transferId, 'cancel_credit_failing', 'gone');

    test('is written as any end, as long as it never needed attention', async () => {
      const { transferId } = await accepted();
      assert.equal((await complete(transferId, 'open')).status, 'COMPLETED');
    });

    test('is not written once it did, nothing of it, until the advance is closed', async () => {
      const { transferId } = await accepted();
      await attend(transferId);
      const before = await transfers.findTransfer(database, transferId);
      assert.deepEqual(await complete(transferId, 'open'), before);
      assert.deepEqual(await stepsOf(transferId), ['PENDING', 'ATTENTION cancel_credit_failing']);
      assert.equal((await complete(transferId, 'canceled')).status, 'COMPLETED');
      // A worker that thaws is answered as any that comes late.
      assert.equal((await complete(transferId, 'open')).status, 'COMPLETED');
    });

    test('is either written before attention is needed, or not at all, however they race', async () => {
      for (let round = 0; round < 30; round += 1) {
        const { transferId } = await accepted();
        const calls = [() => complete(transferId, 'open'), () => attend(transferId)];
        await Promise.all((round % 2 === 0 ? calls : calls.toReversed()).map((call) => call()));
        const { status, attentionCaseId } = (await transfers.findTransfer(database, transferId))!;
        assert.equal(status === 'COMPLETED', attentionCaseId === null, `${status} with ${attentionCaseId}`);
      }
    });
  });

  test('a transfer that ends before it was written DEBITED keeps the time of its debit', async () => {
    const ends: TransferEnd[] = [{ status: 'COMPLETED' }, { status: 'CANCELED' }];
    for (const end of ends) {
      const { transferId } = await accepted();
      const debitedAt = new Date();
      await new Promise((resolve) => setTimeout(resolve, 20));
      await transfers.recordTransferStatus(database, transferId, end, trace, { debitedAt });
      const steps = await transfers.listSteps(database, transferId);
      assert.deepEqual(
        steps.map(({ step }) => step),
        ['PENDING', 'DEBITED', end.status],
      );
      assert.deepEqual(steps[1]!.createdAt, debitedAt);
      assert.ok(steps[2]!.createdAt > debitedAt);
    }
  });

  test('a migration that adds a column does not break what open connections have prepared', async () => {
    // One after the other they take the same connection.
    const acceptAndEnd = async (): Promise<void> => {
      const { transferId } = await accepted();
      await transfers.recordTransferStatus(database, transferId, { status: 'COMPLETED' }, trace);
    };
    await acceptAndEnd();
    await rowsOf(admin, 'ALTER TABLE transfers ADD COLUMN of_a_later_version integer');
    try {
      await acceptAndEnd();
    } finally {
      await rowsOf(admin, 'ALTER TABLE transfers DROP COLUMN of_a_later_version');
    }
  });

  test('sweeps that overlap are given each movement once, those that are due and not known to be started', async () => {
    await rowsOf(admin, 'UPDATE transfers SET start_due_at = NULL');
    const due = await Promise.all(Array.from({ length: 20 }, accepted));
    await rowsOf(
      admin,
      `UPDATE transfers SET start_due_at = now() - interval '1 second' WHERE start_due_at IS NOT NULL`,
    );
    const young = await accepted();

    const claim = { limit: 10, leaseSeconds: 30 };
    const claimed = (await Promise.all([1, 2, 3].map(() => sweeping.claimDueTransfers(database, claim)))).flat();
    assert.deepEqual(idsOf(claimed), idsOf(due));
    assert.ok(!idsOf(claimed).includes(young.transferId), 'whoever accepted it is still starting it');
    assert.deepEqual(
      await sweeping.claimDueTransfers(database, claim),
      [],
      'while the lease lasts, they are being started',
    );

    const [unstarted, ...started] = claimed;
    await sweeping.noteTransfersStarted(database, started);
    await rowsOf(admin, `UPDATE transfers SET start_due_at = start_due_at - interval '1 minute'`);
    await transfers.recordTransferStatus(database, young.transferId, { status: 'DEBITED' }, trace);
    assert.deepEqual(
      idsOf(await sweeping.claimDueTransfers(database, claim)),
      [unstarted!.transferId],
      'the one that could not be started',
    );
  });

  test('a transfer that begins canceled is due at once for a sweep that knows of it, and never for one of a version before', async () => {
    await rowsOf(admin, 'UPDATE transfers SET start_due_at = NULL');
    const t = transfer(walletId(fresh('sender'), USD), walletId(fresh('receiver'), USD), '12.5');
    const scheduledAt = new Date(Date.now() + 3_600_000);
    const row = await acceptTransfer(database, t, { ...acceptance(), scheduledAt, beginsCanceled: true }, trace);
    assert.deepEqual([row?.status, row?.startDueAt, await stepsOf(t.transferId)], ['PENDING', null, ['PENDING']]);
    const claim = { limit: 10, leaseSeconds: 30 };
    assert.deepEqual(await sweeping.claimDueTransfers(database, claim), [], 'whoever accepted it is still starting it');
    await rowsOf(admin, `UPDATE transfers SET cancel_due_at = now() - interval '1 second' WHERE begins_canceled`);
    const due = await sweeping.claimDueTransfers(database, claim);
    assert.deepEqual(idsOf(due), [t.transferId]);
    await sweeping.noteTransfersStarted(database, due);
    await rowsOf(admin, `UPDATE transfers SET cancel_due_at = cancel_due_at - interval '1 minute'`);
    assert.deepEqual(await sweeping.claimDueTransfers(database, claim), []);
  });

  test('a row that another sweep is claiming is passed over', async () => {
    await rowsOf(admin, 'UPDATE transfers SET start_due_at = NULL');
    await accepted();
    await rowsOf(
      admin,
      `UPDATE transfers SET start_due_at = now() - interval '1 second' WHERE start_due_at IS NOT NULL`,
    );
    await database.transaction(async (tx) => {
      assert.equal(
        (await sweeping.claimDueTransfers(tx as unknown as Database, { limit: 1, leaseSeconds: 30 })).length,
        1,
      );
      assert.deepEqual(await sweeping.claimDueTransfers(database, { limit: 1, leaseSeconds: 30 }), []);
    });
  });

  test('a connection that breaks in the middle of a transaction is an error of that transaction alone', async () => {
    const { transferId } = await accepted();
    const broken = database.transaction(async (tx) => {
      await transfers.recordTransferAttention(tx as unknown as Database, transferId, 'refund_failing', 'lost');
      await rowsOf(
        admin,
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction' AND datname = current_database()`,
      );
      await new Promise((resolve) => setTimeout(resolve, 100));
    });
    await assert.rejects(broken);
    assert.equal((await transfers.findTransfer(database, transferId))!.attentionReason, null);
  });
});

function idsOf(rows: readonly { transferId: TransferId }[]): TransferId[] {
  return rows.map(({ transferId }) => transferId).sort();
}

function acceptance(): Acceptance {
  return {
    reference: undefined,
    metadata: { order: '7' },
    idempotencyKey: fresh('key'),
    bodyHash: bodyHash('body'),
    deadlineSeconds: 600,
  };
}
