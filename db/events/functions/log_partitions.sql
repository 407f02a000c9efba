-- The partitions of the event log, the oldest first.
CREATE OR REPLACE FUNCTION log_partitions() RETURNS TABLE (name text, first_position bigint, last_position bigint)
LANGUAGE sql STABLE AS $$
  SELECT relname, bounds[1]::bigint, bounds[2]::bigint - 1
  FROM pg_class JOIN pg_inherits ON inhrelid = oid
  CROSS JOIN LATERAL regexp_match(pg_get_expr(relpartbound, oid), 'FROM \(''(\d+)''\) TO \(''(\d+)''\)') bounds
  WHERE inhparent = 'event_log'::regclass
  ORDER BY 2
$$;
