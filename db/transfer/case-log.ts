/**
 * The log of the cases: what an operator does, kept before it is done, and the end of a case whose movement has ended.
 */
import { sql } from 'drizzle-orm';
import { SYSTEM_ACTOR, type Resolution } from '../../domain/transfer/case.ts';
import type { CaseId, TransferId } from '../../domain/ids.ts';
import { MovementMissing } from '../../domain/transfer/movement-missing.ts';
import { isTerminal, type TransferStatus } from '../../domain/transfer/transfer.ts';
import type { Database } from '../database.ts';
import { andBody } from './body.ts';
import { closeCases } from './case-clauses.ts';
import { caseActions } from './schema.ts';

/**
 * Appends to the log of the transfer's open case; `requestKey` names the request, so a repeat appends nothing. False if the
 * transfer has ended, and with it its case. Raises while there is no case yet: what is not in the log is not done. The case is
 * the one that its row names, so whatever comes of the request, the row shows that the transfer has needed attention.
 */
export async function recordCaseAction(
  database: Database,
  transferId: TransferId,
  {
    action,
    actor,
    comment,
    requestKey,
    bodyHash,
  }: Resolution & { readonly requestKey: string; readonly bodyHash?: string | undefined },
): Promise<boolean> {
  await database.execute(sql`
    INSERT INTO case_actions (case_id, action, actor, comment, request_key)
    SELECT case_id, ${action}, ${actor}, ${comment}, ${requestKey} FROM cases JOIN transfers ON attention_case_id = case_id
    WHERE transfers.transfer_id = ${transferId} AND cases.status = 'OPEN' ${andBody(bodyHash)}
    ON CONFLICT DO NOTHING`);
  const { rows } = await database.execute<{ is_logged: boolean; status: TransferStatus }>(sql`
    SELECT status, EXISTS (SELECT FROM case_actions WHERE request_key = ${requestKey}) AS is_logged
    FROM transfers WHERE transfer_id = ${transferId} ${andBody(bodyHash)}`);
  if (rows[0] === undefined) throw new MovementMissing(`transfer ${transferId}`);
  const { is_logged: isLogged, status } = rows[0];
  if (!isLogged && !isTerminal(status)) throw new Error(`transfer ${transferId} has no open case yet`);
  return isLogged;
}

/** Tells the log what came of what an operator has asked for, also of a case that was closed meanwhile; a repeat appends nothing. */
export async function logOutcome(
  database: Database,
  caseId: CaseId,
  { action, comment, requestKey }: { action: 'refund'; comment: string; requestKey: string },
): Promise<void> {
  await database
    .insert(caseActions)
    .values({ caseId, action, actor: SYSTEM_ACTOR, comment, requestKey })
    .onConflictDoNothing();
}

/**
 * Closes a subject's open case, if it has one. A statement of its own, after the one that ended the movement: that one may
 * have waited for whoever opened the case, and its snapshot does not show it. Who dies in between leaves the case open, and
 * the reconciliation closes it.
 */
export async function closeCase(database: Database, subject: string, comment: string): Promise<void> {
  await database.execute(sql`
    WITH ${closeCases(sql`subject = ${subject}`, { action: 'closed', actor: SYSTEM_ACTOR, comment })}
    SELECT FROM closed`);
}
