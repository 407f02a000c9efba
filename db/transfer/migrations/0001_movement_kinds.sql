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
CREATE TABLE "movement_metadata" (
	"movement" text NOT NULL,
	"key" text NOT NULL,
	"value" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"movement_id" uuid NOT NULL,
	CONSTRAINT "movement_metadata_movement_key_value_created_at_movement_id_pk" PRIMARY KEY("movement","key","value","created_at","movement_id")
);
--> statement-breakpoint
DROP INDEX "transactions_created";--> statement-breakpoint
DROP INDEX "transactions_wallet_created";--> statement-breakpoint
DROP INDEX "transactions_status_created";--> statement-breakpoint
DROP INDEX "transfers_created";--> statement-breakpoint
DROP INDEX "transfers_sender_created";--> statement-breakpoint
DROP INDEX "transfers_receiver_created";--> statement-breakpoint
DROP INDEX "transfers_status_created";--> statement-breakpoint
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
CREATE INDEX "transactions_type_created" ON "transactions" USING btree ("type","created_at","transaction_id");--> statement-breakpoint
CREATE INDEX "transactions_wallet_unsuccessful" ON "transactions" USING btree ("wallet_id","status","created_at","transaction_id") WHERE status = 'FAILED';--> statement-breakpoint
CREATE INDEX "transactions_reference_created" ON "transactions" USING btree ("reference","created_at","transaction_id") WHERE reference is not null;--> statement-breakpoint
CREATE INDEX "transactions_day_amount" ON "transactions" USING btree ((("created_at" AT TIME ZONE 'UTC')::date),"amount");--> statement-breakpoint
CREATE UNIQUE INDEX "transfers_batch_index" ON "transfers" USING btree ("batch_id","batch_index") WHERE batch_id is not null;--> statement-breakpoint
CREATE INDEX "transfers_sender_unsuccessful" ON "transfers" USING btree ("sender_wallet_id","status","created_at","transfer_id") WHERE status in ('FAILED', 'CANCELED');--> statement-breakpoint
CREATE INDEX "transfers_receiver_unsuccessful" ON "transfers" USING btree ("receiver_wallet_id","status","created_at","transfer_id") WHERE status in ('FAILED', 'CANCELED');--> statement-breakpoint
CREATE INDEX "transfers_reference_created" ON "transfers" USING btree ("reference","created_at","transfer_id") WHERE reference is not null;--> statement-breakpoint
CREATE INDEX "transfers_reverses_created" ON "transfers" USING btree ("reverses_transfer_id","created_at","transfer_id") WHERE reverses_transfer_id is not null;--> statement-breakpoint
CREATE INDEX "transfers_recurring_created" ON "transfers" USING btree ("recurring_transfer_id","created_at","transfer_id") WHERE recurring_transfer_id is not null;--> statement-breakpoint
CREATE INDEX "transfers_day_amount" ON "transfers" USING btree ((("created_at" AT TIME ZONE 'UTC')::date),"amount");--> statement-breakpoint
CREATE INDEX "transactions_created" ON "transactions" USING btree ("created_at","transaction_id");--> statement-breakpoint
CREATE INDEX "transactions_wallet_created" ON "transactions" USING btree ("wallet_id","created_at","transaction_id");--> statement-breakpoint
CREATE INDEX "transactions_status_created" ON "transactions" USING btree ("status","created_at","transaction_id");--> statement-breakpoint
CREATE INDEX "transfers_created" ON "transfers" USING btree ("created_at","transfer_id");--> statement-breakpoint
CREATE INDEX "transfers_sender_created" ON "transfers" USING btree ("sender_wallet_id","created_at","transfer_id");--> statement-breakpoint
CREATE INDEX "transfers_receiver_created" ON "transfers" USING btree ("receiver_wallet_id","created_at","transfer_id");--> statement-breakpoint
CREATE INDEX "transfers_status_created" ON "transfers" USING btree ("status","created_at","transfer_id");--> statement-breakpoint
CREATE INDEX "transfers_start_due" ON "transfers" USING btree ("start_due_at") WHERE status in ('SCHEDULED', 'PENDING') and start_due_at is not null;--> statement-breakpoint
ALTER TABLE "transfers" ADD CONSTRAINT "transfers_reversed_at_most_moved" CHECK (reversed_amount >= 0 and (reversed_amount = 0 or (status = 'COMPLETED' and reversed_amount <= coalesce(captured_amount, amount))));--> statement-breakpoint
ALTER TABLE "transfers" ADD CONSTRAINT "transfers_captured_at_most_held" CHECK (captured_amount between 0 and amount);--> statement-breakpoint
ALTER TABLE "transfers" ADD CONSTRAINT "transfers_capture_method" CHECK (capture_method in ('automatic', 'manual'));--> statement-breakpoint
ALTER TABLE "transfers" ADD CONSTRAINT "transfers_expires" CHECK ((capture_method = 'manual') = (expires_at is not null));--> statement-breakpoint
ALTER TABLE "transfers" ADD CONSTRAINT "transfers_scheduled" CHECK (status <> 'SCHEDULED' or scheduled_at is not null);--> statement-breakpoint
ALTER TABLE "transfers" ADD CONSTRAINT "transfers_batch" CHECK ((batch_id is null) = (batch_index is null));