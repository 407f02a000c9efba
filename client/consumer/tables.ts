/** The tables of a consumer, which lie in the database that its handler writes to. */

/**
 * Makes what is missing of the tables, and changes nothing that is there: run it by a migration, or before the first `consume`. All
 * consumers of a database share them.
 */
export const CONSUMER_TABLES = `
CREATE TABLE IF NOT EXISTS consumer_cursors (
  consumer text PRIMARY KEY,
  -- Each event up to it has taken effect or is parked.
  position bigint NOT NULL DEFAULT 0,
  -- Grows with each process that takes over: what was frozen meanwhile commits nothing.
  token bigint NOT NULL DEFAULT 0,
  -- The process that works; null once it has left.
  holder text,
  expires_at timestamp (3) with time zone NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamp (3) with time zone NOT NULL DEFAULT clock_timestamp()
);
-- What has taken effect, written in the transaction of its effect: of other sources than the log, and what had failed. The newest
-- rows alone are kept.
CREATE TABLE IF NOT EXISTS processed_events (
  consumer text NOT NULL,
  event_id text NOT NULL,
  position bigint NOT NULL,
  processed_at timestamp (3) with time zone NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT processed_events_pk PRIMARY KEY (consumer, event_id)
);
CREATE INDEX IF NOT EXISTS processed_events_position ON processed_events USING btree (consumer, position);
-- Events that have failed, and those that wait behind them, the first of each subject with the time of its next attempt.
CREATE TABLE IF NOT EXISTS parked_events (
  consumer text NOT NULL,
  event_id text NOT NULL,
  position bigint NOT NULL,
  subject text NOT NULL,
  event json NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  error text,
  failed_at timestamp (3) with time zone,
  -- Infinity behind an earlier event of the subject; null in a dead letter, which is tried again when somebody asks for it.
  retry_at timestamp (3) with time zone,
  CONSTRAINT parked_events_pk PRIMARY KEY (consumer, event_id)
);
CREATE INDEX IF NOT EXISTS parked_events_subject ON parked_events USING btree (consumer, subject, position);
CREATE INDEX IF NOT EXISTS parked_events_due ON parked_events USING btree (consumer, retry_at, position);
CREATE OR REPLACE VIEW dead_letters AS
  SELECT consumer, position, event_id, subject, event, error, attempts, failed_at FROM parked_events WHERE retry_at IS NULL;
`;
