CREATE TABLE "shard_watermarks" (
	"shard" integer PRIMARY KEY NOT NULL,
	"movement_id" uuid NOT NULL,
	"leg" text NOT NULL,
	"decided_at" timestamp (3) with time zone NOT NULL,
	"noted_at" timestamp (3) with time zone DEFAULT clock_timestamp() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "reconciliation_runs" ADD COLUMN "run_number" bigint NOT NULL GENERATED ALWAYS AS IDENTITY (sequence name "reconciliation_runs_run_number_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1);--> statement-breakpoint
ALTER TABLE "reconciliation_runs" ADD COLUMN "scope" text DEFAULT 'changes' NOT NULL;--> statement-breakpoint
ALTER TABLE "reconciliation_runs" ADD COLUMN "shard_windows" jsonb;--> statement-breakpoint
CREATE UNIQUE INDEX "reconciliation_runs_number" ON "reconciliation_runs" USING btree ("run_number");--> statement-breakpoint
ALTER TABLE "reconciliation_runs" ADD CONSTRAINT "reconciliation_runs_scope" CHECK (scope in ('changes', 'all'));