/** The audit log's entry of a cancel request, which is the workflow's to carry out. */
import type { ByWhom } from '../../domain/audit-event.ts';
import type { TransferId } from '../../domain/ids.ts';
import { insertAudit } from '../audit-events.ts';
import type { Database } from '../database.ts';

/** Notes that somebody asks for it, whatever comes of it: a repeat is noted again. */
export async function logCancelRequest(database: Database, transferId: TransferId, by: ByWhom): Promise<void> {
  await database.execute(insertAudit({ action: 'transfer-cancel-asked', object: transferId }, by));
}
