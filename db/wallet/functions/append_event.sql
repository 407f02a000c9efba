-- Writes an event about a wallet to the outbox, within the caller's transaction and after the wallet's lock, so that the outbox's
-- sequence is the ledger's order. Its id names type and movement; the leg's fence admits each event once. p_data is the event's
-- data but for the wallet. p_tenant is that of the movement, which a wallet that was refused to it need not have.
DROP FUNCTION IF EXISTS append_event(text, uuid, uuid, jsonb, text, text);
CREATE OR REPLACE FUNCTION append_event(
  p_type text, p_wallet_id uuid, p_movement_id uuid, p_data jsonb, p_request_id text, p_traceparent text, p_tenant text
) RETURNS void
LANGUAGE sql VOLATILE AS $$
  INSERT INTO outbox_events (event_id, type, subject, payload)
  VALUES (
    p_type || '/' || p_movement_id, p_type, p_wallet_id::text,
    event_payload(p_type, p_wallet_id, p_movement_id, p_data, p_request_id, p_traceparent, p_tenant)
  )
$$;
