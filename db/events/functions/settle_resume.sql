-- Ends the resuming of an outbox, once everything that it had is in the log: keeps by how many events of each type, and by which
-- digests, the log has more than the outbox, for the audit, and how many events the outbox ever had. Returns false, and changes
-- nothing, unless the caller still has the lease.
CREATE OR REPLACE FUNCTION settle_resume(
  p_lease text, p_token bigint, p_source text, p_event_count bigint, p_types text[], p_counts bigint[], p_digests numeric[]
) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM FROM leases WHERE name = p_lease AND token = p_token FOR SHARE;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  UPDATE outbox_cursors SET is_resuming = false, event_count = p_event_count WHERE source = p_source AND is_resuming AND stopped_reason IS NULL;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  DELETE FROM log_differences WHERE source = p_source;
  INSERT INTO log_differences (source, type, event_count, digest)
  SELECT p_source, type, count, digest FROM unnest(p_types, p_counts, p_digests) AS given (type, count, digest)
  WHERE count <> 0 OR digest <> 0;
  UPDATE outbox_resumes
  SET completed_at = clock_timestamp(),
      lost_in_outbox = (SELECT coalesce(sum(count) FILTER (WHERE count > 0), 0) FROM unnest(p_counts) count),
      lost_in_log = (SELECT coalesce(-sum(count) FILTER (WHERE count < 0), 0) FROM unnest(p_counts) count)
  WHERE source = p_source AND completed_at IS NULL;
  RETURN true;
END
$$;
