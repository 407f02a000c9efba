-- Lets the relay go on with an outbox that it had stopped reading, on somebody's decision: from the outbox as it is now, without
-- what the log has already. Returns 'resumed', 'not_stopped' or 'unknown', and changes nothing unless it is stopped.
DROP FUNCTION IF EXISTS resume_outbox(text, text, text);
CREATE OR REPLACE FUNCTION resume_outbox(p_source text, p_actor text, p_on_behalf_of text, p_comment text) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  reason text;
BEGIN
  SELECT stopped_reason INTO reason FROM outbox_cursors WHERE source = p_source FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN 'unknown';
  ELSIF reason IS NULL THEN
    RETURN 'not_stopped';
  END IF;
  -- The relay fills in the place of the database that it finds (adopt_outbox.sql).
  UPDATE outbox_cursors
  SET server_id = '', snapshot = NULL, window_end = NULL, window_sequence = NULL, witness_sequence = NULL, witness_event_id = NULL,
      stopped_reason = NULL, is_resuming = true, updated_at = clock_timestamp()
  WHERE source = p_source;
  INSERT INTO outbox_resumes (source, requested_at, stopped_reason, actor, on_behalf_of, comment)
  VALUES (p_source, clock_timestamp(), reason, p_actor, p_on_behalf_of, p_comment);
  RETURN 'resumed';
END
$$;
