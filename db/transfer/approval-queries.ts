/**
 * Approvals as they are asked for, voted on, ended and listed. All that decides is in functions of the database (functions/cast_vote.sql
 * and its neighbors): the service's role writes none of these tables itself.
 */
import { and, asc, count, eq, inArray, sql } from 'drizzle-orm';
import type { ByWhom } from '../../domain/audit-event.ts';
import type { CaseId, PrincipalId, TransferId } from '../../domain/ids.ts';
import { tenantOf, type Tenant } from '../../domain/tenant.ts';
import {
  askerOf,
  byAsker,
  type ApprovalStatus,
  type Proposal,
  type Vote,
  type VoteOutcome,
} from '../../domain/transfer/approval.ts';
import { insertAudit } from '../audit-events.ts';
import { violatedConstraint, type Database } from '../database.ts';
import { claimDue, clearDue, type Claim, type DueRows } from '../due.ts';
import { listNewestFirst, ofTenantAndFilter, type Listed } from '../newest-first.ts';
import type { Place } from '../../domain/place.ts';
import { insertChangeAudit } from './approval-policy-queries.ts';
import { approvals, approvalVotes } from './approval-schema.ts';

export type Approval = typeof approvals.$inferSelect;
export type ApprovalVote = typeof approvalVotes.$inferSelect;
type Transaction = Parameters<Parameters<Database['transaction']>[0]>[0];

/** What a statement that accepts movements is refused with, if a policy demands an approval. */
export function demandsApproval(error: unknown): boolean {
  return ['transfers_approved', 'transactions_approved'].includes(violatedConstraint(error) ?? '');
}

/**
 * Accepts a movement, or has it wait for approvals if a policy demands that: `accept` is called with the transaction in which that is done.
 * It returns the row, if it has stored one; a row of an id that is taken waits for nothing.
 */
export async function acceptOrAwait<Row>(
  database: Database,
  by: ByWhom | undefined,
  idOf: (row: Row) => string,
  accept: (database: Database | Transaction, isAwaiting: boolean) => Promise<Row | undefined>,
): Promise<Row | undefined> {
  try {
    return await accept(database, false);
  } catch (error) {
    if (!demandsApproval(error)) throw error;
  }
  try {
    return await database.transaction(async (transaction) => {
      const row = await accept(transaction, true);
      // Thrown, because the row must not stay.
      if (row !== undefined && !(await askApproval(transaction, idOf(row), by))) throw POLICY_ENDED;
      return row;
    });
  } catch (error) {
    if (error !== POLICY_ENDED) throw error;
    // Judged anew, because there may be another policy by now.
    return acceptOrAwait(database, by, idOf, accept);
  }
}

const POLICY_ENDED = new Error('no policy demands an approval any more');

async function askApproval(transaction: Transaction, id: string, by: ByWhom | undefined): Promise<boolean> {
  const { actor = null, principalId = null } = by?.acting ?? {};
  const { rows } = await transaction.execute<{ asked: boolean }>(
    sql`SELECT ask_approval(${id}, ${principalId}, ${actor}) AS asked`,
  );
  const isAsked = rows[0]!.asked;
  if (isAsked && by !== undefined) await transaction.execute(insertAudit({ action: 'approval-asked', object: id }, by));
  return isAsked;
}

export interface AskedDecision {
  readonly caseId: CaseId;
  readonly action: 'refund' | 'write_off';
  readonly comment: string;
  readonly transferId: TransferId | null;
}

/** Has a decision about a case wait for approvals, and returns the id of what waits; undefined if a policy demands none. See functions/ask_decision.sql. */
export function askDecision(
  database: Database,
  { caseId, action, comment, transferId }: AskedDecision,
  by: ByWhom,
): Promise<TransferId | undefined> {
  const { actor, principalId } = by.acting;
  const proposal: Proposal = {
    ...{ case_id: caseId, comment },
    ...(transferId === null ? {} : { transfer_id: transferId }),
    ...byAsker(by.acting),
  };
  return database.transaction(async (transaction) => {
    const { rows } = await transaction.execute<{ id: TransferId | null; is_new: boolean }>(
      sql`SELECT id, is_new FROM ask_decision(${caseId}, ${action}, ${JSON.stringify(proposal)}::jsonb, ${principalId ?? null}::uuid, ${actor})`,
    );
    const { id, is_new: isNew } = rows[0]!;
    if (id !== null && isNew) await transaction.execute(insertAudit({ action: 'approval-asked', object: id }, by));
    return id ?? undefined;
  });
}

const APPROVED: DueRows<typeof approvals> = {
  table: approvals,
  id: approvals.approvalId,
  dueAt: approvals.startDueAt,
  isOpen: sql`start_due_at is not null`,
};

/** Claims the decisions that are approved and due to be carried out, by db/due.ts. */
export function claimDueDecisions(database: Database, claim: Claim): Promise<Approval[]> {
  return claimDue(database, APPROVED, claim);
}

