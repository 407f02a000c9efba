-- What the service has is a tenant's, and a SKU names a product of a tenant. The columns are metadata alone; every row that is there is the
-- default tenant's. ACCESS EXCLUSIVE on the tables while their indexes of other tenants' rows are built, which have none yet, and the key of
-- products: each table is read once, in about a second a million. A program of the version before cannot put a product any more.
ALTER TABLE "order_cases" ADD COLUMN "tenant" text DEFAULT 'default' NOT NULL;--> statement-breakpoint
ALTER TABLE "orders" ADD COLUMN "tenant" text DEFAULT 'default' NOT NULL;--> statement-breakpoint
ALTER TABLE "products" ADD COLUMN "tenant" text DEFAULT 'default' NOT NULL;--> statement-breakpoint
ALTER TABLE "returns" ADD COLUMN "tenant" text DEFAULT 'default' NOT NULL;--> statement-breakpoint
ALTER TABLE "products" DROP CONSTRAINT "products_pkey";--> statement-breakpoint
ALTER TABLE "products" ADD CONSTRAINT "products_tenant_sku_pk" PRIMARY KEY("tenant","sku");--> statement-breakpoint
CREATE INDEX "order_cases_of_tenant" ON "order_cases" USING btree ("tenant","opened_at","case_id") WHERE tenant <> 'default';--> statement-breakpoint
CREATE INDEX "orders_of_tenant" ON "orders" USING btree ("tenant","created_at","order_id") WHERE tenant <> 'default';
