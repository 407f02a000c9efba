/** A decision about a case that a policy demands approvals for: it is kept, and waits for them. */
import type { Context } from 'hono';
import type { z } from 'zod';
import type { Database } from '../../db/database.ts';
import { askDecision, type AskedDecision } from '../../db/transfer/approval-queries.ts';
import type { ByWhom } from '../../domain/audit-event.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import type { ApiEnv } from '../http/env.ts';
import { answerApproval, type approvalWithVotes } from './approval-answer.ts';

/** Returns the approval that it waits for, and says where that is found; undefined if the decision may be carried out. A repeat returns the same one. */
export async function askApprovalOf(
  c: Context<ApiEnv>,
  database: Database,
  decision: AskedDecision,
  by: ByWhom,
): Promise<z.infer<typeof approvalWithVotes> | undefined> {
  const id = await boundedQuery(database, () => askDecision(database, decision, by), { isWrite: true });
  if (id === undefined) return undefined;
  c.header('Location', `/v1/approvals/${id}`);
  return answerApproval(database, c.var.holder.tenant, id);
}
