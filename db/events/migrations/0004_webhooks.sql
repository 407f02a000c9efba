CREATE TABLE "webhook_attempts" (
	"week" integer DEFAULT floor(extract(epoch FROM clock_timestamp()) / 604800) NOT NULL,
	"webhook_endpoint_id" uuid NOT NULL,
	"position" bigint NOT NULL,
	"at" timestamp (3) with time zone DEFAULT clock_timestamp() NOT NULL,
	"status_code" integer,
	"error_code" text,
	"answer" text,
	"duration_ms" integer NOT NULL
) PARTITION BY LIST ((week % 6));
--> statement-breakpoint
CREATE TABLE "webhook_deliveries" (
	"webhook_endpoint_id" uuid NOT NULL,
	"position" bigint NOT NULL,
	"type" text NOT NULL,
	"subject" text NOT NULL,
	"status" text DEFAULT 'PENDING' NOT NULL,
	"is_parking" boolean NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"first_attempt_at" timestamp (3) with time zone DEFAULT clock_timestamp() NOT NULL,
	"next_attempt_at" timestamp (3) with time zone,
	"not_before" timestamp (3) with time zone,
	"last_status_code" integer,
	"last_error_code" text,
	"updated_at" timestamp (3) with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "webhook_deliveries_webhook_endpoint_id_position_pk" PRIMARY KEY("webhook_endpoint_id","position")
);
--> statement-breakpoint
CREATE TABLE "webhook_endpoints" (
	"webhook_endpoint_id" uuid PRIMARY KEY NOT NULL,
	"tenant" text DEFAULT 'default' NOT NULL,
	"url" text NOT NULL,
	"types" text[],
	"ordering" text NOT NULL,
	"status" text DEFAULT 'ACTIVE' NOT NULL,
	"disabled_reason" text,
	"cursor" bigint NOT NULL,
	"epoch" bigint DEFAULT 1 NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"failing_since" timestamp (3) with time zone,
	"secret" text NOT NULL,
	"previous_secret" text,
	"previous_secret_expires_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone DEFAULT clock_timestamp() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT clock_timestamp() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "webhook_parked" (
	"webhook_endpoint_id" uuid NOT NULL,
	"subject" text NOT NULL,
	"read_to" bigint NOT NULL,
	CONSTRAINT "webhook_parked_webhook_endpoint_id_subject_pk" PRIMARY KEY("webhook_endpoint_id","subject")
);
--> statement-breakpoint
CREATE TABLE "webhook_replays" (
	"replay_id" uuid PRIMARY KEY NOT NULL,
	"webhook_endpoint_id" uuid NOT NULL,
	"body_hash" "bytea" NOT NULL,
	"from_position" bigint NOT NULL,
	"to_position" bigint NOT NULL,
	"types" text[],
	"only_failed" boolean NOT NULL,
	"status" text DEFAULT 'RUNNING' NOT NULL,
	"read_to" bigint NOT NULL,
	"delivered_count" integer DEFAULT 0 NOT NULL,
	"failed_count" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT clock_timestamp() NOT NULL,
	"finished_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE INDEX "webhook_attempts_of" ON "webhook_attempts" USING btree ("webhook_endpoint_id","position","at");--> statement-breakpoint
CREATE INDEX "webhook_deliveries_due" ON "webhook_deliveries" USING btree ("webhook_endpoint_id","next_attempt_at") WHERE status = 'PENDING';--> statement-breakpoint
CREATE INDEX "webhook_deliveries_status" ON "webhook_deliveries" USING btree ("webhook_endpoint_id","status","position");--> statement-breakpoint
CREATE INDEX "webhook_deliveries_ended" ON "webhook_deliveries" USING btree ("updated_at") WHERE status <> 'PENDING';--> statement-breakpoint
CREATE INDEX "webhook_endpoints_created" ON "webhook_endpoints" USING btree ("created_at","webhook_endpoint_id");--> statement-breakpoint
CREATE INDEX "webhook_replays_running" ON "webhook_replays" USING btree ("webhook_endpoint_id","created_at") WHERE status = 'RUNNING';--> statement-breakpoint
CREATE TABLE webhook_attempts_0 PARTITION OF webhook_attempts FOR VALUES IN (0);--> statement-breakpoint
CREATE TABLE webhook_attempts_1 PARTITION OF webhook_attempts FOR VALUES IN (1);--> statement-breakpoint
CREATE TABLE webhook_attempts_2 PARTITION OF webhook_attempts FOR VALUES IN (2);--> statement-breakpoint
CREATE TABLE webhook_attempts_3 PARTITION OF webhook_attempts FOR VALUES IN (3);--> statement-breakpoint
CREATE TABLE webhook_attempts_4 PARTITION OF webhook_attempts FOR VALUES IN (4);--> statement-breakpoint
CREATE TABLE webhook_attempts_5 PARTITION OF webhook_attempts FOR VALUES IN (5);
