-- Approvals. The new CHECK is not validated, because the rows that are there fulfilled a narrower one: nothing scans the table. Locks it for a
-- moment. Its trigger costs the comparison of a status with each update; the one that enforces policies is made with the first of them.
CREATE TABLE "approval_policies" (
	"policy_id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"tenant" text DEFAULT 'default' NOT NULL,
	"currency" text NOT NULL,
	"version" integer NOT NULL,
	"above" numeric(19, 4),
	"above_24h" numeric(19, 4),
	"approvals" integer NOT NULL,
	"expires_in_seconds" integer NOT NULL,
	"set_by" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT clock_timestamp() NOT NULL,
	"ended_at" timestamp (3) with time zone,
	CONSTRAINT "approval_policies_version" UNIQUE("tenant","currency","version"),
	CONSTRAINT "approval_policies_bounds" CHECK (above >= 0 or above_24h >= 0),
	CONSTRAINT "approval_policies_approvals" CHECK (approvals between 1 and 5)
);
--> statement-breakpoint
CREATE TABLE "approval_votes" (
	"approval_id" uuid NOT NULL,
	"principal_id" uuid NOT NULL,
	"principal" text NOT NULL,
	"api_key_id" uuid NOT NULL,
	"vote" text NOT NULL,
	"policy_version" integer NOT NULL,
	"comment" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "approval_votes_approval_id_policy_version_principal_id_vote_pk" PRIMARY KEY("approval_id","policy_version","principal_id","vote")
);
--> statement-breakpoint
CREATE TABLE "approvals" (
	"approval_id" uuid PRIMARY KEY NOT NULL,
	"tenant" text DEFAULT 'default' NOT NULL,
	"status" text DEFAULT 'AWAITING' NOT NULL,
	"reason" text NOT NULL,
	"asked_by_id" uuid,
	"asked_by" text,
	"body_hash" "bytea" NOT NULL,
	"amount" numeric(19, 4) NOT NULL,
	"currency" text NOT NULL,
	"policy_version" integer NOT NULL,
	"needed" integer NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT clock_timestamp() NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"decided_at" timestamp (3) with time zone,
	CONSTRAINT "approvals_decided" CHECK ((status = 'AWAITING') = (decided_at is null))
);
--> statement-breakpoint
ALTER TABLE "transfers" DROP CONSTRAINT "transfers_status";--> statement-breakpoint
ALTER TABLE "approval_votes" ADD CONSTRAINT "approval_votes_approval_id_approvals_approval_id_fk" FOREIGN KEY ("approval_id") REFERENCES "public"."approvals"("approval_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "approval_policies_present" ON "approval_policies" USING btree ("tenant","currency") WHERE ended_at is null;--> statement-breakpoint
CREATE INDEX "approval_votes_override" ON "approval_votes" USING btree ("created_at") WHERE vote = 'override';--> statement-breakpoint
CREATE INDEX "approvals_created" ON "approvals" USING btree ("created_at","approval_id");--> statement-breakpoint
CREATE INDEX "approvals_status_created" ON "approvals" USING btree ("status","created_at","approval_id");--> statement-breakpoint
CREATE INDEX "approvals_due" ON "approvals" USING btree ("expires_at") WHERE status = 'AWAITING';--> statement-breakpoint
ALTER TABLE "transfers" ADD CONSTRAINT "transfers_status" CHECK (status in ('AWAITING_APPROVAL', 'SCHEDULED', 'PENDING', 'DEBITED', 'COMPLETED', 'FAILED', 'CANCELED')) NOT VALID;--> statement-breakpoint
-- The trigger `transfers_awaiting` of each transfer that stops waiting for approvals: it may begin only if it was approved; if it was not,
-- it begins canceled, so that its workflow closes both fences and nothing moves.
CREATE OR REPLACE FUNCTION keep_awaiting() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.begins_canceled AND NEW.status = 'PENDING' AND EXISTS (
    SELECT FROM approvals WHERE approval_id = NEW.transfer_id AND status IN ('REJECTED', 'EXPIRED', 'WITHDRAWN')
  ) OR NEW.status IN ('SCHEDULED', 'PENDING') AND EXISTS (
    SELECT FROM approvals WHERE approval_id = NEW.transfer_id AND status IN ('APPROVED', 'OVERRIDDEN')
      AND (amount, currency, body_hash) = (NEW.amount, NEW.currency, NEW.body_hash)
  ) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'the transfer waits for approvals' USING ERRCODE = 'check_violation', CONSTRAINT = 'transfers_awaiting', TABLE = 'transfers';
END
$$;--> statement-breakpoint
CREATE TRIGGER transfers_awaiting BEFORE UPDATE ON "transfers"
  FOR EACH ROW WHEN (OLD.status = 'AWAITING_APPROVAL' AND NEW.status <> OLD.status) EXECUTE FUNCTION keep_awaiting();
