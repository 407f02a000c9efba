-- Decisions about cases that wait for approvals: approvals are of kinds. Locks the approvals and the log of cases for a moment, and scans the
-- approvals for two indexes. The trigger costs what only refunds and write-offs of cases pay.
ALTER TABLE "approvals" ALTER COLUMN "amount" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "approvals" ADD COLUMN "kind" text DEFAULT 'transfer' NOT NULL;--> statement-breakpoint
ALTER TABLE "approvals" ADD COLUMN "case_id" uuid;--> statement-breakpoint
ALTER TABLE "approvals" ADD COLUMN "proposal" jsonb;--> statement-breakpoint
ALTER TABLE "approvals" ADD COLUMN "start_due_at" timestamp (3) with time zone;--> statement-breakpoint
CREATE UNIQUE INDEX "approvals_waiting_decision" ON "approvals" USING btree ("case_id","kind") WHERE status = 'AWAITING';--> statement-breakpoint
CREATE INDEX "approvals_start_due" ON "approvals" USING btree ("start_due_at") WHERE start_due_at is not null;--> statement-breakpoint
-- The trigger `case_actions_approved` of the log of cases, without which nothing is given back or written off: it refuses such a decision if
-- a policy demands approvals for it and it has none. Waits for a change of the policies that is under way, so that none is judged by the
-- former ones once that is answered.
CREATE OR REPLACE FUNCTION refuse_undecided() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  LOCK TABLE transfers IN ROW EXCLUSIVE MODE;
  IF EXISTS (SELECT FROM policy_of_case(NEW.case_id)) AND NOT is_decided(NEW.case_id, NEW.action) THEN
    RAISE EXCEPTION 'a policy demands an approval' USING ERRCODE = 'check_violation', CONSTRAINT = 'case_actions_approved', TABLE = 'case_actions';
  END IF;
  RETURN NEW;
END
$$;--> statement-breakpoint
CREATE TRIGGER case_actions_approved BEFORE INSERT ON "case_actions"
  FOR EACH ROW WHEN (NEW.action IN ('refund', 'write_off')) EXECUTE FUNCTION refuse_undecided();
--> statement-breakpoint
-- One-sided transactions wait for approvals too. The new CHECK is not validated, because the rows that are there fulfilled a narrower one:
-- nothing scans the table. Locks it for a moment. Where there is or was a policy, the trigger that enforces it is made at once, with a
-- function that the next statements of this migration replace.
ALTER TABLE "transactions" DROP CONSTRAINT "transactions_status";--> statement-breakpoint
ALTER TABLE "transactions" ADD COLUMN "begins_canceled" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "transactions" ADD CONSTRAINT "transactions_status" CHECK (status in ('AWAITING_APPROVAL', 'PENDING', 'PROCESSED', 'FAILED')) NOT VALID;--> statement-breakpoint
DO $do$ BEGIN
  IF EXISTS (SELECT FROM pg_trigger WHERE tgrelid = 'transfers'::regclass AND tgname = 'transfers_approved') THEN
    CREATE FUNCTION refuse_unapproved_withdrawals() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
    CREATE TRIGGER transactions_approved AFTER INSERT ON transactions REFERENCING NEW TABLE AS accepted
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_unapproved_withdrawals();
  END IF;
END $do$;--> statement-breakpoint
-- The trigger `transactions_awaiting` of each transaction that stops waiting for approvals, as `transfers_awaiting` of transfers.
CREATE OR REPLACE FUNCTION keep_awaiting_transaction() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.status = 'PENDING' AND EXISTS (
    SELECT FROM approvals WHERE approval_id = NEW.transaction_id AND (
      NEW.begins_canceled AND status IN ('REJECTED', 'EXPIRED', 'WITHDRAWN')
      OR NOT NEW.begins_canceled AND status IN ('APPROVED', 'OVERRIDDEN')
        AND (amount, currency, body_hash) = (NEW.amount, NEW.currency, NEW.body_hash)
    )
  ) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'the transaction waits for approvals'
    USING ERRCODE = 'check_violation', CONSTRAINT = 'transactions_awaiting', TABLE = 'transactions';
END
$$;--> statement-breakpoint
CREATE TRIGGER transactions_awaiting BEFORE UPDATE ON "transactions"
  FOR EACH ROW WHEN (OLD.status = 'AWAITING_APPROVAL' AND NEW.status <> OLD.status) EXECUTE FUNCTION keep_awaiting_transaction();
