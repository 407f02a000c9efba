-- Writes an event of a shipment, whose row the caller has under lock. A shipment has each status at most once.
CREATE OR REPLACE FUNCTION append_shipment_event(
  p_type text, p_shipment_id uuid, p_more jsonb, p_request_id text, p_traceparent text
) RETURNS void
LANGUAGE sql VOLATILE AS $$
  SELECT append_saga_event('delivery', p_type, shipment_id, shipment_id,
    jsonb_build_object('shipment_id', shipment_id, 'order_id', order_id, 'consignment', consignment::text) || p_more,
    p_request_id, p_traceparent, tenant)
  FROM shipments WHERE shipment_id = p_shipment_id
$$;
