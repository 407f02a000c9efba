// Left-over cases of compensations: the process that wrote the end may have died before it closed the case, and nothing restarts
// a movement that has ended. The reconciliation closes such cases, each with a line in its log.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { acceptBatch } from '../../db/transfer/batch-acceptance.ts';
import { recordBatchAttention, recordBatchEnds } from '../../db/transfer/batch-queries.ts';
import { listCases, type Case } from '../../db/transfer/case-queries.ts';
import { recordTransferAttention, recordTransferStatus } from '../../db/transfer/queries.ts';
import { recordTransactionAttention, recordTransactionEnd } from '../../db/transfer/transaction-queries.ts';
import * as shard from '../../db/wallet/queries.ts';
import { batchId, batchTransferId } from '../../domain/derived-id.ts';
import { batchBodyHash, transferBodyHash } from '../../domain/transfer/movement-body.ts';
import { rowsOf, startCluster, type TestCluster, type TestStores } from './database.ts';
import { createReconciliation, type Reconciliation } from './reconciliation.ts';
import { movementsOver, type Movements } from './movements.ts';
import { fresh, trace, transfer, userOnShard } from './wallets.ts';

const FAILED = { status: 'FAILED', failureReason: 'timed_out' } as const;

interface Concerned {
  readonly subject: string;
  readonly attend: () => Promise<void>;
  readonly end: () => Promise<unknown>;
}

