-- append_event for many transfers at once: writes one event of the same type for each wallet. Its data names the transfer and has
-- its item of p_details under the name p_detail: an amount or a code, in which nothing has to be escaped. Up to a thousand events
-- share a row, which has what they have in common once (domain/events/folded-events.ts); it is joined as text, because building
-- objects would cost several times as much. Transfers that were asked for by different requests have p_traces, by the transfer's
-- id an object with its requestid and traceparent, and a row for each event. Events are written in the given order, which is that
-- of the ledger's entries within each wallet.
DROP FUNCTION IF EXISTS append_transfer_events(text, uuid[], uuid[], text, text[], text, text);
DROP FUNCTION IF EXISTS append_transfer_events(text, uuid[], uuid[], text, text[], text, text, jsonb);
CREATE OR REPLACE FUNCTION append_transfer_events(
  p_type text, p_wallet_ids uuid[], p_transfer_ids uuid[], p_detail text, p_details text[], p_request_id text, p_traceparent text,
  p_traces jsonb, p_tenant text
) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  envelope text := event_payload(p_type, NULL, NULL, NULL, p_request_id, p_traceparent, p_tenant)::text;
  opening text := rtrim(envelope, '}');
BEGIN
  IF p_traces IS NULL THEN
    FOR start IN 1..coalesce(cardinality(p_transfer_ids), 0) BY 1000 LOOP
      INSERT INTO outbox_events (event_id, type, event_count, payload)
      SELECT p_type || '/folded/' || p_transfer_ids[start], p_type, count(*),
        ('{"folded": 1, "event": ' || envelope || ', "subject": "wallet_id", "columns": ["transfer_id", "wallet_id", "' || p_detail || '"], "rows": [["'
          || string_agg(transfer_id || '","' || wallet_id || '","' || detail, '"],["') || '"]]}')::json
      FROM unnest(
        p_wallet_ids[start:start + 999]::text[], p_transfer_ids[start:start + 999]::text[], p_details[start:start + 999]
      ) AS given (wallet_id, transfer_id, detail);
    END LOOP;
    RETURN;
  END IF;
  INSERT INTO outbox_events (event_id, type, subject, payload)
  SELECT p_type || '/' || transfer_id, p_type, wallet_id,
    (opening || coalesce(', ' || btrim((p_traces -> transfer_id)::text, '{}'), '') || ', "id": "' || p_type || '/' || transfer_id
      || '", "subject": "' || wallet_id || '", "data": {"transfer_id": "' || transfer_id
      || '", "wallet_id": "' || wallet_id || '", "' || p_detail || '": "' || detail || '"}}')::json
  FROM (
    SELECT * FROM unnest(p_wallet_ids::text[], p_transfer_ids::text[], p_details) WITH ORDINALITY AS given (wallet_id, transfer_id, detail, place)
    ORDER BY place
  ) item;
END
$$;
