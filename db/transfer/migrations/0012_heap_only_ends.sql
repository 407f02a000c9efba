-- The ends of a batch's items become heap-only updates: no index has status or updated_at any more, but what a trigger derives of
-- them for other rows (db/transfer/schema.ts). ACCESS EXCLUSIVE on transfers while four indexes are built, each by one pass over the
-- table; docs/deploying.md has the statements that do it before, for a large table. Old programs go on; until they are replaced
-- their lists by status, their sweep and their reconciliation scan the table.
ALTER TABLE "transfers" ADD COLUMN IF NOT EXISTS "listed_status" text;--> statement-breakpoint
ALTER TABLE "transfers" ADD COLUMN IF NOT EXISTS "changed_at" timestamp (3) with time zone;--> statement-breakpoint
CREATE OR REPLACE FUNCTION set_listed_transfer() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  NEW.listed_status := CASE WHEN NEW.status IN ('FAILED', 'CANCELED') OR NEW.batch_id IS NULL AND NEW.status <> 'COMPLETED' THEN NEW.status END;
  NEW.changed_at := CASE WHEN NEW.batch_id IS NULL THEN NEW.updated_at END;
  RETURN NEW;
END
$$;--> statement-breakpoint
-- The conditions keep the function away from ten thousand items that are accepted or completed.
CREATE OR REPLACE TRIGGER transfers_listed_at_insert BEFORE INSERT ON "transfers"
  FOR EACH ROW WHEN (NEW.batch_id IS NULL OR NEW.status IN ('FAILED', 'CANCELED')) EXECUTE FUNCTION set_listed_transfer();--> statement-breakpoint
CREATE OR REPLACE TRIGGER transfers_listed_at_update BEFORE UPDATE ON "transfers"
  FOR EACH ROW WHEN (NEW.batch_id IS NULL OR NEW.status IN ('FAILED', 'CANCELED') OR OLD.listed_status IS NOT NULL)
  EXECUTE FUNCTION set_listed_transfer();--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "transfers_listed_created" ON "transfers" USING btree ("listed_status","created_at","transfer_id") WHERE batch_id is null or listed_status is not null;--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "transfers_sender_listed" ON "transfers" USING btree ("sender_wallet_id","listed_status","created_at","transfer_id") WHERE listed_status in ('FAILED', 'CANCELED');--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "transfers_receiver_listed" ON "transfers" USING btree ("receiver_wallet_id","listed_status","created_at","transfer_id") WHERE listed_status in ('FAILED', 'CANCELED');--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "transfers_changed" ON "transfers" USING btree ("changed_at") WHERE changed_at is not null;--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "transfers_listed_due" ON "transfers" USING btree ("start_due_at") WHERE listed_status in ('SCHEDULED', 'PENDING') and start_due_at is not null;--> statement-breakpoint
-- The trigger fills the columns of what is open, of what did not succeed, and of what the reconciliation has yet to look at: what
-- changed since the mark of its last run, which is far back if it was stopped or has failed. Completed transfers of before keep
-- null: nothing but that run asks when they changed, and its patrol of what has ended goes by the time of creation, so that none is
-- left out for good; where no run has come to its end, it alone looks at them. The old indexes lead to these rows.
UPDATE "transfers" SET status = status
WHERE status IN ('SCHEDULED', 'PENDING', 'DEBITED', 'FAILED', 'CANCELED') AND changed_at IS NULL
  AND (batch_id IS NULL OR status IN ('FAILED', 'CANCELED') AND listed_status IS NULL);--> statement-breakpoint
UPDATE "transfers" SET status = status
WHERE updated_at > least(now(), (
    SELECT to_mark FROM reconciliation_runs WHERE status IN ('CLEAN', 'REPAIRED', 'FOUND') AND to_mark <= now()
    ORDER BY run_number DESC LIMIT 1)) - interval '1 hour'
  AND batch_id IS NULL AND changed_at IS NULL;--> statement-breakpoint
DROP INDEX IF EXISTS "transfers_status_created";--> statement-breakpoint
DROP INDEX IF EXISTS "transfers_sender_unsuccessful";--> statement-breakpoint
DROP INDEX IF EXISTS "transfers_receiver_unsuccessful";--> statement-breakpoint
DROP INDEX IF EXISTS "transfers_updated";--> statement-breakpoint
DROP INDEX IF EXISTS "transfers_start_due";--> statement-breakpoint
-- Room in each page for the next version of every row in it.
ALTER TABLE "transfers" SET (fillfactor = 50);--> statement-breakpoint
CREATE INDEX "transfer_batches_open" ON "transfer_batches" USING btree ("created_at","batch_id") WHERE status = 'PROCESSING';--> statement-breakpoint
CREATE INDEX "transfer_batches_updated" ON "transfer_batches" USING btree ("updated_at","batch_id");--> statement-breakpoint
-- Rows of a thousand events are long, short-lived and read once: to compress them takes more time than to write them.
ALTER TABLE "outbox_events" ALTER COLUMN "payload" SET STORAGE EXTERNAL;
