-- Takes away one partition of the outbox once all its rows are in the event log: those that p_snapshot shows, the relay's stored
-- cursor, if p_server_id is the place of this database. Each call does one short step: it counts some p_events_max further events
-- of the oldest partition, or, if all are counted, adds the counts to outbox_seals and truncates the partition, in one transaction.
-- With p_only_if_full it does nothing while the ring has an empty partition ahead of the present one. Returns whether another call
-- would find more to do.
--
-- No movement waits for it. The partition that is written is left alone, and so is the next one when the sequence is about to
-- reach it. Readers hold it up for as long as they look; it gives up waiting for them at once and comes again.
CREATE OR REPLACE FUNCTION truncate_relayed_outbox(
  p_snapshot pg_snapshot, p_server_id text, p_events_max bigint, p_only_if_full boolean
) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '100ms' AS $$
DECLARE
  -- As in the table's definition (db/outbox.ts).
  partition_size CONSTANT bigint := 65536;
  -- More sequence numbers than writers draw while a partition is locked.
  margin CONSTANT bigint := 8192;
  newest bigint;
  present_place int;
  oldest int;
  leaf text;
  is_relayed boolean;
  counted_rows bigint;
  counted_through bigint;
  next_through bigint;
  found_rows bigint;
BEGIN
  -- Two relays at once take turns. A snapshot of the future is of another life of this database.
  IF NOT pg_try_advisory_xact_lock(hashtextextended('truncate_relayed_outbox', 0))
    OR p_server_id <> (SELECT system_identifier FROM pg_control_system()) || '/' || (SELECT oid FROM pg_database WHERE datname = current_database())
    OR pg_snapshot_xmax(p_snapshot) > pg_snapshot_xmax(pg_current_snapshot()) THEN
    RETURN false;
  END IF;
  SELECT last_value INTO newest FROM outbox_sequence;
  present_place := (newest / partition_size) % 4;
  -- From the oldest one on.
  FOR ahead IN 1..3 LOOP
    oldest := (present_place + ahead) % 4;
    leaf := 'outbox_events_' || oldest;
    EXECUTE format('SELECT pg_visible_in_snapshot(xid, $1) FROM %I ORDER BY xid DESC LIMIT 1', leaf) INTO is_relayed USING p_snapshot;
    EXIT WHEN is_relayed AND (ahead > 1 OR newest % partition_size < partition_size - margin);
    is_relayed := false;
    EXIT WHEN p_only_if_full;
  END LOOP;
  IF NOT is_relayed THEN
    RETURN false;
  END IF;

  SELECT coalesce(sum(row_count), 0), coalesce(max(through_sequence), 0) INTO counted_rows, counted_through
  FROM outbox_seal_progress WHERE place = oldest;
  EXECUTE format($count$
    SELECT max(sequence) FROM (
      SELECT sequence, sum(event_count) OVER (ORDER BY sequence) - event_count AS before
      FROM (SELECT sequence, event_count FROM %I WHERE sequence > $1 ORDER BY sequence LIMIT $2) following
    ) page WHERE before < $2$count$, leaf) INTO next_through USING counted_through, p_events_max;
  IF next_through IS NOT NULL THEN
    EXECUTE format($count$
      INSERT INTO outbox_seal_progress AS progress (place, type, row_count, event_count, digest, through_sequence)
      SELECT $1, type, count(*), sum(sums.event_count), sum(sums.digest), max(sequence)
      FROM %1$I CROSS JOIN LATERAL (
        SELECT count(*) AS event_count, coalesce(sum(event_digest(each.event_id, each.subject, each.data)), 0) AS digest
        FROM unfolded_events(%1$I.event_id, %1$I.subject, payload) each
      ) sums
      WHERE sequence > $2 AND sequence <= $3 GROUP BY type
      ON CONFLICT (place, type) DO UPDATE SET row_count = progress.row_count + excluded.row_count,
        event_count = progress.event_count + excluded.event_count, digest = progress.digest + excluded.digest,
        through_sequence = excluded.through_sequence$count$, leaf) USING oldest, counted_through, next_through;
    RETURN true;
  END IF;

  BEGIN
    EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', leaf);
  EXCEPTION WHEN lock_not_available THEN
    RETURN false;
  END;
  EXECUTE format('SELECT count(*), coalesce(bool_and(pg_visible_in_snapshot(xid, $1)), true) FROM %I', leaf)
  INTO found_rows, is_relayed USING p_snapshot;
  IF NOT is_relayed THEN
    RETURN false;
  END IF;
  -- A row that was committed after later ones were counted, with a lower sequence: everything is counted again.
  IF found_rows = counted_rows THEN
    INSERT INTO outbox_seals AS seal (type, event_count, digest, through_sequence)
    SELECT type, event_count, digest, through_sequence FROM outbox_seal_progress
    WHERE place = oldest
    ON CONFLICT (type) DO UPDATE SET event_count = seal.event_count + excluded.event_count, digest = seal.digest + excluded.digest,
      through_sequence = greatest(seal.through_sequence, excluded.through_sequence);
    INSERT INTO outbox_truncation (server_id, snapshot) VALUES (p_server_id, p_snapshot)
    ON CONFLICT (only_row) DO UPDATE SET server_id = excluded.server_id, snapshot = excluded.snapshot;
    EXECUTE format('TRUNCATE %I', leaf);
  END IF;
  DELETE FROM outbox_seal_progress WHERE place = oldest;
  RETURN true;
END
$$;
