CREATE TABLE "event_log" (
	"position" bigint PRIMARY KEY NOT NULL,
	"event_id" text NOT NULL,
	"type" text NOT NULL,
	"subject" text NOT NULL,
	"tenant" text DEFAULT 'default' NOT NULL,
	"time" timestamp (3) with time zone NOT NULL,
	"source" text NOT NULL,
	"payload" json NOT NULL,
	"chain" "bytea" NOT NULL
) PARTITION BY RANGE ("position");
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
CREATE TABLE "leases" (
	"name" text PRIMARY KEY NOT NULL,
	"token" bigint DEFAULT 1 NOT NULL,
	"holder" text NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "log_head" (
	"only_row" integer PRIMARY KEY DEFAULT 1 NOT NULL,
	"position" bigint DEFAULT 0 NOT NULL,
	"chain" "bytea" DEFAULT decode(repeat('00', 32), 'hex') NOT NULL,
	"first_position" bigint DEFAULT 1 NOT NULL
);
--> statement-breakpoint
CREATE TABLE "outbox_cursors" (
	"source" text PRIMARY KEY NOT NULL,
	"server_id" text NOT NULL,
	"snapshot" "pg_snapshot",
	"window_end" "pg_snapshot",
	"window_sequence" bigint,
	"witness_sequence" bigint,
	"witness_event_id" text,
	"event_count" bigint DEFAULT 0 NOT NULL,
	"stopped_reason" text,
	"updated_at" timestamp (3) with time zone DEFAULT clock_timestamp() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "outbox_seals" (
	"type" text PRIMARY KEY NOT NULL,
	"event_count" bigint DEFAULT 0 NOT NULL,
	"digest" numeric DEFAULT '0' NOT NULL,
	"through_sequence" bigint DEFAULT 0 NOT NULL
);--> statement-breakpoint
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
CREATE TABLE outbox_events_3 PARTITION OF outbox_events FOR VALUES IN (3);--> statement-breakpoint
CREATE INDEX "event_log_subject" ON "event_log" USING btree ("subject","position");--> statement-breakpoint
CREATE INDEX "outbox_events_sequence" ON "outbox_events" USING btree ("sequence");--> statement-breakpoint
CREATE INDEX "outbox_events_xid" ON "outbox_events" USING btree ("xid");--> statement-breakpoint
CREATE TABLE event_log_1 PARTITION OF event_log FOR VALUES FROM (1) TO (1000001);--> statement-breakpoint
INSERT INTO log_head DEFAULT VALUES;
