CREATE TABLE "reconciliation_runs" (
	"run_id" uuid PRIMARY KEY NOT NULL,
	"workflow_id" text NOT NULL,
	"trigger" text NOT NULL,
	"status" text DEFAULT 'RUNNING' NOT NULL,
	"from_mark" timestamp (3) with time zone NOT NULL,
	"to_mark" timestamp (3) with time zone NOT NULL,
	"checked" integer DEFAULT 0 NOT NULL,
	"repaired" integer DEFAULT 0 NOT NULL,
	"cases_opened" integer DEFAULT 0 NOT NULL,
	"cases_closed" integer DEFAULT 0 NOT NULL,
	"found" integer DEFAULT 0 NOT NULL,
	"findings" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"error" text,
	"patrol" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"started_at" timestamp (3) with time zone DEFAULT clock_timestamp() NOT NULL,
	"finished_at" timestamp (3) with time zone,
	CONSTRAINT "reconciliation_runs_status" CHECK (status in ('RUNNING', 'CLEAN', 'REPAIRED', 'FOUND', 'FAILED')),
	CONSTRAINT "reconciliation_runs_finished" CHECK ((status = 'RUNNING') = (finished_at is null))
);
--> statement-breakpoint
CREATE INDEX "reconciliation_runs_started" ON "reconciliation_runs" USING btree ("started_at" DESC NULLS FIRST,"run_id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "reconciliation_runs_running" ON "reconciliation_runs" USING btree ("started_at") WHERE status = 'RUNNING';--> statement-breakpoint
CREATE INDEX "cases_subject" ON "cases" USING btree ("subject");--> statement-breakpoint
CREATE INDEX "transactions_updated" ON "transactions" USING btree ("updated_at");--> statement-breakpoint
CREATE INDEX "transfers_updated" ON "transfers" USING btree ("updated_at");