CREATE TABLE "log_differences" (
	"source" text NOT NULL,
	"type" text NOT NULL,
	"event_count" bigint NOT NULL,
	"digest" numeric NOT NULL,
	CONSTRAINT "log_differences_source_type_pk" PRIMARY KEY("source","type")
);
--> statement-breakpoint
CREATE TABLE "log_seals" (
	"source" text NOT NULL,
	"type" text NOT NULL,
	"event_count" bigint NOT NULL,
	"digest" numeric NOT NULL,
	CONSTRAINT "log_seals_source_type_pk" PRIMARY KEY("source","type")
);
--> statement-breakpoint
CREATE TABLE "outbox_resumes" (
	"source" text NOT NULL,
	"requested_at" timestamp (3) with time zone NOT NULL,
	"stopped_reason" text NOT NULL,
	"actor" text NOT NULL,
	"comment" text NOT NULL,
	"completed_at" timestamp (3) with time zone,
	"lost_in_outbox" bigint,
	"lost_in_log" bigint,
	CONSTRAINT "outbox_resumes_source_requested_at_pk" PRIMARY KEY("source","requested_at")
);
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
CREATE TABLE "outbox_truncation" (
	"only_row" integer PRIMARY KEY DEFAULT 1 NOT NULL,
	"server_id" text NOT NULL,
	"snapshot" "pg_snapshot" NOT NULL
);
--> statement-breakpoint
ALTER TABLE "log_head" ADD COLUMN "first_chain" "bytea" DEFAULT decode(repeat('00', 32), 'hex') NOT NULL;--> statement-breakpoint
ALTER TABLE "log_head" ADD COLUMN "dropped_time" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "outbox_cursors" ADD COLUMN "last_position" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "outbox_cursors" ADD COLUMN "waiting_events" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "outbox_cursors" ADD COLUMN "waiting_since" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "outbox_cursors" ADD COLUMN "seen_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "outbox_cursors" ADD COLUMN "is_resuming" boolean DEFAULT false NOT NULL;--> statement-breakpoint
-- A young log begins with a small partition, because one is dropped as a whole. Its rows are read once more.
DO $$ BEGIN
  IF (SELECT position FROM log_head) < 100000 THEN
    ALTER TABLE event_log DETACH PARTITION event_log_1;
    ALTER TABLE event_log ATTACH PARTITION event_log_1 FOR VALUES FROM (1) TO (100001);
  END IF;
END $$;
