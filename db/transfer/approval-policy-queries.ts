/**
 * The policies that demand approvals: set, changed and read. A change of one needs approvals itself, which the database holds
 * (functions/change_approval_policy.sql).
 */
import { and, asc, desc, eq, isNull, sql, type SQL } from 'drizzle-orm';
import type { ByWhom } from '../../domain/audit-event.ts';
import type { Currency } from '../../domain/currency.ts';
import type { PrincipalId, TransferId } from '../../domain/ids.ts';
import { tenantOf, type Tenant } from '../../domain/tenant.ts';
import { byAsker, type ChangeOutcome, type Proposal } from '../../domain/transfer/approval.ts';
import { insertAudit } from '../audit-events.ts';
import type { Database } from '../database.ts';
import { approvalPolicies } from './approval-schema.ts';

export type ApprovalPolicy = typeof approvalPolicies.$inferSelect;

export interface PolicyTerms {
  /** Canonical decimal strings, see money.ts. */
  readonly above: string | null;
  readonly above24h: string | null;
  readonly approvals: number;
  readonly expiresInSeconds: number;
}

interface Change {
  readonly currency: Currency;
  /** Of the policy whose place it takes; 0 for none. */
  readonly version: number;
  /** Undefined if the policy is to end. */
  readonly terms: PolicyTerms | undefined;
}

/**
 * Sets the first policy of a currency for the tenant of `by`, or has the change of one wait for approvals: `id` is that of the
 * approval, also of one that waits already. A repeat of a change that waits returns the same approval. With the tenant's first
 * policy, `voters` are those whose votes count, without a grant; undefined where nobody has keys.
 */
export function changePolicy(
  database: Database,
  change: Change,
  by: ByWhom,
  voters?: readonly PrincipalId[],
): Promise<{ readonly outcome: ChangeOutcome; readonly id: TransferId | null }> {
  const proposal = proposalOf(change, by);
  const { actor, principalId } = by.acting;
  return database.transaction(async (transaction) => {
    const { rows } = await transaction.execute<{ outcome: ChangeOutcome; id: TransferId | null }>(sql`
      SELECT outcome, id FROM change_approval_policy(${tenantOf(by.acting)}, ${JSON.stringify(proposal)}::jsonb, ${principalId ?? null}::uuid, ${actor},
        ${voters === undefined ? null : sql.param([...voters])}::uuid[])`);
    const { outcome, id } = rows[0]!;
    if (outcome === 'set') await transaction.execute(insertChangeAudit(proposal, by));
    if (outcome === 'asked') await transaction.execute(insertAudit({ action: 'approval-asked', object: id! }, by));
    return { outcome, id };
  });
}

function proposalOf({ currency, version, terms }: Change, { acting }: ByWhom): Proposal {
  const { above = null, above24h = null } = terms ?? {};
  return {
    ...{ action: terms === undefined ? 'end' : 'set', currency, version: String(version) },
    ...(above === null ? {} : { above }),
    ...(above24h === null ? {} : { above_24h: above24h }),
    ...(terms && { approvals: String(terms.approvals), expires_in: String(terms.expiresInSeconds) }),
    ...byAsker(acting),
  };
}

/** The entry of the audit log for a change that was made, by which approval if it needed one. */
export function insertChangeAudit(proposal: Proposal, by: ByWhom, approvalId?: TransferId): SQL {
  const { currency = '', above, above_24h, approvals, expires_in } = proposal;
  const action = proposal['action'] === 'end' ? 'approval-policy-ended' : 'approval-policy-set';
  const details = { above, above_24h, approvals, expires_in, approval_id: approvalId };
  return insertAudit({ action, object: currency, details }, by);
}

/** Those of a tenant that hold, by currency. */
export function listPolicies(database: Database, tenant: Tenant): Promise<ApprovalPolicy[]> {
  return database
    .select()
    .from(approvalPolicies)
    .where(and(eq(approvalPolicies.tenant, tenant), isNull(approvalPolicies.endedAt)))
    .orderBy(asc(approvalPolicies.currency));
}

export async function findPolicy(
  database: Database,
  tenant: Tenant,
  currency: Currency,
): Promise<ApprovalPolicy | undefined> {
  const { tenant: of, currency: code, endedAt } = approvalPolicies;
  const present = and(eq(of, tenant), eq(code, currency), isNull(endedAt));
  const rows = await database.select().from(approvalPolicies).where(present).orderBy(desc(approvalPolicies.version));
  return rows[0];
}
