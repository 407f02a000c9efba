-- Each tenant keeps books of its own. The columns are metadata alone; every row that is there is the default tenant's. ACCESS EXCLUSIVE on
-- the tables while the indexes by number are built, each of which takes the place of one as large: some seconds a million documents. With
-- the column added and the index built CONCURRENTLY before, both are found here.
ALTER TABLE "accounts" ADD COLUMN "tenant" text DEFAULT 'default' NOT NULL;--> statement-breakpoint
ALTER TABLE "credit_notes" ADD COLUMN IF NOT EXISTS "tenant" text DEFAULT 'default' NOT NULL;--> statement-breakpoint
ALTER TABLE "document_numbers" ADD COLUMN "tenant" text DEFAULT 'default' NOT NULL;--> statement-breakpoint
ALTER TABLE "invoices" ADD COLUMN IF NOT EXISTS "tenant" text DEFAULT 'default' NOT NULL;--> statement-breakpoint
ALTER TABLE "journals" ADD COLUMN "tenant" text DEFAULT 'default' NOT NULL;--> statement-breakpoint
ALTER TABLE "accounts" DROP CONSTRAINT "accounts_seller_code";--> statement-breakpoint
ALTER TABLE "accounts" ADD CONSTRAINT "accounts_seller_code" UNIQUE("seller_wallet_id","code","tenant");--> statement-breakpoint
ALTER TABLE "accounts" DROP CONSTRAINT "accounts_id";--> statement-breakpoint
ALTER TABLE "accounts" ADD CONSTRAINT "accounts_id" CHECK ("accounts"."account_id" = CASE "accounts"."tenant" WHEN 'default' THEN '' ELSE "accounts"."tenant" || '/' END || "accounts"."seller_wallet_id"::text || '/' || "accounts"."code");--> statement-breakpoint
ALTER TABLE "document_numbers" DROP CONSTRAINT "document_numbers_seller_wallet_id_kind_pk";--> statement-breakpoint
ALTER TABLE "document_numbers" ADD CONSTRAINT "document_numbers_seller_wallet_id_kind_tenant_pk" PRIMARY KEY("seller_wallet_id","kind","tenant");--> statement-breakpoint
CREATE UNIQUE INDEX IF NOT EXISTS "credit_notes_seller_number_tenant" ON "credit_notes" USING btree ("seller_wallet_id","number","tenant");--> statement-breakpoint
ALTER TABLE "credit_notes" DROP CONSTRAINT "credit_notes_seller_number";--> statement-breakpoint
ALTER TABLE "credit_notes" ADD CONSTRAINT "credit_notes_seller_number_tenant" UNIQUE USING INDEX "credit_notes_seller_number_tenant";--> statement-breakpoint
CREATE UNIQUE INDEX IF NOT EXISTS "invoices_seller_number_tenant" ON "invoices" USING btree ("seller_wallet_id","number","tenant");--> statement-breakpoint
ALTER TABLE "invoices" DROP CONSTRAINT "invoices_seller_number";--> statement-breakpoint
ALTER TABLE "invoices" ADD CONSTRAINT "invoices_seller_number_tenant" UNIQUE USING INDEX "invoices_seller_number_tenant";--> statement-breakpoint
CREATE INDEX "credit_notes_of_tenant" ON "credit_notes" USING btree ("tenant","created_at","credit_note_id") WHERE tenant <> 'default';--> statement-breakpoint
CREATE INDEX "invoices_of_tenant" ON "invoices" USING btree ("tenant","created_at","invoice_id") WHERE tenant <> 'default';--> statement-breakpoint
CREATE INDEX "journals_of_tenant" ON "journals" USING btree ("tenant","created_at","journal_id") WHERE tenant <> 'default';
