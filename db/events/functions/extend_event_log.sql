-- Makes sure that the log has a partition for p_position, and makes one of p_size positions at its end if it has none. Returns the
-- last position that has a partition. The parent's lock is held for some milliseconds, and readers of the log wait for it.
CREATE OR REPLACE FUNCTION extend_event_log(p_position bigint, p_size bigint) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  first_without bigint;
BEGIN
  -- Two calls at once take turns; the second one finds the partition.
  PERFORM pg_advisory_xact_lock(hashtextextended('extend_event_log', 0));
  LOOP
    SELECT max(substring(pg_get_expr(relpartbound, oid) FROM $bound$TO \('(\d+)'\)$bound$)::bigint) INTO first_without
    FROM pg_class JOIN pg_inherits ON inhrelid = oid WHERE inhparent = 'event_log'::regclass;
    IF first_without > p_position THEN
      RETURN first_without - 1;
    END IF;
    EXECUTE format('CREATE TABLE event_log_%s PARTITION OF event_log FOR VALUES FROM (%s) TO (%s)',
      first_without, first_without, first_without + p_size);
  END LOOP;
END
$$;
