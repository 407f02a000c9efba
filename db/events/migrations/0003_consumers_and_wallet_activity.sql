CREATE TABLE "consumer_cursors" (
	"consumer" text PRIMARY KEY NOT NULL,
	"position" bigint DEFAULT 0 NOT NULL,
	"token" bigint DEFAULT 0 NOT NULL,
	"holder" text,
	"expires_at" timestamp (3) with time zone DEFAULT clock_timestamp() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT clock_timestamp() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "parked_events" (
	"consumer" text NOT NULL,
	"event_id" text NOT NULL,
	"position" bigint NOT NULL,
	"subject" text NOT NULL,
	"event" json NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"error" text,
	"failed_at" timestamp (3) with time zone,
	"retry_at" timestamp (3) with time zone,
	CONSTRAINT "parked_events_pk" PRIMARY KEY("consumer","event_id")
);
--> statement-breakpoint
CREATE TABLE "processed_events" (
	"consumer" text NOT NULL,
	"event_id" text NOT NULL,
	"position" bigint NOT NULL,
	"processed_at" timestamp (3) with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "processed_events_pk" PRIMARY KEY("consumer","event_id")
);
--> statement-breakpoint
CREATE TABLE "projections" (
	"name" text PRIMARY KEY NOT NULL,
	"generation" integer DEFAULT 1 NOT NULL,
	"next_generation" integer
);
--> statement-breakpoint
CREATE TABLE "wallet_activity" (
	"generation" integer NOT NULL,
	"wallet_id" uuid NOT NULL,
	"day" date NOT NULL,
	"type" text NOT NULL,
	"event_count" bigint NOT NULL,
	"sum" numeric(28, 4) NOT NULL,
	CONSTRAINT "wallet_activity_pk" PRIMARY KEY("generation","wallet_id","day","type")
);
--> statement-breakpoint
CREATE INDEX "parked_events_subject" ON "parked_events" USING btree ("consumer","subject","position");--> statement-breakpoint
CREATE INDEX "parked_events_due" ON "parked_events" USING btree ("consumer","retry_at","position");--> statement-breakpoint
CREATE INDEX "processed_events_position" ON "processed_events" USING btree ("consumer","position");--> statement-breakpoint
CREATE VIEW dead_letters AS
  SELECT consumer, position, event_id, subject, event, error, attempts, failed_at FROM parked_events WHERE retry_at IS NULL;--> statement-breakpoint
INSERT INTO projections (name) VALUES ('wallet_activity');
