CREATE TABLE "transfer_batches" (
	"batch_id" uuid PRIMARY KEY NOT NULL,
	"item_count" integer NOT NULL,
	"completed_count" integer DEFAULT 0 NOT NULL,
	"failed_count" integer DEFAULT 0 NOT NULL,
	"status" text DEFAULT 'PROCESSING' NOT NULL,
	"idempotency_key" text NOT NULL,
	"body_hash" "bytea" NOT NULL,
	"request_id" text NOT NULL,
	"traceparent" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"deadline_at" timestamp (3) with time zone NOT NULL,
	"start_due_at" timestamp (3) with time zone,
	"attention_case_id" uuid,
	"attention_reason" text,
	"attention_since" timestamp (3) with time zone,
	"attention_error" text,
	CONSTRAINT "transfer_batches_status" CHECK (status in ('PROCESSING', 'COMPLETED')),
	CONSTRAINT "transfer_batches_counts" CHECK (completed_count >= 0 and failed_count >= 0 and completed_count + failed_count <= item_count),
	CONSTRAINT "transfer_batches_completed" CHECK ((status = 'COMPLETED') = (completed_count + failed_count = item_count))
);
--> statement-breakpoint
ALTER TABLE "transfer_steps" DROP CONSTRAINT "transfer_steps_transfer_id_transfers_transfer_id_fk";
--> statement-breakpoint
CREATE INDEX "transfer_batches_created" ON "transfer_batches" USING btree ("created_at" DESC NULLS FIRST,"batch_id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "transfer_batches_start_due" ON "transfer_batches" USING btree ("start_due_at") WHERE status = 'PROCESSING' and start_due_at is not null;