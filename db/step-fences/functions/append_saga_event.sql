-- Writes an event to the outbox as CloudEvents 1.0, within the caller's transaction and after the lock of the subject's row, so
-- that the outbox's sequence is the order of the changes. Its id names type and p_key; the step's fence admits each event once. The
-- default tenant is not named.
DROP FUNCTION IF EXISTS append_saga_event(text, text, uuid, uuid, jsonb, text, text);
CREATE OR REPLACE FUNCTION append_saga_event(
  p_source text, p_type text, p_subject uuid, p_key uuid, p_data jsonb, p_request_id text, p_traceparent text, p_tenant text
) RETURNS void
LANGUAGE sql VOLATILE AS $$
  INSERT INTO outbox_events (event_id, type, subject, payload)
  VALUES (
    p_type || '/' || p_key, p_type, p_subject::text,
    jsonb_strip_nulls(jsonb_build_object(
      'specversion', '1.0',
      'id', p_type || '/' || p_key,
      'source', 'urn:counterpoise:' || p_source,
      'type', p_type,
      'subject', p_subject,
      'tenant', nullif(p_tenant, 'default'),
      'time', to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
      'datacontenttype', 'application/json',
      'dataschema', 'urn:counterpoise:event:' || p_type || ':v1',
      'requestid', p_request_id,
      'traceparent', p_traceparent,
      'data', p_data
    ))
  )
$$;
