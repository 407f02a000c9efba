/** The reading of a batch's items, with what each was asked for, so that what failed can be asked for again. */
import { and, asc, eq, gt, sql } from 'drizzle-orm';
import type { BatchId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { transfers } from './schema.ts';

export type BatchItemResult = Awaited<ReturnType<typeof listBatchItems>>[number];

/** The items of a batch that follow the index `after`, in their order. */
export function listBatchItems(
  database: Database,
  batchId: BatchId,
  { after, limit }: { after: number | undefined; limit: number },
) {
  return database
    .select({
      index: sql<number>`${transfers.batchIndex}`,
      transferId: transfers.transferId,
      senderWalletId: transfers.senderWalletId,
      receiverWalletId: transfers.receiverWalletId,
      amount: transfers.amount,
      currency: transfers.currency,
      reference: transfers.reference,
      status: transfers.status,
      failureReason: transfers.failureReason,
    })
    .from(transfers)
    .where(and(eq(transfers.batchId, batchId), after === undefined ? undefined : gt(transfers.batchIndex, after)))
    .orderBy(asc(transfers.batchIndex))
    .limit(limit);
}
