-- Everybody who reads the log from a place that is kept here, and the last position that he has read: the log is kept for them
-- (expire_events.sql). Whoever keeps such a place adds a line.
CREATE OR REPLACE FUNCTION log_readers() RETURNS TABLE (reader text, read_position bigint)
LANGUAGE sql STABLE AS $$
  SELECT name, position FROM log_cursors
  UNION ALL SELECT consumer, position FROM consumer_cursors
$$;
