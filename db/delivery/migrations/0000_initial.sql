CREATE TABLE "carrier_events" (
	"event_id" text PRIMARY KEY NOT NULL,
	"shipment_id" uuid NOT NULL,
	"status" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"received_at" timestamp (3) with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "carrier_events_status" CHECK ("carrier_events"."status" IN ('IN_TRANSIT', 'OUT_FOR_DELIVERY', 'DELIVERED'))
);
--> statement-breakpoint
CREATE TABLE "installation" (
	"only_row" integer PRIMARY KEY DEFAULT 1 NOT NULL,
	"installation_id" uuid NOT NULL,
	"namespace_id" text NOT NULL,
	"server_id" text NOT NULL,
	"databases" text[] DEFAULT '{}' NOT NULL,
	"bound_at" timestamp (3) with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "installation_only_row" CHECK ("installation"."only_row" = 1)
);
--> statement-breakpoint
CREATE SEQUENCE outbox_sequence;--> statement-breakpoint
CREATE TABLE outbox_events (
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  sequence bigint NOT NULL DEFAULT nextval('outbox_sequence'),
  event_id text NOT NULL,
  type text NOT NULL,
  subject text,
  event_count integer NOT NULL DEFAULT 1,
  payload json NOT NULL,
  created_at timestamp (3) with time zone NOT NULL DEFAULT clock_timestamp()
) PARTITION BY LIST (((sequence / 65536) % 4));--> statement-breakpoint
CREATE TABLE outbox_events_0 PARTITION OF outbox_events FOR VALUES IN (0);--> statement-breakpoint
CREATE TABLE outbox_events_1 PARTITION OF outbox_events FOR VALUES IN (1);--> statement-breakpoint
CREATE TABLE outbox_events_2 PARTITION OF outbox_events FOR VALUES IN (2);--> statement-breakpoint
CREATE TABLE outbox_events_3 PARTITION OF outbox_events FOR VALUES IN (3);
--> statement-breakpoint
CREATE TABLE "outbox_seal_progress" (
	"place" integer NOT NULL,
	"type" text NOT NULL,
	"row_count" bigint NOT NULL,
	"event_count" bigint NOT NULL,
	"digest" numeric NOT NULL,
	"through_sequence" bigint NOT NULL,
	CONSTRAINT "outbox_seal_progress_place_type_pk" PRIMARY KEY("place","type")
);
--> statement-breakpoint
CREATE TABLE "outbox_seals" (
	"type" text PRIMARY KEY NOT NULL,
	"event_count" bigint DEFAULT 0 NOT NULL,
	"digest" numeric DEFAULT '0' NOT NULL,
	"through_sequence" bigint DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE "outbox_truncation" (
	"only_row" integer PRIMARY KEY DEFAULT 1 NOT NULL,
	"server_id" text NOT NULL,
	"snapshot" "pg_snapshot" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "shipments" (
	"shipment_id" uuid PRIMARY KEY NOT NULL,
	"order_id" uuid NOT NULL,
	"consignment" integer NOT NULL,
	"status" text DEFAULT 'BOOKED' NOT NULL,
	"rank" integer DEFAULT 0 NOT NULL,
	"carrier_reference" text,
	"units" integer NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT clock_timestamp() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "shipments_order_consignment" UNIQUE("order_id","consignment"),
	CONSTRAINT "shipments_rank" CHECK (("shipments"."status", "shipments"."rank") IN (('BOOKED', 0), ('CANCELED', 1), ('HANDED_OVER', 2), ('IN_TRANSIT', 3), ('OUT_FOR_DELIVERY', 4), ('DELIVERED', 5))),
	CONSTRAINT "shipments_carrier_reference" CHECK (("shipments"."carrier_reference" IS NULL) = ("shipments"."status" IN ('BOOKED', 'CANCELED'))),
	CONSTRAINT "shipments_units_positive" CHECK ("shipments"."units" > 0)
);
--> statement-breakpoint
CREATE TABLE "step_fences" (
	"saga_id" uuid NOT NULL,
	"step" text NOT NULL,
	"outcome" text NOT NULL,
	"reason" text,
	"terms" jsonb,
	"detail" jsonb,
	"created_at" timestamp (3) with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "step_fences_saga_id_step_pk" PRIMARY KEY("saga_id","step"),
	CONSTRAINT "step_fences_outcome" CHECK ("step_fences"."outcome" IN ('done', 'refused', 'undone'))
);
--> statement-breakpoint
CREATE INDEX "carrier_events_shipment" ON "carrier_events" USING btree ("shipment_id","received_at","event_id");--> statement-breakpoint
CREATE INDEX "outbox_events_sequence" ON "outbox_events" USING btree ("sequence");--> statement-breakpoint
CREATE INDEX "outbox_events_xid" ON "outbox_events" USING btree ("xid");