CREATE INDEX "ledger_entries_created" ON "ledger_entries" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "operation_fences_created" ON "operation_fences" USING btree ("created_at");