-- An event about a wallet as CloudEvents 1.0. Its id names type and movement; p_data is the event's data but for the wallet.
-- The default tenant is not named.
DROP FUNCTION IF EXISTS event_payload(text, uuid, uuid, jsonb, text, text);
CREATE OR REPLACE FUNCTION event_payload(
  p_type text, p_wallet_id uuid, p_movement_id uuid, p_data jsonb, p_request_id text, p_traceparent text, p_tenant text
) RETURNS jsonb
LANGUAGE sql VOLATILE AS $$
  SELECT jsonb_strip_nulls(jsonb_build_object(
    'specversion', '1.0',
    'id', p_type || '/' || p_movement_id,
    'source', 'urn:counterpoise:wallet',
    'type', p_type,
    'subject', p_wallet_id,
    'tenant', nullif(p_tenant, 'default'),
    'time', to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'datacontenttype', 'application/json',
    'dataschema', 'urn:counterpoise:event:' || p_type || ':v1',
    'requestid', p_request_id,
    'traceparent', p_traceparent,
    'data', p_data || jsonb_build_object('wallet_id', p_wallet_id)
  ))
$$;
