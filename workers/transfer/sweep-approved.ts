/**
 * The part of the sweep that accepts the items of batches that were approved, where the API that took the last vote has not done
 * so. One after the other, because each may be ten thousand rows.
 */
import type { Database } from '../../db/database.ts';
import type { TransferBatch } from '../../db/transfer/batch-queries.ts';
import { acceptApproved, APPROVED_BUT_CANCELED, claimApprovedBatches } from '../../db/transfer/waiting-batches.ts';
import type { MovementCounts } from '../../domain/transfer/movement-counts.ts';
import type { Logger } from '../../process/telemetry.ts';

/** Few at once, so that movements are not held up for long. */
const CLAIM = { limit: 4, leaseSeconds: 30 };

/** Returns the batches that are accepted now and are to be started. */
export async function acceptApprovedBatches({
  database,
  counts,
  logger,
}: {
  database: Database;
  counts: Pick<MovementCounts, 'accepted'>;
  logger: Logger;
}): Promise<TransferBatch[]> {
  const accepted: TransferBatch[] = [];
  for (const { batchId } of await claimApprovedBatches(database, CLAIM)) {
    try {
      const batch = await acceptApproved(database, batchId);
      if (batch === 'canceled') logger.warn({ batch_id: batchId }, APPROVED_BUT_CANCELED);
      if (batch === undefined || batch === 'canceled') continue;
      counts.accepted('batch_item', batch.itemCount);
      accepted.push(batch);
    } catch (error) {
      logger.warn({ err: error, batch_id: batchId }, 'an approved batch could not be accepted now: a later sweep will');
    }
  }
  return accepted;
}
