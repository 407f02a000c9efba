/**
 * The transfer service's queries about cases: the lists, and the changes by the reconciliation and by operators. A case is opened
 * or closed in one statement together with its row in the log.
 */
import { and, asc, eq, sql, type SQL } from 'drizzle-orm';
import type { AuditEntry, ByWhom } from '../../domain/audit-event.ts';
import { SYSTEM_ACTOR } from '../../domain/transfer/case.ts';
import type { CaseId } from '../../domain/ids.ts';
import { DEFAULT_TENANT, type OfTenant, type Tenant } from '../../domain/tenant.ts';
import { DISAGREEMENTS, subjectOf, type Finding } from '../../domain/transfer/reconciliation.ts';
import { insertAuditIf } from '../audit-events.ts';
import { rowOf, type Database } from '../database.ts';
import { listNewestFirst, ofTenantOrFilter, type Listed } from '../newest-first.ts';
import type { Place } from '../../domain/place.ts';
import { closeCases } from './case-clauses.ts';
import { caseActions, cases } from './schema.ts';

export type Case = typeof cases.$inferSelect;
export type LoggedAction = typeof caseActions.$inferSelect;
export type CaseStatus = Case['status'];

export interface CaseFilter extends OfTenant {
  readonly status?: CaseStatus | undefined;
  readonly after?: Place | undefined;
  readonly limit: number;
}

/** A tenant's cases that follow the cursor, newest first. */
export function listCases(
  database: Database,
  { tenant = DEFAULT_TENANT, status, after, limit }: CaseFilter,
): Promise<Listed<Case>> {
  const walk = ofTenantOrFilter(tenant, status && { column: 'status', type: 'text', value: status });
  return listNewestFirst(database, { table: cases, id: 'case_id', at: 'opened_at', ...walk, after, limit });
}

/** The number of a tenant's open cases, since when the oldest has been open, and for how many whole seconds. */
export async function summarizeOpenCases(
  database: Database,
  tenant: Tenant,
): Promise<{ count: number; oldestAt: Date | null; oldestAgeSeconds: number | null }> {
  const [summary] = await database
    .select({
      count: sql<number>`count(*)::int`,
      oldestAt: sql<string | null>`min(${cases.openedAt})`,
      oldestAgeSeconds: sql<number | null>`floor(extract(epoch FROM clock_timestamp() - min(${cases.openedAt})))::int`,
    })
    .from(cases)
    .where(and(eq(cases.status, 'OPEN'), eq(cases.tenant, tenant)));
  const { count, oldestAt, oldestAgeSeconds } = summary!;
  return { count, oldestAt: oldestAt === null ? null : new Date(oldestAt), oldestAgeSeconds };
}

/** With `tenant`, only if it is that tenant's. */
export async function findCase(database: Database, caseId: CaseId, tenant?: Tenant): Promise<Case | undefined> {
  const rows = await database
    .select()
    .from(cases)
    .where(and(eq(cases.caseId, caseId), tenant && eq(cases.tenant, tenant)));
  return rows[0];
}

/** The actions in a case's log, the oldest first, and only the first 1,000: a longer log is more than anybody reads. */
export function listCaseActions(database: Database, caseId: CaseId): Promise<LoggedAction[]> {
  return database
    .select()
    .from(caseActions)
    .where(eq(caseActions.caseId, caseId))
    .orderBy(asc(caseActions.actionId))
    .limit(1_000);
}

/**
 * A page of the open cases that a run of the reconciliation looks at, in the order of their opening: the reconciliation's own,
 * and those of a compensation that is over.
 */
export function listCasesToExamine(
  database: Database,
  after: { openedAt: Date; caseId: string } | null,
  limit: number,
): Promise<Pick<Case, 'caseId' | 'subject' | 'openedAt'>[]> {
  const position =
    after === null
      ? sql`true`
      : sql`(${cases.openedAt}, ${cases.caseId}) > (${after.openedAt.toISOString()}::timestamptz, ${after.caseId}::uuid)`;
  return database
    .select({ caseId: cases.caseId, subject: cases.subject, openedAt: cases.openedAt })
    .from(cases)
    .where(and(eq(cases.status, 'OPEN'), sql`(${isDisagreement} OR NOT ${isUnderWay})`, position))
    .orderBy(asc(cases.openedAt), asc(cases.caseId))
    .limit(limit);
}

/**
 * Opens a case for a finding. If the subject has an open case already, updates that one instead; if an operator has resolved a
 * case of exactly this finding, changes nothing and returns `resolved`. `attempts` is the number of repairs that were tried just
 * now.
 */
export async function openDisagreement(
  database: Database,
  { subject, reason, detail }: Finding,
  attempts: number,
): Promise<'opened' | 'known' | 'resolved'> {
  const { kind, id } = subjectOf(subject);
  const { rowCount: opened } = await database.execute(sql`
    WITH opened AS (
      INSERT INTO cases (tenant, subject, reason, last_error, attempts, transfer_id, transaction_id)
      SELECT coalesce(${tenantOfSubject(subject)}, 'default'), ${subject}, ${reason}, ${detail}, ${attempts}, ${kind === 'transfer' ? id : null}::uuid, ${kind === 'transaction' ? id : null}::uuid
      WHERE NOT EXISTS (
        SELECT FROM cases resolved JOIN case_actions USING (case_id)
        WHERE resolved.subject = ${subject} AND resolved.reason = ${reason} AND resolved.last_error = ${detail} AND action = 'resolved'
      )
      ON CONFLICT (subject) WHERE status = 'OPEN' DO NOTHING
      RETURNING case_id
    ), logged AS (
      INSERT INTO case_actions (case_id, action, actor, comment) SELECT case_id, 'opened', ${SYSTEM_ACTOR}, ${detail} FROM opened
    )
    SELECT FROM opened`);
  if (opened === 1) return 'opened';
  const { rowCount: known } = await database
    .update(cases)
    .set({
      lastError: sql`CASE WHEN ${isDisagreement} THEN ${detail} ELSE ${cases.lastError} END`,
      attempts: sql`${cases.attempts} + ${attempts}`,
      updatedAt: sql`clock_timestamp()`,
    })
    .where(and(eq(cases.subject, subject), eq(cases.status, 'OPEN')));
  return known === 1 ? 'known' : 'resolved';
}

