-- The outbox becomes a ring that is only appended to (db/outbox.ts). ACCESS EXCLUSIVE on outbox_events while its rows are copied,
-- so that movements wait meanwhile.
CREATE TABLE "outbox_seals" (
	"type" text PRIMARY KEY NOT NULL,
	"event_count" bigint DEFAULT 0 NOT NULL,
	"digest" numeric DEFAULT '0' NOT NULL,
	"through_sequence" bigint DEFAULT 0 NOT NULL
);--> statement-breakpoint
CREATE SEQUENCE outbox_sequence;--> statement-breakpoint
ALTER TABLE outbox_events RENAME TO outbox_events_before;--> statement-breakpoint
CREATE TABLE outbox_events (
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  sequence bigint NOT NULL DEFAULT nextval('outbox_sequence'),
  event_id text NOT NULL,
  type text NOT NULL,
  subject text,
  event_count integer NOT NULL DEFAULT 1,
  payload json NOT NULL,
  created_at timestamp (3) with time zone NOT NULL DEFAULT clock_timestamp()
) PARTITION BY LIST (((sequence / 65536) % 4));--> statement-breakpoint
CREATE TABLE outbox_events_0 PARTITION OF outbox_events FOR VALUES IN (0);--> statement-breakpoint
CREATE TABLE outbox_events_1 PARTITION OF outbox_events FOR VALUES IN (1);--> statement-breakpoint
CREATE TABLE outbox_events_2 PARTITION OF outbox_events FOR VALUES IN (2);--> statement-breakpoint
CREATE TABLE outbox_events_3 PARTITION OF outbox_events FOR VALUES IN (3);--> statement-breakpoint
CREATE INDEX outbox_events_sequence ON outbox_events (sequence);--> statement-breakpoint
CREATE INDEX outbox_events_xid ON outbox_events (xid);--> statement-breakpoint
-- In the order of the ledger, as far as an event has an entry.
INSERT INTO outbox_events (event_id, type, subject, payload, created_at)
SELECT event_id, before.type, subject, payload, before.created_at
FROM outbox_events_before before
LEFT JOIN ledger_entries entry ON entry.wallet_id = subject::uuid AND entry.transaction_id = split_part(event_id, '/', 2)::uuid
  AND entry.type = CASE before.type WHEN 'wallet.debited' THEN 'DEBIT' WHEN 'wallet.credited' THEN 'CREDIT' WHEN 'wallet.refunded' THEN 'REFUND' END
ORDER BY coalesce(entry.created_at, (payload ->> 'time')::timestamptz), entry.sequence, event_id;--> statement-breakpoint
DROP TABLE outbox_events_before;
