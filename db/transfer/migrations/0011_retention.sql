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
