-- One column with a constant default, and an index of requests to send again, which are few. A process of the version before signs with the
-- present secret and the previous one alone.
ALTER TABLE "webhook_endpoints" ADD COLUMN "older_secrets" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
CREATE INDEX "webhook_replays_created" ON "webhook_replays" USING btree ("webhook_endpoint_id","created_at","replay_id");