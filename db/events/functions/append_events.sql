-- Appends events of one outbox behind the position p_position and moves the outbox's cursor, in one transaction. Returns false, and
-- changes nothing, unless the caller still has the lease, p_position is the head, and the outbox was not stopped: somebody else
-- appends, or the caller was frozen. What each event has is a line: joined text is a third cheaper to send than arrays, in which
-- each quotation mark of a payload is escaped. Chains are hex, and p_chain is the last one. A payload is parsed for its tenant only
-- where some payload may name one.
CREATE OR REPLACE FUNCTION append_events(
  p_lease text, p_token bigint, p_position bigint, p_source text,
  p_snapshot pg_snapshot, p_window_end pg_snapshot, p_window_sequence bigint, p_witness_sequence bigint, p_witness_event_id text,
  p_count bigint, p_chain text, p_event_ids text, p_types text, p_subjects text, p_times text, p_payloads text, p_chains text
) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  -- Nobody takes the lease before this transaction has ended.
  PERFORM FROM leases WHERE name = p_lease AND token = p_token FOR SHARE;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM FROM log_head WHERE position = p_position FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  UPDATE outbox_cursors
  SET snapshot = p_snapshot, window_end = p_window_end, window_sequence = p_window_sequence,
      witness_sequence = p_witness_sequence, witness_event_id = p_witness_event_id,
      event_count = event_count + p_count, last_position = CASE WHEN p_count > 0 THEN p_position + p_count ELSE last_position END,
      updated_at = clock_timestamp()
  WHERE source = p_source AND stopped_reason IS NULL;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  IF p_count > 0 THEN
    UPDATE log_head SET position = p_position + p_count, chain = decode(p_chain, 'hex');
    INSERT INTO event_log (position, event_id, type, subject, tenant, time, source, payload, chain)
    SELECT p_position + place, event_id, type, subject,
      CASE WHEN strpos(payload, '"tenant"') > 0 THEN coalesce(payload::json ->> 'tenant', 'default') ELSE 'default' END, time::timestamptz, p_source, payload::json, decode(chain, 'hex')
    FROM ROWS FROM (
      string_to_table(p_event_ids, E'\n'), string_to_table(p_types, E'\n'), string_to_table(p_subjects, E'\n'),
      string_to_table(p_times, E'\n'), string_to_table(p_payloads, E'\n'), string_to_table(p_chains, E'\n')
    ) WITH ORDINALITY AS given (event_id, type, subject, time, payload, chain, place);
    -- The audit log is of the same transaction: what is in one is in the other. An event that came again, after a restore, is kept
    -- once.
    IF strpos(p_types, 'audit.') > 0 THEN
      INSERT INTO audit_log (audit_event_id, position, tenant, created_at, source, action, object, principal_id, principal, api_key_id,
        on_behalf_of, request_id, details)
      SELECT split_part(event_id, '/', 2)::uuid, position, tenant, time, source, substr(type, 7), coalesce(data ->> 'object', ''),
        coalesce(data ->> 'principal_id', ''), coalesce(data ->> 'principal', ''), coalesce(data ->> 'api_key_id', ''), data ->> 'on_behalf_of',
        payload ->> 'requestid', data - ARRAY['object', 'principal_id', 'principal', 'api_key_id', 'on_behalf_of']
      FROM event_log CROSS JOIN LATERAL (SELECT (payload -> 'data')::jsonb AS data) parsed
      WHERE position > p_position AND position <= p_position + p_count
        AND event_id ~ '^audit\.[a-z-]+/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
        AND jsonb_typeof(data) = 'object'
      ON CONFLICT DO NOTHING;
    END IF;
  END IF;
  RETURN true;
END
$$;
