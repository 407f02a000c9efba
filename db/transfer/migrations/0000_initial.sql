CREATE TABLE "outbox_events" (
	"event_id" text PRIMARY KEY NOT NULL,
	"type" text NOT NULL,
	"subject" text NOT NULL,
	"payload" jsonb NOT NULL,
	"status" text DEFAULT 'PENDING' NOT NULL,
	"publish_attempts" integer DEFAULT 0 NOT NULL,
	"last_error" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"published_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "transactions" (
	"transaction_id" uuid PRIMARY KEY NOT NULL,
	"wallet_id" uuid NOT NULL,
	"type" text NOT NULL,
	"status" text DEFAULT 'PENDING' NOT NULL,
	"failure_reason" text,
	"amount" numeric(19, 4) NOT NULL,
	"currency" text NOT NULL,
	"reference" text,
	"metadata" jsonb,
	"idempotency_key" text NOT NULL,
	"body_hash" "bytea" NOT NULL,
	"request_id" text NOT NULL,
	"traceparent" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"deadline_at" timestamp (3) with time zone NOT NULL,
	"start_due_at" timestamp (3) with time zone,
	"attention_reason" text,
	"attention_since" timestamp (3) with time zone,
	"attention_error" text,
	CONSTRAINT "transactions_amount_positive" CHECK (amount > 0),
	CONSTRAINT "transactions_type" CHECK (type in ('CREDIT', 'DEBIT')),
	CONSTRAINT "transactions_status" CHECK (status in ('PENDING', 'PROCESSED', 'FAILED')),
	CONSTRAINT "transactions_failure_reason" CHECK ((status = 'FAILED') = (failure_reason is not null))
);
--> statement-breakpoint
CREATE TABLE "transfer_steps" (
	"step_id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "transfer_steps_step_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"transfer_id" uuid NOT NULL,
	"step" text NOT NULL,
	"reason" text,
	"created_at" timestamp (3) with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "transfer_steps_transfer_step" UNIQUE("transfer_id","step")
);
--> statement-breakpoint
CREATE TABLE "transfers" (
	"transfer_id" uuid PRIMARY KEY NOT NULL,
	"sender_wallet_id" uuid NOT NULL,
	"receiver_wallet_id" uuid NOT NULL,
	"status" text DEFAULT 'PENDING' NOT NULL,
	"failure_reason" text,
	"amount" numeric(19, 4) NOT NULL,
	"currency" text NOT NULL,
	"reference" text,
	"metadata" jsonb,
	"idempotency_key" text NOT NULL,
	"body_hash" "bytea" NOT NULL,
	"request_id" text NOT NULL,
	"traceparent" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"deadline_at" timestamp (3) with time zone NOT NULL,
	"start_due_at" timestamp (3) with time zone,
	"attention_reason" text,
	"attention_since" timestamp (3) with time zone,
	"attention_error" text,
	CONSTRAINT "transfers_amount_positive" CHECK (amount > 0),
	CONSTRAINT "transfers_two_wallets" CHECK (sender_wallet_id <> receiver_wallet_id),
	CONSTRAINT "transfers_status" CHECK (status in ('SCHEDULED', 'PENDING', 'DEBITED', 'COMPLETED', 'FAILED', 'CANCELED')),
	CONSTRAINT "transfers_failure_reason" CHECK ((status = 'FAILED') = (failure_reason is not null))
);
--> statement-breakpoint
ALTER TABLE "transfer_steps" ADD CONSTRAINT "transfer_steps_transfer_id_transfers_transfer_id_fk" FOREIGN KEY ("transfer_id") REFERENCES "public"."transfers"("transfer_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "transactions_created" ON "transactions" USING btree ("created_at" DESC NULLS FIRST,"transaction_id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "transactions_wallet_created" ON "transactions" USING btree ("wallet_id","created_at" DESC NULLS FIRST,"transaction_id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "transactions_status_created" ON "transactions" USING btree ("status","created_at" DESC NULLS FIRST,"transaction_id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "transactions_start_due" ON "transactions" USING btree ("start_due_at") WHERE status = 'PENDING' and start_due_at is not null;--> statement-breakpoint
CREATE INDEX "transfers_created" ON "transfers" USING btree ("created_at" DESC NULLS FIRST,"transfer_id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "transfers_sender_created" ON "transfers" USING btree ("sender_wallet_id","created_at" DESC NULLS FIRST,"transfer_id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "transfers_receiver_created" ON "transfers" USING btree ("receiver_wallet_id","created_at" DESC NULLS FIRST,"transfer_id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "transfers_status_created" ON "transfers" USING btree ("status","created_at" DESC NULLS FIRST,"transfer_id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "transfers_start_due" ON "transfers" USING btree ("start_due_at") WHERE status = 'PENDING' and start_due_at is not null;