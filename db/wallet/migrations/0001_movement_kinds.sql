ALTER TABLE "operation_fences" DROP CONSTRAINT "operation_fences_leg";--> statement-breakpoint
ALTER TABLE "operation_fences" ADD COLUMN "detail" jsonb;--> statement-breakpoint
ALTER TABLE "operation_fences" ADD COLUMN "is_hold" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "wallets" ADD COLUMN "limit_max_amount" numeric(19, 4);--> statement-breakpoint
ALTER TABLE "wallets" ADD COLUMN "limit_outgoing_24h" numeric(28, 4);--> statement-breakpoint
ALTER TABLE "operation_fences" ADD CONSTRAINT "operation_fences_leg" CHECK (leg in ('debit', 'credit', 'refund', 'release', 'advance', 'deposit', 'withdrawal'));--> statement-breakpoint
ALTER TABLE "wallets" ADD CONSTRAINT "wallets_limits" CHECK (limit_max_amount >= 0 and limit_outgoing_24h >= 0);