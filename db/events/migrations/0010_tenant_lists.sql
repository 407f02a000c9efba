-- The audit log of a tenant is found by an index, also by what was done. The relay waits while the table is read, twice, in about a
-- second a million; movements do not. Both may be built CONCURRENTLY before, and are found then.
CREATE INDEX IF NOT EXISTS "audit_log_of_tenant" ON "audit_log" USING btree ("tenant","created_at","audit_event_id") WHERE tenant <> 'default';--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "audit_log_of_tenant_action" ON "audit_log" USING btree ("tenant","action","created_at","audit_event_id") WHERE tenant <> 'default';