describe('the case of a compensation', () => {
  let cluster: TestCluster;
  let stores: TestStores;
  let movements: Movements;
  let reconciliation: Reconciliation;
  before(async () => {
    cluster = await startCluster();
  });
  beforeEach(async () => {
    stores = await cluster.createStores();
    movements = movementsOver(stores);
    reconciliation = createReconciliation(stores);
  });
  after(() => cluster?.stop());

  const onTransfer = <Row extends Record<string, unknown>>(statement: string) =>
    rowsOf<Row>(stores.transfer.admin, statement);
  /** As if who wrote the end had died after that. */
  const reopenAll = () => onTransfer(`UPDATE cases SET status = 'OPEN', resolved_at = NULL`);
  const casesNow = async (): Promise<Case[]> => (await listCases(stores.transfer.service, { limit: 100 })).rows;
  const statuses = async () => Object.fromEntries((await casesNow()).map(({ subject, status }) => [subject, status]));
  const logOf = (subject: string) =>
    onTransfer<{ line: string }>(
      `SELECT action || ' ' || actor AS line FROM case_actions JOIN cases USING (case_id) WHERE subject = '${subject}' ORDER BY action_id`,
    ).then((rows) => rows.map(({ line }) => line));

  const aTransfer = async (): Promise<Concerned & { readonly id: string }> => {
    const { wallets } = movements;
    const t = await movements.acceptTransfer(
      await wallets.open(userOnShard(0, 2)),
      await wallets.open(userOnShard(1, 2)),
      '5.0000',
    );
    return {
      id: t.transferId,
      subject: `transfer/${t.transferId}`,
      attend: () => recordTransferAttention(stores.transfer.service, t.transferId, 'refund_failing', 'gone'),
      end: () => movements.giveUp(t, 'timed_out'),
    };
  };
  const aTransaction = async (): Promise<Concerned> => {
    const t = await movements.acceptTransaction('CREDIT', await movements.wallets.open(userOnShard(0, 2)), '5.0000');
    const id = t.transactionId;
    const { service } = stores.transfer;
    return {
      subject: `transaction/${id}`,
      attend: () => recordTransactionAttention(service, id, 'cancel_transaction_failing', 'gone'),
      end: async () => {
        await shard.cancelTransaction(movements.wallets.shardOf(t.walletId), t, 'timed_out');
        await recordTransactionEnd(service, id, FAILED, trace);
      },
    };
  };
  const aBatch = async (): Promise<Concerned> => {
    const { service } = stores.transfer;
    const key = fresh('batch');
    const id = batchId(key);
    const [sender, receiver] = [
      await movements.wallets.open(userOnShard(0, 2)),
      await movements.wallets.open(userOnShard(1, 2)),
    ];
    const terms = { ...transfer(sender, receiver, '1.0000'), transferId: batchTransferId(id, 0) };
    const items = [{ ...terms, reference: undefined, bodyHash: transferBodyHash(terms) }];
    const bodyHash = batchBodyHash(items.map((item) => item.bodyHash));
    await acceptBatch(service, { batchId: id, items, idempotencyKey: key, bodyHash, deadlineSeconds: 600 }, trace);
    reconciliation.states.set(`batch/${id}`, 'open');
    return {
      subject: `batch/${id}`,
      attend: () => recordBatchAttention(service, id, 'refund_batch_failing', 'gone'),
      end: async () => {
        await shard.cancelCredit(movements.wallets.shardOf(receiver), terms, 'timed_out');
        await shard.refund(movements.wallets.shardOf(sender), terms, '0', 'timed_out', trace);
        await recordBatchEnds(service, { batchId: id, places: '0', ends: [{ places: '0', end: FAILED }] }, trace);
      },
    };
  };

  for (const [kind, make] of [
    ['transfer', aTransfer],
    ['transaction', aTransaction],
    ['batch', aBatch],
  ] as const) {
    test(`of a ${kind} stays open until its end, and is closed then whoever was to close it has died`, async () => {
      const { subject, attend, end } = await make();
      reconciliation.states.set(subject, 'open');
      await attend();
      await reconciliation.run();
      assert.deepEqual(await statuses(), { [subject]: 'OPEN' });
      await end();
      assert.deepEqual(await statuses(), { [subject]: 'RESOLVED' });
      await reopenAll();

      const { casesClosed, found } = await reconciliation.run();
      assert.deepEqual([casesClosed, found, await statuses()], [1, 0, { [subject]: 'RESOLVED' }]);
      assert.deepEqual(await logOf(subject), ['opened counterpoise', 'closed counterpoise', 'closed counterpoise']);
      assert.equal((await reconciliation.run()).casesClosed, 0);
    });
  }

  test('of something that is not there any more is closed', async () => {
    const { subject, attend, id } = await aTransfer();
    await attend();
    await onTransfer(`DELETE FROM transfers WHERE transfer_id = '${id}'`);
    assert.deepEqual([(await reconciliation.run()).casesClosed, await statuses()], [1, { [subject]: 'RESOLVED' }]);
  });

  test('of something that has ended and disagrees is closed, and what disagrees is a case of its own', async () => {
    const { subject, attend, end, id } = await aTransfer();
    await attend();
    await end();
    await reopenAll();
    await onTransfer(`DELETE FROM transfer_steps WHERE transfer_id = '${id}' AND step = 'FAILED'`);
    const { casesOpened, casesClosed } = await reconciliation.run();
    assert.deepEqual([casesOpened, casesClosed], [1, 1]);
    assert.deepEqual((await casesNow()).map(({ reason, status }) => `${reason} ${status}`).toSorted(), [
      'entries_disagree OPEN',
      'refund_failing RESOLVED',
    ]);
    assert.equal((await casesNow())[0]!.subject, subject);
  });

  test('is closed however many there are, between others that stay open', async () => {
    const { subject, attend } = await aTransfer();
    reconciliation.states.set(subject, 'open');
    await attend();
    await onTransfer(
      `INSERT INTO cases (subject, reason, opened_at) SELECT 'transaction/' || gen_random_uuid(), 'cancel_transaction_failing',
         now() - make_interval(secs => n) FROM generate_series(-600, 600) n`,
    );
    assert.equal((await reconciliation.run()).casesClosed, 1_201);
    const { rows: open } = await listCases(stores.transfer.service, { status: 'OPEN', limit: 10 });
    assert.deepEqual(
      open.map((row) => row.subject),
      [subject],
    );
  });

  test('that is opened while the end waits for its row is closed by that end all the same', async () => {
    const { id, subject } = await aTransfer();
    const opening = Promise.withResolvers<void>();
    const opened = Promise.withResolvers<void>();
    const transaction = stores.transfer.service.transaction(async (tx) => {
      await recordTransferAttention(tx as never, id as never, 'refund_failing', 'gone');
      opened.resolve();
      await opening.promise;
    });
    await opened.promise;
    const end = recordTransferStatus(stores.transfer.service, id as never, FAILED, trace);
    // It waits for the row by now: what it has read before does not show the case.
    for (;;) {
      const [row] = await onTransfer<{ waits: boolean }>(
        `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%UPDATE transfers SET status%') AS waits`,
      );
      if (row!.waits) break;
    }
    opening.resolve();
    await Promise.all([transaction, end]);
    assert.deepEqual(await statuses(), { [subject]: 'RESOLVED' });
  });
});
