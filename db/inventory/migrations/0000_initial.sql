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
CREATE TABLE "reservations" (
	"order_id" uuid NOT NULL,
	"n" integer NOT NULL,
	"sku" text NOT NULL,
	"quantity" bigint NOT NULL,
	"state" text DEFAULT 'RESERVED' NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT clock_timestamp() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "reservations_order_id_n_sku_pk" PRIMARY KEY("order_id","n","sku"),
	CONSTRAINT "reservations_state" CHECK ("reservations"."state" IN ('RESERVED', 'ISSUED', 'RELEASED')),
	CONSTRAINT "reservations_quantity_positive" CHECK ("reservations"."quantity" > 0)
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
CREATE TABLE "stock" (
	"sku" text PRIMARY KEY NOT NULL,
	"on_hand" bigint DEFAULT 0 NOT NULL,
	"reserved" bigint DEFAULT 0 NOT NULL,
	"sequence" bigint DEFAULT 0 NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "stock_reserved_is_on_hand" CHECK (0 <= "stock"."reserved" AND "stock"."reserved" <= "stock"."on_hand"),
	CONSTRAINT "stock_on_hand_max" CHECK ("stock"."on_hand" <= 1000000000000)
);
--> statement-breakpoint
CREATE TABLE "stock_entries" (
	"sku" text NOT NULL,
	"sequence" bigint NOT NULL,
	"type" text NOT NULL,
	"on_hand_change" bigint NOT NULL,
	"reserved_change" bigint NOT NULL,
	"on_hand_after" bigint NOT NULL,
	"reserved_after" bigint NOT NULL,
	"cause_id" uuid,
	"n" integer,
	"quantity" bigint,
	"unit_cost" numeric(19, 4),
	"reason" text,
	"created_at" timestamp (3) with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "stock_entries_sku_sequence_pk" PRIMARY KEY("sku","sequence"),
	CONSTRAINT "stock_entries_type" CHECK ("stock_entries"."type" IN ('COUNT', 'RECEIPT', 'ADJUSTMENT', 'RESERVATION', 'RELEASE', 'ISSUE', 'RETURN', 'SCRAP'))
);
--> statement-breakpoint
ALTER TABLE "reservations" ADD CONSTRAINT "reservations_sku_stock_sku_fk" FOREIGN KEY ("sku") REFERENCES "public"."stock"("sku") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "stock_entries" ADD CONSTRAINT "stock_entries_sku_stock_sku_fk" FOREIGN KEY ("sku") REFERENCES "public"."stock"("sku") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "outbox_events_sequence" ON "outbox_events" USING btree ("sequence");--> statement-breakpoint
CREATE INDEX "outbox_events_xid" ON "outbox_events" USING btree ("xid");--> statement-breakpoint
CREATE INDEX "reservations_open" ON "reservations" USING btree ("order_id") WHERE state = 'RESERVED';--> statement-breakpoint
CREATE INDEX "reservations_sku" ON "reservations" USING btree ("sku") WHERE state = 'RESERVED';--> statement-breakpoint
CREATE INDEX "stock_entries_cause" ON "stock_entries" USING btree ("cause_id");