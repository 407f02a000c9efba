-- The undo of `book`: makes sure that the shipment is never booked (never_booked), or cancels it (canceled), as long as its goods
-- are not with the carrier (handed_over). A repeat returns the same.
CREATE OR REPLACE FUNCTION cancel_booking(
  p_order_id uuid, p_consignment integer, p_shipment_id uuid, p_request_id text, p_traceparent text, OUT outcome text
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  fence step_fences;
  shipment shipments;
BEGIN
  fence := claim_step(p_order_id, 'book:' || p_consignment, 'undone', 'canceled', NULL);
  IF fence.outcome IS DISTINCT FROM 'done' THEN
    outcome := 'never_booked';
    RETURN;
  END IF;

  SELECT * INTO STRICT shipment FROM shipments WHERE shipment_id = p_shipment_id FOR NO KEY UPDATE;
  outcome := CASE WHEN shipment.status IN ('BOOKED', 'CANCELED') THEN 'canceled' ELSE 'handed_over' END;
  IF shipment.status = 'BOOKED' THEN
    UPDATE shipments SET status = 'CANCELED', rank = 1, updated_at = clock_timestamp() WHERE shipment_id = p_shipment_id;
    PERFORM append_shipment_event('shipment.canceled', p_shipment_id, '{}', p_request_id, p_traceparent);
  END IF;
END
$$;
