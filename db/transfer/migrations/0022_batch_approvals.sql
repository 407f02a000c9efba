-- Batches wait for approvals. The new CHECKs are not validated, because the rows that are there fulfilled narrower ones: nothing scans the table.
-- Locks it for a moment, and once while its small index is built. The trigger costs the comparison of a status with each update.
CREATE TABLE "batch_proposals" (
	"batch_id" uuid PRIMARY KEY NOT NULL,
	"judged_currency" text NOT NULL,
	"body_hash" "bytea" NOT NULL,
	"senders" uuid[] NOT NULL,
	"receivers" uuid[] NOT NULL,
	"amounts" numeric(19, 4)[] NOT NULL,
	"currencies" text[] NOT NULL,
	"item_references" text[] NOT NULL,
	"item_hashes" text[] NOT NULL,
	CONSTRAINT "batch_proposals_body" CHECK (body_hash = sha256(convert_to(array_to_json(item_hashes)::text, 'UTF8')))
);
--> statement-breakpoint
ALTER TABLE "transfer_batches" DROP CONSTRAINT "transfer_batches_status";--> statement-breakpoint
ALTER TABLE "transfer_batches" DROP CONSTRAINT "transfer_batches_completed";--> statement-breakpoint
ALTER TABLE "batch_proposals" ADD CONSTRAINT "batch_proposals_batch_id_transfer_batches_batch_id_fk" FOREIGN KEY ("batch_id") REFERENCES "public"."transfer_batches"("batch_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "transfer_batches_accept_due" ON "transfer_batches" USING btree ("start_due_at") WHERE status = 'AWAITING_APPROVAL' and start_due_at is not null;--> statement-breakpoint
ALTER TABLE "transfer_batches" ADD CONSTRAINT "transfer_batches_status" CHECK (status in ('AWAITING_APPROVAL', 'PROCESSING', 'COMPLETED', 'CANCELED')) NOT VALID;--> statement-breakpoint
ALTER TABLE "transfer_batches" ADD CONSTRAINT "transfer_batches_completed" CHECK ((status in ('COMPLETED', 'CANCELED')) = (completed_count + failed_count = item_count)) NOT VALID;--> statement-breakpoint
-- The trigger `transfer_batches_awaiting` of each batch that stops waiting for approvals: it is moved only if it was approved and all of its
-- items are there, and is canceled only if its votes are over and none of them is. What was canceled stays so.
CREATE OR REPLACE FUNCTION keep_awaiting_batch() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF OLD.status = 'AWAITING_APPROVAL' AND (
    NEW.status = 'CANCELED' AND EXISTS (SELECT FROM approvals WHERE approval_id = NEW.batch_id AND status <> 'AWAITING')
      AND NOT EXISTS (SELECT FROM transfers WHERE batch_id = NEW.batch_id)
    OR NEW.status = 'PROCESSING' AND EXISTS (
      SELECT FROM approvals WHERE approval_id = NEW.batch_id AND status IN ('APPROVED', 'OVERRIDDEN') AND body_hash = NEW.body_hash
    ) AND (SELECT count(*) FROM transfers WHERE batch_id = NEW.batch_id) = NEW.item_count
  ) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'the batch waits for approvals'
    USING ERRCODE = 'check_violation', CONSTRAINT = 'transfer_batches_awaiting', TABLE = 'transfer_batches';
END
$$;--> statement-breakpoint
CREATE TRIGGER transfer_batches_awaiting BEFORE UPDATE ON "transfer_batches"
  FOR EACH ROW WHEN (OLD.status IN ('AWAITING_APPROVAL', 'CANCELED') AND NEW.status <> OLD.status) EXECUTE FUNCTION keep_awaiting_batch();
