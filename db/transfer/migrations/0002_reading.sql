CREATE TABLE "movement_metadata" (
	"movement" text NOT NULL,
	"key" text NOT NULL,
	"value" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"movement_id" uuid NOT NULL,
	CONSTRAINT "movement_metadata_movement_key_value_created_at_movement_id_pk" PRIMARY KEY("movement","key","value","created_at","movement_id")
);
--> statement-breakpoint
DROP INDEX "transfers_reverses";--> statement-breakpoint
DROP INDEX "transactions_created";--> statement-breakpoint
DROP INDEX "transactions_wallet_created";--> statement-breakpoint
DROP INDEX "transactions_status_created";--> statement-breakpoint
DROP INDEX "transfers_created";--> statement-breakpoint
DROP INDEX "transfers_sender_created";--> statement-breakpoint
DROP INDEX "transfers_receiver_created";--> statement-breakpoint
DROP INDEX "transfers_status_created";--> statement-breakpoint
CREATE INDEX "transactions_type_created" ON "transactions" USING btree ("type","created_at","transaction_id");--> statement-breakpoint
CREATE INDEX "transactions_wallet_unsuccessful" ON "transactions" USING btree ("wallet_id","status","created_at","transaction_id") WHERE status = 'FAILED';--> statement-breakpoint
CREATE INDEX "transactions_reference_created" ON "transactions" USING btree ("reference","created_at","transaction_id") WHERE reference is not null;--> statement-breakpoint
CREATE INDEX "transactions_day_amount" ON "transactions" USING btree ((("created_at" AT TIME ZONE 'UTC')::date),"amount");--> statement-breakpoint
CREATE INDEX "transfers_sender_unsuccessful" ON "transfers" USING btree ("sender_wallet_id","status","created_at","transfer_id") WHERE status in ('FAILED', 'CANCELED');--> statement-breakpoint
CREATE INDEX "transfers_receiver_unsuccessful" ON "transfers" USING btree ("receiver_wallet_id","status","created_at","transfer_id") WHERE status in ('FAILED', 'CANCELED');--> statement-breakpoint
CREATE INDEX "transfers_reference_created" ON "transfers" USING btree ("reference","created_at","transfer_id") WHERE reference is not null;--> statement-breakpoint
CREATE INDEX "transfers_reverses_created" ON "transfers" USING btree ("reverses_transfer_id","created_at","transfer_id") WHERE reverses_transfer_id is not null;--> statement-breakpoint
CREATE INDEX "transfers_recurring_created" ON "transfers" USING btree ("recurring_transfer_id","created_at","transfer_id") WHERE recurring_transfer_id is not null;--> statement-breakpoint
CREATE INDEX "transfers_day_amount" ON "transfers" USING btree ((("created_at" AT TIME ZONE 'UTC')::date),"amount");--> statement-breakpoint
CREATE INDEX "transactions_created" ON "transactions" USING btree ("created_at","transaction_id");--> statement-breakpoint
CREATE INDEX "transactions_wallet_created" ON "transactions" USING btree ("wallet_id","created_at","transaction_id");--> statement-breakpoint
CREATE INDEX "transactions_status_created" ON "transactions" USING btree ("status","created_at","transaction_id");--> statement-breakpoint
CREATE INDEX "transfers_created" ON "transfers" USING btree ("created_at","transfer_id");--> statement-breakpoint
CREATE INDEX "transfers_sender_created" ON "transfers" USING btree ("sender_wallet_id","created_at","transfer_id");--> statement-breakpoint
CREATE INDEX "transfers_receiver_created" ON "transfers" USING btree ("receiver_wallet_id","created_at","transfer_id");--> statement-breakpoint
CREATE INDEX "transfers_status_created" ON "transfers" USING btree ("status","created_at","transfer_id");