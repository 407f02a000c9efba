-- A SKU names the stock of a tenant. The columns are metadata alone; every row that is there is the default tenant's. ACCESS EXCLUSIVE on the
-- tables while the key of the entries is built, which takes the place of one as large, and the references are checked: some seconds a
-- million entries. With the column added and the index built CONCURRENTLY before, both are found here.
ALTER TABLE "reservations" ADD COLUMN "tenant" text DEFAULT 'default' NOT NULL;--> statement-breakpoint
ALTER TABLE "stock" ADD COLUMN "tenant" text DEFAULT 'default' NOT NULL;--> statement-breakpoint
ALTER TABLE "stock_entries" ADD COLUMN IF NOT EXISTS "tenant" text DEFAULT 'default' NOT NULL;--> statement-breakpoint
ALTER TABLE "reservations" DROP CONSTRAINT "reservations_sku_stock_sku_fk";--> statement-breakpoint
ALTER TABLE "stock_entries" DROP CONSTRAINT "stock_entries_sku_stock_sku_fk";--> statement-breakpoint
ALTER TABLE "stock" DROP CONSTRAINT "stock_pkey";--> statement-breakpoint
ALTER TABLE "stock" ADD CONSTRAINT "stock_tenant_sku_pk" PRIMARY KEY("tenant","sku");--> statement-breakpoint
CREATE UNIQUE INDEX IF NOT EXISTS "stock_entries_tenant_sku_sequence_pk" ON "stock_entries" USING btree ("tenant","sku","sequence");--> statement-breakpoint
ALTER TABLE "stock_entries" DROP CONSTRAINT "stock_entries_sku_sequence_pk";--> statement-breakpoint
ALTER TABLE "stock_entries" ADD CONSTRAINT "stock_entries_tenant_sku_sequence_pk" PRIMARY KEY USING INDEX "stock_entries_tenant_sku_sequence_pk";--> statement-breakpoint
ALTER TABLE "reservations" ADD CONSTRAINT "reservations_tenant_sku_stock_tenant_sku_fk" FOREIGN KEY ("tenant","sku") REFERENCES "public"."stock"("tenant","sku") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "stock_entries" ADD CONSTRAINT "stock_entries_tenant_sku_stock_tenant_sku_fk" FOREIGN KEY ("tenant","sku") REFERENCES "public"."stock"("tenant","sku") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
DROP INDEX "reservations_sku";--> statement-breakpoint
CREATE INDEX "reservations_sku" ON "reservations" USING btree ("tenant","sku") WHERE state = 'RESERVED';
