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

/** Claims the transfers that are due to be started, by db/due.ts. */
export function claimDueTransfers(database: Database, claim: Claim): Promise<Transfer[]> {
  return claimDue(database, UNSTARTED, claim);
}

/** Notes that these transfers are known to be started. */
export function noteTransfersStarted(database: Database, transferIds: readonly TransferId[]): Promise<void> {
  return clearDue(database, UNSTARTED, transferIds);
}
