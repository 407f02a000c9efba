/**
 * The writing of the audit log: an event in the outbox of the changed database, in the transaction of the change and after its lock. The
 * wallet service writes its own in SQL (db/wallet/functions/append_audit_event.sql).
 */
import { randomUUID } from 'node:crypto';
import { sql, type SQL } from 'drizzle-orm';
import { auditEvent, type AuditEntry, type ByWhom } from '../domain/audit-event.ts';

/** The statement that writes the entry. */
export function insertAudit(entry: AuditEntry, by: ByWhom): SQL {
  return insertAuditIf(entry, by, sql`(SELECT) AS always`);
}

/** The clause that writes the entry if `when`, which has at most one row, has one. */
export function insertAuditIf(entry: AuditEntry, by: ByWhom, when: SQL): SQL {
  const event = auditEvent(entry, by, { entryId: randomUUID(), time: new Date() });
  return sql`INSERT INTO outbox_events (event_id, type, subject, payload)
    SELECT ${event.id}, ${event.type}, ${event.subject}, ${JSON.stringify(event)}::json FROM ${when}`;
}
