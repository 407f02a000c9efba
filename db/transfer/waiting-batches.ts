/**
 * Batches that wait for approvals: they are stored as a row and what they ask for, without an item that is a transfer. The last
 * vote has the items be due, and whoever comes first accepts them: the API that took the vote, or the sweep. The database lets in
 * exactly those that were voted on.
 */
import { and, eq, isNotNull, sql } from 'drizzle-orm';
import { batchTransferIds } from '../../domain/derived-id.ts';
import type { BatchId } from '../../domain/ids.ts';
import { columnsOf, rowOf, type Database } from '../database.ts';
import { claimDue, type Claim, type DueRows } from '../due.ts';
import { START_DUE_SECONDS } from './acceptance.ts';
import { demandsApproval } from './approval-queries.ts';
import { itemClauses, list } from './batch-acceptance.ts';
import type { TransferBatch } from './batch-queries.ts';
import type { BatchItemResult } from './batch-items.ts';
import { transferBatches } from './schema.ts';

type Transaction = Parameters<Parameters<Database['transaction']>[0]>[0];

/**
 * Accepts the items of a batch that was approved, as acceptBatch does, and returns the batch, which is to be started; undefined,
 * and nothing is changed, if it is not approved or was accepted before. Any number may call it at once. If the items in another
 * currency need an approval by now, which nobody has voted on, nothing of the batch moves, and it ends CANCELED: the call that has
 * done that returns `canceled`.
 */
export async function acceptApproved(
  database: Database,
  batchId: BatchId,
): Promise<TransferBatch | 'canceled' | undefined> {
  try {
    return await database.transaction((transaction) => acceptItems(transaction, batchId));
  } catch (error) {
    if (!demandsApproval(error)) throw error;
    return (await cancelApproved(database, batchId)) ? 'canceled' : undefined;
  }
}

async function acceptItems(transaction: Transaction, batchId: BatchId): Promise<TransferBatch | undefined> {
  const [batch] = await transaction
    .select()
    .from(transferBatches)
    .where(
      and(
        eq(transferBatches.batchId, batchId),
        eq(transferBatches.status, 'AWAITING_APPROVAL'),
        isNotNull(transferBatches.startDueAt),
      ),
    )
    .for('update');
  if (batch === undefined) return undefined;
  const given = sql`(
    SELECT id AS transfer_id, sender_wallet_id AS sender, receiver_wallet_id AS receiver, amount, currency, encode(body_hash, 'hex') AS hash, reference, place
    FROM proposed_items(${batchId}) JOIN unnest(${list(batchTransferIds(batchId, batch.itemCount))}::uuid[]) WITH ORDINALITY AS named (id, place)
      ON batch_index = place - 1 ORDER BY place)`;
  const trace = {
    requestId: batch.requestId,
    ...(batch.traceparent === null ? {} : { traceparent: batch.traceparent }),
  };
  await transaction.execute(sql`
    WITH accepted AS (SELECT * FROM transfer_batches WHERE batch_id = ${batchId}), ${itemClauses(given, trace, batch.tenant)}
    SELECT FROM accepted`);
  const { rows } = await transaction.execute(sql`
    UPDATE transfer_batches SET status = 'PROCESSING', start_due_at = now() + make_interval(secs => ${START_DUE_SECONDS}), updated_at = clock_timestamp()
    WHERE batch_id = ${batchId} RETURNING ${columnsOf(transferBatches)}`);
  return rowOf(transferBatches, rows[0]!);
}

/** Why an approved batch is CANCELED, for the log: neither its row nor its approval says so. */
export const APPROVED_BUT_CANCELED =
  'an approved batch was canceled: what it has in another currency needs an approval by now, on which nobody has voted';

/** Returns whether this call has done it. */
async function cancelApproved(database: Database, batchId: BatchId): Promise<boolean> {
  const { rowCount } = await database.execute(sql`
    UPDATE transfer_batches SET status = 'CANCELED', failed_count = item_count, start_due_at = NULL, updated_at = clock_timestamp()
    WHERE batch_id = ${batchId} AND status = 'AWAITING_APPROVAL' AND start_due_at IS NOT NULL`);
  return rowCount === 1;
}

const UNACCEPTED: DueRows<typeof transferBatches> = {
  table: transferBatches,
  id: transferBatches.batchId,
  dueAt: transferBatches.startDueAt,
  isOpen: sql`status = 'AWAITING_APPROVAL'`,
};

/** Claims the batches that are approved and whose items are due to be accepted, by db/due.ts. */
export function claimApprovedBatches(database: Database, claim: Claim): Promise<TransferBatch[]> {
  return claimDue(database, UNACCEPTED, claim);
}

/** The items that follow the index `after`, in their order, of a batch that waits for approvals or was canceled: no transfers. */
export async function listProposedItems(
  database: Database,
  { batchId, itemCount, status }: TransferBatch,
  { after, limit }: { after: number | undefined; limit: number },
): Promise<BatchItemResult[]> {
  const { rows } = await database.execute<Record<string, string | null> & { batch_index: number }>(sql`
    SELECT * FROM proposed_items(${batchId}) WHERE batch_index > ${after ?? -1} ORDER BY batch_index LIMIT ${limit}`);
  const ids = batchTransferIds(batchId, itemCount);
  return rows.map(({ batch_index: index, ...item }) => ({
    index,
    transferId: ids[index]!,
    senderWalletId: item['sender_wallet_id'],
    receiverWalletId: item['receiver_wallet_id'],
    amount: item['amount'],
    currency: item['currency'],
    reference: item['reference'],
    status: status === 'CANCELED' ? 'CANCELED' : 'AWAITING_APPROVAL',
    failureReason: null,
  })) as BatchItemResult[];
}
