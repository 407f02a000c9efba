/**
 * The writing of the audit log: an event in the outbox of the changed database, in the transaction of the change and after its lock. The
 * services that change their tables by functions alone write theirs in SQL (db/outbox/functions/append_audit_event.sql).
 */
import { randomUUID } from 'node:crypto';
import { sql, type SQL } from 'drizzle-orm';
import { auditEvent, NO_ID, type AuditEntry, type ByWhom } from '../domain/audit-event.ts';

/** The statement that writes the entry. */
export function insertAudit(entry: AuditEntry, by: ByWhom): SQL {
  return insertAuditIf(entry, by, sql`(SELECT) AS always`);
}

/** The clause that writes the entry if `when`, which has at most one row, has one. `entryId` is derived where a repeat must have the same. */
export function insertAuditIf(entry: AuditEntry, by: ByWhom, when: SQL, entryId: string = randomUUID()): SQL {
  const event = auditEvent(entry, by, { entryId, time: new Date() });
  return sql`INSERT INTO outbox_events (event_id, type, subject, payload)
    SELECT ${event.id}, ${event.type}, ${event.subject}, ${JSON.stringify(event)}::json FROM ${when}`;
}

/** What follows the clauses of a WITH, so that the entry is written if `when` has a row. Without `by`, nothing, and no entry is written. */
export function auditedIf(entry: AuditEntry, by: ByWhom | undefined, when: SQL): SQL {
  return by === undefined ? sql`` : sql`, audited AS (${insertAuditIf(entry, by, when)})`;
}

/** The argument of a function that tells it who asks. */
export function actingArgument(by: ByWhom | undefined): SQL {
  if (by === undefined) return sql`NULL`;
  const { actor: principal, principalId = NO_ID, apiKeyId = NO_ID, onBehalfOf, tenant } = by.acting;
  const acting = { principal, principal_id: principalId, api_key_id: apiKeyId, on_behalf_of: onBehalfOf, tenant };
  return sql`${JSON.stringify(acting)}::jsonb`;
}

/** The arguments of a function that tell it who asks, and on which request. */
export function requestArguments(by: ByWhom | undefined): SQL {
  return sql`${actingArgument(by)}, ${by?.trace?.requestId ?? null}, ${by?.trace?.traceparent ?? null}`;
}
