-- Writes that the goods of a consignment are with the carrier, once, and returns the shipment's status, which a repeat finds as it
-- is by then. The carrier's reference is that of the first call: a later run of the order may not know it. Raises, and leaves
-- nothing, if no shipment is booked or the booking was canceled.
CREATE OR REPLACE FUNCTION hand_over(
  p_order_id uuid, p_consignment integer, p_shipment_id uuid, p_carrier_reference text, p_request_id text, p_traceparent text,
  OUT status text
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  fence step_fences;
BEGIN
  fence := claim_step(p_order_id, 'hand-over:' || p_consignment, 'done', NULL, NULL);
  -- The fence's row is not locked, so the wait for a cancellation under way is here.
  SELECT shipments.status INTO status FROM shipments WHERE shipment_id = p_shipment_id FOR NO KEY UPDATE;
  IF fence.outcome IS NOT NULL THEN
    RETURN;
  END IF;

  IF status IS DISTINCT FROM 'BOOKED' THEN
    RAISE EXCEPTION 'the consignment % of order % has no booking to hand over: %', p_consignment, p_order_id, coalesce(status, 'none')
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'shipments_booked';
  END IF;
  status := 'HANDED_OVER';
  UPDATE shipments SET status = 'HANDED_OVER', rank = 2, carrier_reference = p_carrier_reference, updated_at = clock_timestamp()
  WHERE shipment_id = p_shipment_id;
  PERFORM append_shipment_event('shipment.handed-over', p_shipment_id,
    jsonb_build_object('carrier_reference', p_carrier_reference), p_request_id, p_traceparent);
END
$$;
