/**
 * The audit log as it is read: the events of the log whose types begin with `audit.`, kept in a table of their own, which outlives the log's
 * partitions. They are written there by the function that appends them to the log (db/events/functions/append_events.sql).
 */
import { sql, type SQL } from 'drizzle-orm';
import type { Tenant } from '../../domain/tenant.ts';
import { isOfTenant, type Database } from '../database.ts';
import { listNewestFirst, ofTenantAndFilter, type Lead, type Listed } from '../newest-first.ts';
import type { Place } from '../../domain/place.ts';
import { auditLog } from './audit-schema.ts';

export type LoggedAudit = typeof auditLog.$inferSelect;

export interface AuditFilter {
  readonly tenant: Tenant;
  readonly principalId?: string | undefined;
  readonly action?: string | undefined;
  readonly object?: string | undefined;
  /** Inclusive. */
  readonly from?: Date | undefined;
  /** Exclusive. */
  readonly until?: Date | undefined;
}

const LOWEST_ID = '00000000-0000-0000-0000-000000000000';

/** Newest first. The rarest of the filters leads: the object, else the principal, else the action. */
export function listAuditEvents(
  database: Database,
  { tenant, principalId, action, object, from, until }: AuditFilter,
  after: Place | undefined,
  limit: number,
): Promise<Listed<LoggedAudit>> {
  const filters = [
    { column: 'object', value: object },
    { column: 'principal_id', value: principalId },
    { column: 'action', value: action },
  ].flatMap(({ column, value }): Lead[] => (value === undefined ? [] : [{ column, type: 'text', value }]));
  const [lead, ...others] = filters;
  // An action is of all tenants. An object and a principal are of one, but for names such as a currency's.
  const walk =
    lead === undefined || lead.column === 'action'
      ? ofTenantAndFilter(tenant, lead)
      : { lead, likely: isOfTenant(tenant) };
  const rest: SQL[] = others.map(({ column, value }) => sql`${sql.identifier(column)} = ${value}`);
  const end = until && { createdAt: until, id: LOWEST_ID };
  return listNewestFirst(database, {
    table: auditLog,
    id: 'audit_event_id',
    ...walk,
    rest,
    after: end !== undefined && (after === undefined || end.createdAt <= after.createdAt) ? end : after,
    since: from,
    limit,
  });
}
