CREATE TABLE "case_actions" (
	"action_id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "case_actions_action_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"case_id" uuid NOT NULL,
	"action" text NOT NULL,
	"actor" text NOT NULL,
	"comment" text NOT NULL,
	"request_key" text,
	"created_at" timestamp (3) with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "case_actions_request_key" UNIQUE("request_key")
);
--> statement-breakpoint
CREATE TABLE "cases" (
	"case_id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"transfer_id" uuid,
	"transaction_id" uuid,
	"subject" text NOT NULL,
	"reason" text NOT NULL,
	"status" text DEFAULT 'OPEN' NOT NULL,
	"last_error" text,
	"attempts" integer DEFAULT 0 NOT NULL,
	"opened_at" timestamp (3) with time zone DEFAULT clock_timestamp() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT clock_timestamp() NOT NULL,
	"resolved_at" timestamp (3) with time zone,
	CONSTRAINT "cases_status" CHECK (status in ('OPEN', 'RESOLVED')),
	CONSTRAINT "cases_resolved" CHECK ((status = 'RESOLVED') = (resolved_at is not null))
);
--> statement-breakpoint
DROP INDEX "transfers_start_due";--> statement-breakpoint
ALTER TABLE "transactions" ADD COLUMN "failure_detail" jsonb;--> statement-breakpoint
ALTER TABLE "transactions" ADD COLUMN "attention_case_id" uuid;--> statement-breakpoint
ALTER TABLE "transfers" ADD COLUMN "capture_method" text DEFAULT 'automatic' NOT NULL;--> statement-breakpoint
ALTER TABLE "transfers" ADD COLUMN "expires_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "transfers" ADD COLUMN "captured_amount" numeric(19, 4);--> statement-breakpoint
ALTER TABLE "transfers" ADD COLUMN "scheduled_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "transfers" ADD COLUMN "reverses_transfer_id" uuid;--> statement-breakpoint
ALTER TABLE "transfers" ADD COLUMN "reversed_amount" numeric(19, 4) DEFAULT '0' NOT NULL;--> statement-breakpoint
ALTER TABLE "transfers" ADD COLUMN "recurring_transfer_id" uuid;--> statement-breakpoint
ALTER TABLE "transfers" ADD COLUMN "batch_id" uuid;--> statement-breakpoint
ALTER TABLE "transfers" ADD COLUMN "batch_index" integer;--> statement-breakpoint
ALTER TABLE "transfers" ADD COLUMN "failure_detail" jsonb;--> statement-breakpoint
ALTER TABLE "transfers" ADD COLUMN "attention_case_id" uuid;--> statement-breakpoint
ALTER TABLE "case_actions" ADD CONSTRAINT "case_actions_case_id_cases_case_id_fk" FOREIGN KEY ("case_id") REFERENCES "public"."cases"("case_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "case_actions_case" ON "case_actions" USING btree ("case_id","action_id");--> statement-breakpoint
CREATE UNIQUE INDEX "cases_open_subject" ON "cases" USING btree ("subject") WHERE status = 'OPEN';--> statement-breakpoint
CREATE INDEX "cases_opened" ON "cases" USING btree ("opened_at" DESC NULLS FIRST,"case_id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "cases_status_opened" ON "cases" USING btree ("status","opened_at" DESC NULLS FIRST,"case_id" DESC NULLS FIRST);--> statement-breakpoint
ALTER TABLE "transfers" ADD CONSTRAINT "transfers_reverses_transfer_id_transfers_transfer_id_fk" FOREIGN KEY ("reverses_transfer_id") REFERENCES "public"."transfers"("transfer_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "transfers_batch_index" ON "transfers" USING btree ("batch_id","batch_index") WHERE batch_id is not null;--> statement-breakpoint
CREATE INDEX "transfers_reverses" ON "transfers" USING btree ("reverses_transfer_id") WHERE reverses_transfer_id is not null;--> statement-breakpoint
CREATE INDEX "transfers_start_due" ON "transfers" USING btree ("start_due_at") WHERE status in ('SCHEDULED', 'PENDING') and start_due_at is not null;--> statement-breakpoint
ALTER TABLE "transfers" ADD CONSTRAINT "transfers_reversed_at_most_moved" CHECK (reversed_amount >= 0 and (reversed_amount = 0 or (status = 'COMPLETED' and reversed_amount <= coalesce(captured_amount, amount))));--> statement-breakpoint
ALTER TABLE "transfers" ADD CONSTRAINT "transfers_captured_at_most_held" CHECK (captured_amount between 0 and amount);--> statement-breakpoint
ALTER TABLE "transfers" ADD CONSTRAINT "transfers_capture_method" CHECK (capture_method in ('automatic', 'manual'));--> statement-breakpoint
ALTER TABLE "transfers" ADD CONSTRAINT "transfers_expires" CHECK ((capture_method = 'manual') = (expires_at is not null));--> statement-breakpoint
ALTER TABLE "transfers" ADD CONSTRAINT "transfers_scheduled" CHECK (status <> 'SCHEDULED' or scheduled_at is not null);--> statement-breakpoint
ALTER TABLE "transfers" ADD CONSTRAINT "transfers_batch" CHECK ((batch_id is null) = (batch_index is null));