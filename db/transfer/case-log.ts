/**
 * The log of the cases: what an operator does, kept before it is done. Imported by the transfer activities.
 */
import { sql } from 'drizzle-orm';
import type { Resolution } from '../../domain/case.ts';
import type { TransferId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';

/** Appends to the log of the transfer's open case; `requestKey` names the request, so a repeat appends nothing. */
export async function recordCaseAction(
  database: Database,
  transferId: TransferId,
  { action, actor, comment, requestKey }: Resolution & { readonly requestKey: string },
): Promise<void> {
  await database.execute(sql`
    INSERT INTO case_actions (case_id, action, actor, comment, request_key)
    SELECT case_id, ${action}, ${actor}, ${comment}, ${requestKey} FROM cases
    WHERE subject = ${`transfer/${transferId}`} AND status = 'OPEN'
    ON CONFLICT DO NOTHING`);
}
