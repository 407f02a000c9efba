ALTER TABLE "ledger_entries" ADD COLUMN "counted_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "wallets" ADD COLUMN "outgoing_from" bigint;--> statement-breakpoint
ALTER TABLE "wallets" ADD COLUMN "outgoing_sum" numeric(28, 4);--> statement-breakpoint
ALTER TABLE "wallets" ADD COLUMN "limit_clock" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "wallets" ADD COLUMN "clock_back_sequence" bigint;