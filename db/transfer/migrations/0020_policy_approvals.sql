-- Changes of policies wait for approvals. The new CHECK is not validated, because what was ended before has no approval: nothing scans the table,
-- and its foreign key has nothing to check. Locks the policies and the approvals for a moment, and scans the approvals for an index.
ALTER TABLE "approval_policies" ADD COLUMN "ended_by_id" uuid;--> statement-breakpoint
ALTER TABLE "approval_policies" ADD CONSTRAINT "approval_policies_ended_by_id_approvals_approval_id_fk" FOREIGN KEY ("ended_by_id") REFERENCES "public"."approvals"("approval_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "approvals_waiting_policy" ON "approvals" USING btree ("tenant","currency") WHERE status = 'AWAITING' and kind = 'policy';--> statement-breakpoint
ALTER TABLE "approval_policies" ADD CONSTRAINT "approval_policies_ended" CHECK (ended_at is null or ended_by_id is not null) NOT VALID;
