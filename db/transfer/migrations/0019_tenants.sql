-- What the service has is a tenant's. The columns are metadata alone; every row that is there is the default tenant's. ACCESS EXCLUSIVE on
-- the tables while their indexes of other tenants' rows are built, which have none yet: each table is read once, in about a second a million.
ALTER TABLE "cases" ADD COLUMN "tenant" text DEFAULT 'default' NOT NULL;--> statement-breakpoint
ALTER TABLE "recurring_transfers" ADD COLUMN "tenant" text DEFAULT 'default' NOT NULL;--> statement-breakpoint
ALTER TABLE "transactions" ADD COLUMN "tenant" text DEFAULT 'default' NOT NULL;--> statement-breakpoint
ALTER TABLE "transfer_batches" ADD COLUMN "tenant" text DEFAULT 'default' NOT NULL;--> statement-breakpoint
ALTER TABLE "transfers" ADD COLUMN "tenant" text DEFAULT 'default' NOT NULL;--> statement-breakpoint
CREATE INDEX "cases_of_tenant" ON "cases" USING btree ("tenant","opened_at" DESC NULLS FIRST,"case_id" DESC NULLS FIRST) WHERE tenant <> 'default';--> statement-breakpoint
CREATE INDEX "recurring_transfers_of_tenant" ON "recurring_transfers" USING btree ("tenant","created_at" DESC NULLS FIRST,"recurring_transfer_id" DESC NULLS FIRST) WHERE tenant <> 'default';--> statement-breakpoint
CREATE INDEX "transactions_of_tenant" ON "transactions" USING btree ("tenant","created_at","transaction_id") WHERE tenant <> 'default';--> statement-breakpoint
CREATE INDEX "transfer_batches_of_tenant" ON "transfer_batches" USING btree ("tenant","created_at" DESC NULLS FIRST,"batch_id" DESC NULLS FIRST) WHERE tenant <> 'default';--> statement-breakpoint
CREATE INDEX "transfers_of_tenant" ON "transfers" USING btree ("tenant","created_at","transfer_id") WHERE tenant <> 'default';