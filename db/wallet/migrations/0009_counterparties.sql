ALTER TABLE "operation_fences" ADD COLUMN "counterparty_wallet_id" uuid;--> statement-breakpoint
ALTER TABLE "operation_fences" ADD COLUMN "of_amount" numeric(19, 4);