-- Wallets have tenants. The column is metadata alone; every wallet that is there is the default tenant's. ACCESS EXCLUSIVE on wallets while
-- the index by user is built, which takes the place of one as large: some seconds a million. Built CONCURRENTLY before, it is found here.
ALTER TABLE "wallets" ADD COLUMN IF NOT EXISTS "tenant" text DEFAULT 'default' NOT NULL;--> statement-breakpoint
CREATE UNIQUE INDEX IF NOT EXISTS "wallets_user_currency_tenant" ON "wallets" USING btree ("user_id","currency","tenant");--> statement-breakpoint
ALTER TABLE "wallets" DROP CONSTRAINT IF EXISTS "wallets_user_id_currency";--> statement-breakpoint
DROP INDEX "wallets_external_currency";--> statement-breakpoint
CREATE UNIQUE INDEX "wallets_external_tenant" ON "wallets" USING btree ("tenant","currency") WHERE kind = 'external';--> statement-breakpoint
CREATE INDEX "wallets_of_tenant" ON "wallets" USING btree ("tenant","created_at" DESC NULLS FIRST,"wallet_id" DESC NULLS FIRST) WHERE kind = 'user' and tenant <> 'default';
