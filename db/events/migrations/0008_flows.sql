CREATE TABLE "flows" (
	"generation" integer NOT NULL,
	"tenant" text NOT NULL,
	"starts_at" timestamp (3) with time zone NOT NULL,
	"currency" text NOT NULL,
	"kind" text NOT NULL,
	"movement_count" bigint NOT NULL,
	"sum" numeric(28, 4) NOT NULL,
	CONSTRAINT "flows_pk" PRIMARY KEY("generation","tenant","starts_at","currency","kind")
);
--> statement-breakpoint
CREATE TABLE "flows_waiting" (
	"generation" integer NOT NULL,
	"movement_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"amount" numeric(19, 4) NOT NULL,
	"moved_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "flows_waiting_pk" PRIMARY KEY("generation","movement_id","kind")
);
--> statement-breakpoint
INSERT INTO projections (name) VALUES ('flows');--> statement-breakpoint
-- A log that has lost its beginning is counted from what it still has.
INSERT INTO consumer_cursors (consumer, position) SELECT 'flows.1', first_position - 1 FROM log_head WHERE first_position > 1;
