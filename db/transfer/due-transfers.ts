/** What the sweep asks about transfers: which are to be started, and that they are. */
import { and, asc, inArray, sql } from 'drizzle-orm';
import type { TransferId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { isDue } from './due.ts';
import type { Transfer } from './queries.ts';
import { transfers } from './schema.ts';

/**
 * Transfers that were accepted and are not known to be started, and that nobody is starting, the longest due first. They
 * are due again after `leaseSeconds`. Rows that another sweep is claiming are passed over.
 */
export function claimDueTransfers(
  database: Database,
  { limit, leaseSeconds }: { limit: number; leaseSeconds: number },
): Promise<Transfer[]> {
  const due = database
    .select({ id: transfers.transferId })
    .from(transfers)
    // Spelled out, as the index is, so that the planner sees that it serves.
    .where(and(sql`status in ('SCHEDULED', 'PENDING')`, isDue(transfers.startDueAt)))
    .orderBy(asc(transfers.startDueAt))
    .limit(limit)
    .for('update', { skipLocked: true });
  return database
    .update(transfers)
    .set({ startDueAt: sql`now() + make_interval(secs => ${leaseSeconds})` })
    .where(sql`${transfers.transferId} = ANY(ARRAY(${due}))`)
    .returning();
}

/** Notes that these transfers are known to be started. */
export async function noteTransfersStarted(database: Database, transferIds: readonly TransferId[]): Promise<void> {
  if (transferIds.length > 0)
    await database
      .update(transfers)
      .set({ startDueAt: null })
      .where(inArray(transfers.transferId, [...transferIds]));
}
