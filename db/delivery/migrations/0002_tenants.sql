-- Shipments have tenants, and the id that a carrier gives a report is a tenant's own. The columns are metadata alone; every row that is there
-- is the default tenant's. ACCESS EXCLUSIVE on the reports while their key is built, which takes the place of one as large: some seconds a
-- million. With the column added and the index built CONCURRENTLY before, both are found here.
ALTER TABLE "carrier_events" ADD COLUMN IF NOT EXISTS "tenant" text DEFAULT 'default' NOT NULL;--> statement-breakpoint
ALTER TABLE "shipments" ADD COLUMN "tenant" text DEFAULT 'default' NOT NULL;--> statement-breakpoint
CREATE UNIQUE INDEX IF NOT EXISTS "carrier_events_event_id_tenant_pk" ON "carrier_events" USING btree ("event_id","tenant");--> statement-breakpoint
ALTER TABLE "carrier_events" DROP CONSTRAINT "carrier_events_pkey";--> statement-breakpoint
ALTER TABLE "carrier_events" ADD CONSTRAINT "carrier_events_event_id_tenant_pk" PRIMARY KEY USING INDEX "carrier_events_event_id_tenant_pk";
