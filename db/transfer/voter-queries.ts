/**
 * Who may vote while a tenant has policies: the roll, and the grants that put somebody on it. The roll begins with the first policy
 * (functions/put_approval_policy.sql), and the database counts no vote of who is not on it (functions/cast_vote.sql).
 */
import { sql } from 'drizzle-orm';
import type { ByWhom } from '../../domain/audit-event.ts';
import type { PrincipalId, TransferId } from '../../domain/ids.ts';
import { tenantOf, type Tenant } from '../../domain/tenant.ts';
import { byAsker, type GrantedVoter, type Proposal } from '../../domain/transfer/approval.ts';
import { insertAudit } from '../audit-events.ts';
import type { Database } from '../database.ts';

/** Whether a tenant has a policy and no roll, because a program of the version before has set it. */
export async function lacksRoll(database: Database, tenant: Tenant): Promise<boolean> {
  const { rows } = await database.execute<{ lacks: boolean }>(sql`
    SELECT EXISTS (SELECT FROM approval_policies WHERE tenant = ${tenant} AND ended_at IS NULL)
      AND NOT EXISTS (SELECT FROM voter_rolls WHERE tenant = ${tenant} AND ended_at IS NULL) AS lacks`);
  return rows[0]!.lacks;
}

/** Begins the roll that a tenant lacks, with those who may vote now. Does nothing if it lacks none by then. */
export async function recordVoters(database: Database, tenant: Tenant, voters: readonly PrincipalId[]): Promise<void> {
  await database.execute(sql`SELECT record_voters(${tenant}, ${sql.param([...voters])}::uuid[])`);
}

/** See functions/ask_grant.sql. Undefined if the principal's votes count. */
export function askGrant(
  database: Database,
  { principalId: voter, name }: GrantedVoter,
  by: ByWhom,
): Promise<TransferId | undefined> {
  const { actor, principalId } = by.acting;
  const proposal: Proposal = { principal_id: voter, principal: name, ...byAsker(by.acting) };
  return database.transaction(async (transaction) => {
    const { rows } = await transaction.execute<{ id: TransferId | null; is_new: boolean }>(sql`
      SELECT id, is_new FROM ask_grant(${tenantOf(by.acting)}, ${JSON.stringify(proposal)}::jsonb, ${principalId ?? null}::uuid, ${actor})`);
    const { id, is_new: isNew } = rows[0]!;
    if (id !== null && isNew) await transaction.execute(insertAudit({ action: 'approval-asked', object: id }, by));
    return id ?? undefined;
  });
}
