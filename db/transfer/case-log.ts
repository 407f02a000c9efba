/** The log of cases: keeps an operator's action before it is carried out, and closes the case of a movement that has ended. */
import { sql } from 'drizzle-orm';
import { SYSTEM_ACTOR, type Resolution } from '../../domain/transfer/case.ts';
import type { CaseId, TransferId } from '../../domain/ids.ts';
import { MovementMissing } from '../../domain/transfer/movement-missing.ts';
import { isTerminal, type TransferStatus } from '../../domain/transfer/transfer.ts';
import { insertAuditIf } from '../audit-events.ts';
import { violatedConstraint, type Database } from '../database.ts';
import { andBody } from './body.ts';
import { closeCases } from './case-clauses.ts';
import { caseActions } from './schema.ts';

/** What a decision about a case is refused with, if a policy demands approvals for it. */
export function demandsApprovalOfDecision(error: unknown): boolean {
  return violatedConstraint(error) === 'case_actions_approved';
}

/**
 * Appends an action to the log of the transfer's open case; `requestKey` names the request, so a repeat appends nothing. Returns
 * false if the transfer has ended, and its case with it, or if a policy demands approvals for the action and it has none. Throws while there is no case yet, because an action that is not in the
 * log must not be carried out, and MovementMissing if there is no such transfer or it has another body than `bodyHash`. The case
 * is the one that the transfer's row names, so whatever comes of the request, the row shows that the transfer has needed
 * attention.
 */
export async function recordCaseAction(
  database: Database,
  transferId: TransferId,
  {
    action,
    comment,
    requestKey,
    bodyHash,
    ...acting
  }: Resolution & { readonly requestKey: string; readonly bodyHash?: string | undefined },
): Promise<boolean> {
  const { actor, onBehalfOf } = acting;
  const entry = { action: 'transfer-decided', object: transferId, details: { decision: action, comment } } as const;
  const logging = database.execute(sql`
    WITH logged AS (
    INSERT INTO case_actions (case_id, action, actor, on_behalf_of, comment, request_key)
    SELECT case_id, ${action}, ${actor}, ${onBehalfOf ?? null}, ${comment}, ${requestKey} FROM cases JOIN transfers ON attention_case_id = case_id
    WHERE transfers.transfer_id = ${transferId} AND cases.status = 'OPEN' ${andBody(bodyHash)}
    ON CONFLICT DO NOTHING RETURNING 1)
    ${insertAuditIf(entry, { acting }, sql`logged`)}`);
  if ((await logging.catch(refusedWithoutApproval)) === 'refused') return false;
  const { rows } = await database.execute<{ is_logged: boolean; status: TransferStatus }>(sql`
    SELECT status, EXISTS (SELECT FROM case_actions WHERE request_key = ${requestKey}) AS is_logged
    FROM transfers WHERE transfer_id = ${transferId} ${andBody(bodyHash)}`);
  if (rows[0] === undefined) throw new MovementMissing(`transfer ${transferId}`);
  const { is_logged: isLogged, status } = rows[0];
  if (!isLogged && !isTerminal(status)) throw new Error(`transfer ${transferId} has no open case yet`);
  return isLogged;
}

function refusedWithoutApproval(error: unknown): 'refused' {
  if (demandsApprovalOfDecision(error)) return 'refused';
  throw error;
}

/** Logs the outcome of an operator's request, even if the case was closed meanwhile. A repeat appends nothing. */
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
 * Closes a subject's open case, if it has one. It is a statement of its own, after the one that ended the movement: that one may
 * have waited for the transaction that opened the case, and its snapshot does not show the case. If the process dies in between,
 * the case stays open until the reconciliation closes it.
 */
export async function closeCase(database: Database, subject: string, comment: string): Promise<void> {
  await database.execute(sql`
    WITH ${closeCases(sql`subject = ${subject}`, { action: 'closed', actor: SYSTEM_ACTOR, comment })}
    SELECT FROM closed`);
}
