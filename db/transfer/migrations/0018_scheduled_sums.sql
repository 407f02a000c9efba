-- The sum of 24 hours is of those in which the money moves, so the transfers that a wallet has scheduled are found by their time. One pass over the
-- transfers, which takes no writes meanwhile; an installation without scheduled transfers gets an empty index.
CREATE INDEX "transfers_sender_scheduled" ON "transfers" USING btree ("sender_wallet_id","scheduled_at") WHERE scheduled_at is not null;