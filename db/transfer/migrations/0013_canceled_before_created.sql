ALTER TABLE "transfers" ADD COLUMN "begins_canceled" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "transfers" ADD COLUMN "cancel_due_at" timestamp (3) with time zone;--> statement-breakpoint
CREATE INDEX "transfers_cancel_due" ON "transfers" USING btree ("cancel_due_at") WHERE listed_status = 'PENDING' and cancel_due_at is not null;