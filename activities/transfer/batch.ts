/**
 * The transfer service's activities for batches: they write the ends of many items into its database at once. A repeat, or a call
 * that comes late, changes nothing.
 */
import type { Database } from '../../db/database.ts';
import { readBatchLegs } from '../../db/transfer/batch-legs.ts';
import { recordBatchAttention, recordBatchEnds } from '../../db/transfer/batch-queries.ts';
import type { BatchEnds, ReadBatchLegs } from '../../domain/transfer/batch.ts';
import type { BatchId } from '../../domain/ids.ts';
import type { TraceContext } from '../../domain/trace-context.ts';
import { UNCOUNTED, type MovementCounts } from '../../domain/transfer/movement-counts.ts';
import { countBatch } from './count-ends.ts';

export type BatchTransferActivities = ReturnType<typeof createBatchTransferActivities>;

/** The reader of a batch's items that the wallet service uses where both services run in one process. */
export function createBatchLegsReader(database: Database): ReadBatchLegs {
  return (query) => readBatchLegs(database, query);
}

export function createBatchTransferActivities(database: Database, counts: MovementCounts = UNCOUNTED) {
  return {
    /** Writes how the items at these places have ended, COMPLETED but for those in `ends`; returns the batch's progress. */
    recordBatchEnds: ({
      trace,
      ...ended
    }: {
      batchId: BatchId;
      places: string;
      ends: readonly BatchEnds[];
      trace: TraceContext;
      bodyHash?: string;
    }) => recordBatchEnds(database, ended, trace, (written) => countBatch(counts, written)),

    /** Shows an operator that a batch's compensation cannot finish, with the reason and the last error. */
    recordBatchAttention: ({
      batchId,
      reason,
      error,
      bodyHash,
    }: {
      batchId: BatchId;
      reason: string;
      error: string;
      bodyHash?: string;
    }) => recordBatchAttention(database, batchId, reason, error, bodyHash),
  };
}
