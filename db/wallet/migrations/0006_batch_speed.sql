ALTER TABLE "ledger_entries" DROP CONSTRAINT "ledger_entries_wallet_transaction_type";--> statement-breakpoint
DROP INDEX "ledger_entries_transaction";--> statement-breakpoint
ALTER TABLE "outbox_events" ALTER COLUMN "payload" SET DATA TYPE json;--> statement-breakpoint
ALTER TABLE "ledger_entries" ADD CONSTRAINT "ledger_entries_transaction_wallet_type" UNIQUE("transaction_id","wallet_id","type");