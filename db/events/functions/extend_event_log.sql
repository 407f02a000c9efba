DROP FUNCTION IF EXISTS extend_event_log(bigint, bigint);
-- Makes sure that the log has a partition for p_position, and makes one at its end if it has none: as large as the last day was, so
-- that retention takes away about a day at once, within bounds. Returns the last position that has a partition. Neither readers
-- nor an audit, which has the log locked, are waited for.
CREATE OR REPLACE FUNCTION extend_event_log(p_position bigint) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  first_without bigint;
  partition text;
  size bigint;
BEGIN
  -- Two calls at once take turns; the second one finds the partition.
  PERFORM pg_advisory_xact_lock(hashtextextended('extend_event_log', 0));
  LOOP
    SELECT max(last_position) + 1 INTO first_without FROM log_partitions();
    IF first_without > p_position THEN
      RETURN first_without - 1;
    END IF;
    size := coalesce(size, least(greatest(events_of_last_day(), 100000), 5000000));
    partition := 'event_log_' || first_without;
    -- Made apart and attached: as a partition from the beginning, it would lock the whole log against its readers.
    EXECUTE format('CREATE TABLE %I (LIKE event_log INCLUDING ALL)', partition);
    EXECUTE format('ALTER TABLE event_log ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)', partition, first_without, first_without + size);
  END LOOP;
END
$$;