/** Closes the reconciliation's open case of a subject that no longer disagrees. Returns whether there was one. */
export async function closeDisagreement(database: Database, subject: string): Promise<boolean> {
  const comment = 'Looked at again, it does not disagree any more.';
  const { rowCount } = await database.execute(sql`
    WITH ${closeCases(sql`subject = ${subject} AND ${isDisagreement}`, { action: 'closed', actor: SYSTEM_ACTOR, comment })}
    SELECT FROM closed`);
  return rowCount === 1;
}

/**
 * Closes a subject's open case of a compensation if its movement or batch has ended or is not there: the process that wrote the
 * end may have died before it closed the case. Returns whether there was one.
 */
export async function closeLeftOver(database: Database, subject: string): Promise<boolean> {
  const comment = 'What it is about has ended, or is not there any more.';
  const condition = sql`subject = ${subject} AND NOT ${isDisagreement} AND NOT ${isUnderWay}`;
  const { rowCount } = await database.execute(sql`
    WITH ${closeCases(condition, { action: 'closed', actor: SYSTEM_ACTOR, comment })}
    SELECT FROM closed`);
  return rowCount === 1;
}

/** Closes an open case because an operator says that it is resolved. Returns undefined if it was not open. */
export async function resolveCase(
  database: Database,
  caseId: CaseId,
  comment: string,
  by: ByWhom,
): Promise<Case | undefined> {
  const { rows } = await database.execute(sql`
    WITH ${closeCases(sql`case_id = ${caseId}`, { action: 'resolved', comment, ...by.acting })}, audited AS (
      ${insertAuditIf(decisionOf(caseId, 'close', comment), by, sql`closed`)}
    )
    SELECT * FROM closed`);
  return rows[0] && rowOf(cases, rows[0]);
}

/** Logs an operator's request, if the case is open; once, if it has a key. */
export async function logAction(
  database: Database,
  caseId: CaseId,
  { action, comment, requestKey }: { action: 'retry' | 'refund'; comment: string; requestKey?: string },
  by: ByWhom,
): Promise<void> {
  const { actor, onBehalfOf } = by.acting;
  await database.execute(sql`
    WITH logged AS (
      INSERT INTO case_actions (case_id, action, actor, on_behalf_of, comment, request_key)
      SELECT case_id, ${action}, ${actor}, ${onBehalfOf ?? null}, ${comment}, ${requestKey ?? null} FROM cases WHERE case_id = ${caseId} AND status = 'OPEN'
      ON CONFLICT DO NOTHING RETURNING 1
    )
    ${insertAuditIf(decisionOf(caseId, action, comment), by, sql`logged`)}`);
}

function decisionOf(caseId: CaseId, decision: 'close' | 'retry' | 'refund', comment: string): AuditEntry {
  return { action: 'case-decided', object: caseId, details: { decision, comment } };
}

/** The tables of what a case is about, with their ids. */
const TABLES: Readonly<Partial<Record<ReturnType<typeof subjectOf>['kind'], readonly [table: string, id: string]>>> = {
  transfer: ['transfers', 'transfer_id'],
  transaction: ['transactions', 'transaction_id'],
  batch: ['transfer_batches', 'batch_id'],
  recurring: ['recurring_transfers', 'recurring_transfer_id'],
};

/** Null of what has no row, and of a wallet, a shard or a workflow: a case of it is the installation's. */
function tenantOfSubject(subject: string): SQL {
  const { kind, id } = subjectOf(subject);
  const [table, column] = TABLES[kind] ?? [];
  if (table === undefined || column === undefined) return sql`NULL`;
  return sql`(SELECT tenant FROM ${sql.identifier(table)} WHERE ${sql.identifier(column)} = ${id}::uuid)`;
}

const isDisagreement = sql`${cases.reason} = ANY(${sql.param([...DISAGREEMENTS])}::text[])`;

const subjectId = sql`split_part(${cases.subject}, '/', 2)::uuid`;
/** The condition that a case is about a movement or a batch that is there and has not ended. */
const isUnderWay = sql`CASE split_part(${cases.subject}, '/', 1)
    WHEN 'transfer' THEN EXISTS (SELECT FROM transfers WHERE transfers.transfer_id = ${subjectId} AND status NOT IN ('COMPLETED', 'FAILED', 'CANCELED'))
    WHEN 'transaction' THEN EXISTS (SELECT FROM transactions WHERE transactions.transaction_id = ${subjectId} AND status = 'PENDING')
    WHEN 'batch' THEN EXISTS (SELECT FROM transfer_batches WHERE batch_id = ${subjectId} AND status = 'PROCESSING')
    ELSE false END`;
