-- The returns of a tenant are listed as its orders are. Writes of returns wait while the table is read once an index, in about a second a
-- million. The indexes may be built CONCURRENTLY before, and are found then.
DROP INDEX IF EXISTS "returns_attention";--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "returns_created" ON "returns" USING btree ("created_at","return_id");--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "returns_status_created" ON "returns" USING btree ("status","created_at","return_id");--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "returns_of_tenant" ON "returns" USING btree ("tenant","created_at","return_id") WHERE tenant <> 'default';--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "returns_of_tenant_status" ON "returns" USING btree ("tenant","status","created_at","return_id") WHERE tenant <> 'default';--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "returns_with_attention" ON "returns" USING btree ("created_at","return_id") WHERE attention_since IS NOT NULL;
