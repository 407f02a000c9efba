-- Books the shipment of a consignment, once, and returns the step's outcome: booked; refused (too_many_units), for ever; or undone,
-- if its cancellation came first. A booking that was canceled later is undone too, so that nobody goes on with it. A program of the
-- version before names no tenant, and then it is the default one, as in all operations.
DROP FUNCTION IF EXISTS book(uuid, integer, uuid, jsonb, integer, text, text);
CREATE OR REPLACE FUNCTION book(
  p_order_id uuid, p_consignment integer, p_shipment_id uuid, p_lines jsonb, p_units_max integer, p_request_id text,
  p_traceparent text, p_tenant text DEFAULT 'default', OUT outcome text, OUT reason text
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  fence step_fences;
  units bigint;
BEGIN
  SELECT sum((line->>'quantity')::bigint) INTO units FROM jsonb_array_elements(p_lines) line;
  reason := CASE WHEN units > p_units_max THEN 'too_many_units' END;
  fence := claim_step(p_order_id, 'book:' || p_consignment, CASE WHEN reason IS NULL THEN 'done' ELSE 'refused' END, reason, p_lines);
  IF fence.outcome IS NOT NULL THEN
    reason := fence.reason;
    outcome := CASE
      WHEN fence.outcome = 'done' THEN (SELECT CASE status WHEN 'CANCELED' THEN 'undone' ELSE 'booked' END
        FROM shipments WHERE shipment_id = p_shipment_id)
      ELSE fence.outcome
    END;
    RETURN;
  END IF;

  IF reason IS NOT NULL THEN
    outcome := 'refused';
    RETURN;
  END IF;
  outcome := 'booked';
  INSERT INTO shipments (shipment_id, tenant, order_id, consignment, units) VALUES (p_shipment_id, p_tenant, p_order_id, p_consignment, units);
  PERFORM append_shipment_event('shipment.booked', p_shipment_id, jsonb_build_object('units', units::text), p_request_id, p_traceparent);
END
$$;
