-- Lets the oldest events go that are older than p_retention and that every reader has read (log_readers.sql); those that are twice
-- as old go in any case, so that a reader that has stopped does not keep the log for ever. Each call does one short step: it moves
-- log_head.first_position behind some p_events_max events at most, and adds their counts and digests to log_seals, in one
-- transaction, or drops a partition whose events have all gone. Returns whether another call would find more to do.
--
-- An append waits for the last moment of a step. Before a partition is dropped, everybody who reads the log is waited for, but not
-- for long: it is dropped another time.
CREATE OR REPLACE FUNCTION expire_events(p_retention interval, p_events_max bigint) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '100ms' AS $$
DECLARE
  head log_head;
  oldest record;
  read_through bigint;
  last bigint;
  through bigint;
BEGIN
  -- While an outbox is resumed, what the log has is compared with it.
  IF NOT pg_try_advisory_xact_lock(hashtextextended('expire_events', 0)) OR EXISTS (SELECT FROM outbox_cursors WHERE is_resuming) THEN
    RETURN false;
  END IF;
  SELECT * INTO head FROM log_head;
  SELECT * INTO oldest FROM log_partitions() LIMIT 1;
  IF oldest.last_position < head.first_position THEN
    EXECUTE format('DROP TABLE %I', oldest.name);
    RETURN true;
  END IF;

  SELECT min(read_position) INTO read_through FROM log_readers();
  -- An event of the future has its time from a clock that was wrong: it is as old as the next one that has a time of the past.
  SELECT coalesce(min(position), head.position) INTO last FROM (
    SELECT position FROM event_log
    WHERE position >= least(head.first_position + p_events_max - 1, head.position) AND time <= now() ORDER BY position LIMIT 1
  ) next;
  -- The last event before the first one that stays; NULL if there is none.
  SELECT max(position) INTO through FROM event_log
  WHERE position >= head.first_position AND time <= now() AND position < coalesce((
    SELECT min(position) FROM event_log
    WHERE position >= head.first_position AND position <= last AND time <= now()
      AND (time >= now() - p_retention OR position > read_through AND time >= now() - 2 * p_retention)
  ), last + 1);
  IF through IS NULL THEN
    RETURN false;
  END IF;
  through := least(through, head.first_position + p_events_max - 1, head.position);
  INSERT INTO log_seals AS seal (source, type, event_count, digest)
  SELECT source, type, count(*), sum(event_digest(event_id, subject, (payload -> 'data')::jsonb)) FROM event_log
  WHERE position >= head.first_position AND position <= through
  GROUP BY source, type
  ON CONFLICT (source, type) DO UPDATE SET event_count = seal.event_count + excluded.event_count, digest = seal.digest + excluded.digest;
  UPDATE log_head SET first_position = through + 1,
    first_chain = (SELECT chain FROM event_log WHERE position = through),
    dropped_time = (
      SELECT greatest(head.dropped_time, max(time) FILTER (WHERE time <= now())) FROM event_log WHERE position >= head.first_position AND position <= through
    );
  RETURN true;
EXCEPTION WHEN lock_not_available THEN
  RETURN false;
END
$$;
