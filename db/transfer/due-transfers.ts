/** The transfers that were accepted and are not known to be started: the sweep claims them, and notes those that are started. */
import { sql } from 'drizzle-orm';
import type { TransferId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { claimDue, clearDue, type Claim, type DueRows } from '../due.ts';
import type { Transfer } from './queries.ts';
import { transfers } from './schema.ts';

const UNSTARTED: DueRows<typeof transfers> = {
  table: transfers,
  id: transfers.transferId,
  dueAt: transfers.startDueAt,
  isOpen: sql`listed_status in ('SCHEDULED', 'PENDING')`,
};

/** Those that begin canceled. */
const UNCANCELED: DueRows<typeof transfers> = {
  table: transfers,
  id: transfers.transferId,
  dueAt: transfers.cancelDueAt,
  isOpen: sql`listed_status = 'PENDING'`,
};

/** Claims the transfers that are due to be started, by db/due.ts. */
export async function claimDueTransfers(database: Database, claim: Claim): Promise<Transfer[]> {
  return [...(await claimDue(database, UNSTARTED, claim)), ...(await claimDue(database, UNCANCELED, claim))];
}

/** Notes that these transfers are known to be started. */
export async function noteTransfersStarted(
  database: Database,
  started: readonly Pick<Transfer, 'transferId' | 'beginsCanceled'>[],
): Promise<void> {
  const idsOf = (beginsCanceled: boolean): TransferId[] =>
    started.filter((each) => each.beginsCanceled === beginsCanceled).map(({ transferId }) => transferId);
  await clearDue(database, UNSTARTED, idsOf(false));
  await clearDue(database, UNCANCELED, idsOf(true));
}
