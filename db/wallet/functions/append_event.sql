-- Writes an event about a wallet to the outbox, within the caller's transaction. Its id names type and movement, so the primary
-- key admits each event once. p_data is the event's data but for the wallet.
CREATE OR REPLACE FUNCTION append_event(
  p_type text, p_wallet_id uuid, p_movement_id uuid, p_data jsonb, p_request_id text, p_traceparent text
) RETURNS void
LANGUAGE sql VOLATILE AS $$
  INSERT INTO outbox_events (event_id, type, subject, payload)
  VALUES (
    p_type || '/' || p_movement_id, p_type, p_wallet_id::text,
    event_payload(p_type, p_wallet_id, p_movement_id, p_data, p_request_id, p_traceparent)
  )
$$;