/** Notes that these decisions are known to be carried out, or have nothing left to do. */
export function noteDecisionsCarriedOut(database: Database, ids: readonly TransferId[]): Promise<void> {
  return clearDue(database, APPROVED, ids);
}

export interface AskedVote {
  readonly approvalId: TransferId;
  readonly vote: Vote;
  /** Of the transfer as the voter has seen it: hex. */
  readonly bodyHash: string;
  readonly policyVersion: number;
  readonly comment: string;
  /** The principals that could vote by the voter's keys, itself among them. */
  readonly makers: readonly PrincipalId[];
}

/** See functions/cast_vote.sql. A vote that counts is in the audit log, once. An approval of another tenant than that of `by` is unknown. */
export function castVote(database: Database, asked: AskedVote, by: ByWhom): Promise<VoteOutcome> {
  const { approvalId, vote, bodyHash, policyVersion, comment, makers } = asked;
  const { actor, principalId, apiKeyId } = by.acting;
  return database.transaction(async (transaction) => {
    const { rowCount: known } = await transaction.execute(
      sql`SELECT FROM approvals WHERE approval_id = ${approvalId} AND tenant = ${tenantOf(by.acting)}`,
    );
    if (known !== 1) return 'unknown';
    const { rows } = await transaction.execute<{ outcome: VoteOutcome; is_new: boolean }>(sql`
      SELECT outcome, is_new FROM cast_vote(${approvalId}, ${principalId ?? null}::uuid, ${actor}, ${apiKeyId ?? null}::uuid, ${vote}, decode(${bodyHash}, 'hex'),
        ${policyVersion}::integer, ${comment}, ${sql.param([...makers])}::uuid[])`);
    const { outcome, is_new: isNew } = rows[0]!;
    const action = vote === 'override' ? 'approval-overridden' : 'approval-voted';
    if (isNew) await transaction.execute(insertAudit({ action, object: approvalId, details: { vote, comment } }, by));
    if (isNew && outcome === 'decided' && vote !== 'reject') await logChange(transaction, approvalId, by);
    return outcome;
  });
}

/** With its last vote, a change of a policy was made: for whoever has asked for it. */
async function logChange(transaction: Transaction, approvalId: TransferId, { trace }: ByWhom): Promise<void> {
  const [made] = await transaction
    .select()
    .from(approvals)
    .where(and(eq(approvals.approvalId, approvalId), eq(approvals.kind, 'policy')));
  if (made?.proposal)
    await transaction.execute(insertChangeAudit(made.proposal, { acting: askerOf(made), trace }, approvalId));
}

/** Ends what waits, because the transfer is canceled. Returns whether it has waited. */
export async function withdrawApproval(database: Database, id: TransferId): Promise<boolean> {
  const { rows } = await database.execute<{ withdrawn: boolean }>(sql`SELECT withdraw_approval(${id}) AS withdrawn`);
  return rows[0]!.withdrawn;
}

/** Ends what has waited for too long, so many at most. Returns how many there were. */
export async function expireApprovals(database: Database, limit: number): Promise<number> {
  const { rows } = await database.execute(sql`SELECT expire_approvals(${limit}::integer)`);
  return rows.length;
}

export async function findApproval(
  database: Database,
  tenant: Tenant,
  id: TransferId,
): Promise<(Approval & { readonly votes: readonly ApprovalVote[] }) | undefined> {
  const [approval] = await database
    .select()
    .from(approvals)
    .where(and(eq(approvals.approvalId, id), eq(approvals.tenant, tenant)));
  if (approval === undefined) return undefined;
  const votes = await database
    .select()
    .from(approvalVotes)
    .where(eq(approvalVotes.approvalId, id))
    .orderBy(asc(approvalVotes.createdAt));
  return { ...approval, votes };
}

/** Newest first. */
export function listApprovals(
  database: Database,
  tenant: Tenant,
  { status, after, limit }: { status?: ApprovalStatus | undefined; after?: Place | undefined; limit: number },
): Promise<Listed<Approval>> {
  const walk = ofTenantAndFilter(tenant, status && { column: 'status', type: 'text', value: status });
  return listNewestFirst(database, { table: approvals, id: 'approval_id', ...walk, rest: [], after, limit });
}

/** How many have approved each of these, under the policy that demands it. An approval without a vote is not among them. */
export async function countGiven(database: Database, ids: readonly TransferId[]): Promise<Map<TransferId, number>> {
  const isPresent = and(
    eq(approvals.approvalId, approvalVotes.approvalId),
    eq(approvals.policyVersion, approvalVotes.policyVersion),
  );
  const rows = await database
    .select({ id: approvalVotes.approvalId, given: count() })
    .from(approvalVotes)
    .innerJoin(approvals, isPresent)
    .where(and(inArray(approvalVotes.approvalId, [...ids]), eq(approvalVotes.vote, 'approve')))
    .groupBy(approvalVotes.approvalId);
  return new Map(rows.map(({ id, given }) => [id, given]));
}
