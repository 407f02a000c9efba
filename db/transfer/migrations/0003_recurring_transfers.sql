CREATE TABLE "recurring_transfer_changes" (
	"change_id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "recurring_transfer_changes_change_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"recurring_transfer_id" uuid NOT NULL,
	"status" text NOT NULL,
	"request_id" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT clock_timestamp() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "recurring_transfer_skips" (
	"recurring_transfer_id" uuid NOT NULL,
	"nominal_at" timestamp (3) with time zone NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "recurring_transfer_skips_pkey" PRIMARY KEY("recurring_transfer_id","nominal_at")
);
--> statement-breakpoint
CREATE TABLE "recurring_transfers" (
	"recurring_transfer_id" uuid PRIMARY KEY NOT NULL,
	"sender_wallet_id" uuid NOT NULL,
	"receiver_wallet_id" uuid NOT NULL,
	"amount" numeric(19, 4) NOT NULL,
	"currency" text NOT NULL,
	"reference" text,
	"metadata" jsonb NOT NULL,
	"every_seconds" integer,
	"calendar" jsonb,
	"time_zone" text NOT NULL,
	"starts_at" timestamp (3) with time zone,
	"ends_at" timestamp (3) with time zone,
	"status" text DEFAULT 'ACTIVE' NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"idempotency_key" text NOT NULL,
	"body_hash" "bytea" NOT NULL,
	"request_id" text NOT NULL,
	"traceparent" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"settled_until" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"tend_due_at" timestamp (3) with time zone,
	CONSTRAINT "recurring_transfers_amount_positive" CHECK (amount > 0),
	CONSTRAINT "recurring_transfers_two_wallets" CHECK (sender_wallet_id <> receiver_wallet_id),
	CONSTRAINT "recurring_transfers_status" CHECK (status in ('ACTIVE', 'PAUSED', 'DELETED')),
	CONSTRAINT "recurring_transfers_one_rhythm" CHECK ((every_seconds is null) <> (calendar is null)),
	CONSTRAINT "recurring_transfers_every" CHECK (every_seconds >= 60),
	CONSTRAINT "recurring_transfers_ends" CHECK (ends_at > starts_at)
);
--> statement-breakpoint
ALTER TABLE "transfers" ADD COLUMN "nominal_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "recurring_transfer_changes" ADD CONSTRAINT "recurring_transfer_changes_of_recurring" FOREIGN KEY ("recurring_transfer_id") REFERENCES "public"."recurring_transfers"("recurring_transfer_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "recurring_transfer_skips" ADD CONSTRAINT "recurring_transfer_skips_of_recurring" FOREIGN KEY ("recurring_transfer_id") REFERENCES "public"."recurring_transfers"("recurring_transfer_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "recurring_transfer_changes_of" ON "recurring_transfer_changes" USING btree ("recurring_transfer_id","created_at","change_id");--> statement-breakpoint
CREATE INDEX "recurring_transfers_created" ON "recurring_transfers" USING btree ("created_at" DESC NULLS FIRST,"recurring_transfer_id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "recurring_transfers_status_created" ON "recurring_transfers" USING btree ("status","created_at" DESC NULLS FIRST,"recurring_transfer_id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "recurring_transfers_sender_created" ON "recurring_transfers" USING btree ("sender_wallet_id","created_at" DESC NULLS FIRST,"recurring_transfer_id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "recurring_transfers_receiver_created" ON "recurring_transfers" USING btree ("receiver_wallet_id","created_at" DESC NULLS FIRST,"recurring_transfer_id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "recurring_transfers_tend_due" ON "recurring_transfers" USING btree ("tend_due_at") WHERE tend_due_at is not null;--> statement-breakpoint
ALTER TABLE "transfers" ADD CONSTRAINT "transfers_of_recurring" FOREIGN KEY ("recurring_transfer_id") REFERENCES "public"."recurring_transfers"("recurring_transfer_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "transfers_recurring_run" ON "transfers" USING btree ("recurring_transfer_id","nominal_at") WHERE nominal_at is not null;