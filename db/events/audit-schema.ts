/** The table of the audit log: what principals have changed, for ever. It is only appended to. */
import { sql } from 'drizzle-orm';
import { bigint, index, jsonb, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import { instant, ofOtherTenants } from '../database.ts';

export const auditLog = pgTable(
  'audit_log',
  {
    auditEventId: uuid('audit_event_id').primaryKey(),
    /** Where the event log has it, whose chain covers it. */
    position: bigint('position', { mode: 'number' }).notNull(),
    tenant: text('tenant').notNull(),
    /** When it happened, by the clock of whoever wrote it. */
    createdAt: instant('created_at').notNull(),
    /** The outbox that it came from. */
    source: text('source').notNull(),
    action: text('action').notNull(),
    object: text('object').notNull(),
    principalId: text('principal_id').notNull(),
    principal: text('principal').notNull(),
    apiKeyId: text('api_key_id').notNull(),
    onBehalfOf: text('on_behalf_of'),
    requestId: text('request_id'),
    details: jsonb('details')
      .$type<Record<string, string>>()
      .notNull()
      .default(sql`'{}'`),
  },
  (t) => [
    // Which the list walks, each in the order of time for one value of a filter.
    index('audit_log_created').on(t.createdAt, t.auditEventId),
    index('audit_log_principal').on(t.principalId, t.createdAt, t.auditEventId),
    index('audit_log_action').on(t.action, t.createdAt, t.auditEventId),
    index('audit_log_of_tenant').on(t.tenant, t.createdAt, t.auditEventId).where(ofOtherTenants),
    index('audit_log_of_tenant_action').on(t.tenant, t.action, t.createdAt, t.auditEventId).where(ofOtherTenants),
    index('audit_log_object').on(t.object, t.createdAt, t.auditEventId),
  ],
);
