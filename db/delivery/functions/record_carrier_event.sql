-- Keeps what a carrier reports of a shipment, once for each of the carrier's ids, and returns recorded; repeated, if the same was
-- reported before; or, and then it keeps nothing: not_found; not_handed_over, because a carrier cannot know of a shipment that it
-- was not given; reused, if the id names another report. `has_risen` says whether this report has changed the shipment's status,
-- which it does only if it ranks higher: reports come out of order. Returns whose shipment it is, too. A shipment of another tenant
-- than p_tenant is not found, and the carrier's ids are a tenant's own. What is kept is an entry of the audit log, unless p_acting
-- is left out, as a program of the version before does.
DROP FUNCTION IF EXISTS record_carrier_event(text, uuid, text, integer, timestamptz, text, text);
DROP FUNCTION IF EXISTS record_carrier_event(text, uuid, text, integer, timestamptz, text, text, jsonb);
CREATE OR REPLACE FUNCTION record_carrier_event(
  p_event_id text, p_shipment_id uuid, p_status text, p_rank integer, p_at timestamptz, p_request_id text, p_traceparent text,
  p_acting jsonb DEFAULT NULL, p_tenant text DEFAULT 'default',
  OUT outcome text, OUT has_risen boolean, OUT order_id uuid, OUT consignment integer
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  shipment shipments;
  known carrier_events;
BEGIN
  has_risen := false;
  SELECT * INTO shipment FROM shipments WHERE shipment_id = p_shipment_id AND tenant = p_tenant FOR NO KEY UPDATE;
  order_id := shipment.order_id;
  consignment := shipment.consignment;
  outcome := CASE WHEN shipment.shipment_id IS NULL THEN 'not_found' WHEN shipment.carrier_reference IS NULL THEN 'not_handed_over' END;
  IF outcome IS NOT NULL THEN
    RETURN;
  END IF;

  INSERT INTO carrier_events (event_id, tenant, shipment_id, status, at, has_risen)
  VALUES (p_event_id, p_tenant, p_shipment_id, p_status, p_at, p_rank > shipment.rank)
  ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    SELECT * INTO STRICT known FROM carrier_events WHERE event_id = p_event_id AND tenant = p_tenant;
    outcome := CASE
      WHEN (known.shipment_id, known.status, known.at) = (p_shipment_id, p_status, p_at::timestamptz(3)) THEN 'repeated'
      ELSE 'reused'
    END;
    RETURN;
  END IF;

  outcome := 'recorded';
  has_risen := p_rank > shipment.rank;
  PERFORM append_audit_event('delivery', 'carrier-event-recorded', p_shipment_id::text,
    jsonb_build_object('event_id', p_event_id, 'status', p_status), p_acting, p_request_id, p_traceparent);
  IF has_risen THEN
    UPDATE shipments SET status = p_status, rank = p_rank, updated_at = clock_timestamp() WHERE shipment_id = p_shipment_id;
    PERFORM append_shipment_event('shipment.' || lower(replace(p_status, '_', '-')), p_shipment_id,
      jsonb_build_object('at', to_char(p_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')), p_request_id, p_traceparent);
  END IF;
END
$$;
