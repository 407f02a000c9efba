-- Writes an entry of the audit log to the outbox, as domain/audit-event.ts says, within the caller's transaction and after the lock
-- of what is changed. p_object is the id or the name of that. p_acting says who acts: principal, principal_id, api_key_id,
-- on_behalf_of, and tenant unless that is the default one. Without it, as a program of the version before calls, nothing is
-- written.
DROP FUNCTION IF EXISTS append_audit_event(text, uuid, jsonb, jsonb, text, text);
CREATE OR REPLACE FUNCTION append_audit_event(
  p_service text, p_action text, p_object text, p_details jsonb, p_acting jsonb, p_request_id text, p_traceparent text
) RETURNS void
LANGUAGE sql VOLATILE AS $$
  INSERT INTO outbox_events (event_id, type, subject, payload)
  SELECT type || '/' || entry_id, type, subject, jsonb_strip_nulls(jsonb_build_object(
    'specversion', '1.0',
    'id', type || '/' || entry_id,
    'source', 'urn:counterpoise:' || p_service,
    'type', type,
    'subject', subject,
    'tenant', nullif(p_acting ->> 'tenant', 'default'),
    'time', to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'datacontenttype', 'application/json',
    'dataschema', 'urn:counterpoise:event:' || type || ':v1',
    'requestid', p_request_id,
    'traceparent', p_traceparent,
    'data', p_details || jsonb_build_object(
      'object', p_object, 'principal', p_acting ->> 'principal', 'principal_id', p_acting ->> 'principal_id',
      'api_key_id', p_acting ->> 'api_key_id', 'on_behalf_of', p_acting ->> 'on_behalf_of')
  ))
  FROM (SELECT 'audit.' || p_action AS type, gen_random_uuid() AS entry_id) made
  CROSS JOIN LATERAL (
    SELECT CASE WHEN p_object ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN p_object ELSE entry_id::text END AS subject
  ) named
  WHERE p_acting IS NOT NULL
$$;
