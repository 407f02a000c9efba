-- Who may vote, while a tenant has policies. Scans the approvals for an index, and locks them for a moment. No roll begins here,
-- for this database does not know the keys: where there is a policy, the first vote or the first new key that may vote begins it
-- (record_voters.sql).
CREATE TABLE "approval_voters" (
	"tenant" text DEFAULT 'default' NOT NULL,
	"roll" integer NOT NULL,
	"principal_id" uuid NOT NULL,
	"granted_by_id" uuid,
	"created_at" timestamp (3) with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "approval_voters_tenant_roll_principal_id_pk" PRIMARY KEY("tenant","roll","principal_id")
);
--> statement-breakpoint
CREATE TABLE "voter_rolls" (
	"tenant" text DEFAULT 'default' NOT NULL,
	"roll" integer NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT clock_timestamp() NOT NULL,
	"ended_at" timestamp (3) with time zone,
	CONSTRAINT "voter_rolls_tenant_roll_pk" PRIMARY KEY("tenant","roll")
);
--> statement-breakpoint
ALTER TABLE "approval_voters" ADD CONSTRAINT "approval_voters_granted_by_id_approvals_approval_id_fk" FOREIGN KEY ("granted_by_id") REFERENCES "public"."approvals"("approval_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "approval_voters" ADD CONSTRAINT "approval_voters_roll" FOREIGN KEY ("tenant","roll") REFERENCES "public"."voter_rolls"("tenant","roll") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "voter_rolls_present" ON "voter_rolls" USING btree ("tenant") WHERE ended_at is null;--> statement-breakpoint
CREATE UNIQUE INDEX "approvals_waiting_grant" ON "approvals" USING btree ("tenant",(proposal ->> 'principal_id')) WHERE status = 'AWAITING' and kind = 'grant';