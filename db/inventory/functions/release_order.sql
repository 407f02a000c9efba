-- Makes sure that nothing is ever reserved for an order, or gives back what is: asks the pivot of each of its consignments. `detail` is
-- [{n, lines, goods}] with goods done or undone; null if nothing was reserved. p_consignment_ids are those of the numbers from 1 on.
CREATE OR REPLACE FUNCTION release_order(
  p_order_id uuid, p_consignment_ids uuid[], p_reason text, p_request_id text, p_traceparent text, OUT detail jsonb
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  reservation step_fences := claim_step(p_order_id, 'reserve', 'undone', p_reason, NULL);
  fence step_fences;
  consignment jsonb;
  claimed integer[] := '{}';
  n integer;
BEGIN
  IF reservation.outcome IS DISTINCT FROM 'done' THEN
    RETURN;
  END IF;
  detail := '[]';
  FOR consignment IN SELECT value FROM jsonb_array_elements(reservation.detail) LOOP
    n := (consignment ->> 'n')::integer;
    fence := claim_step(p_order_id, 'goods:' || n, 'undone', p_reason, NULL);
    IF fence.outcome IS NULL THEN
      claimed := claimed || n;
    END IF;
    detail := detail || (consignment || jsonb_build_object('goods', coalesce(fence.outcome, 'undone')));
  END LOOP;
  PERFORM lock_reserved_stock(p_order_id, claimed);
  FOREACH n IN ARRAY claimed LOOP
    PERFORM end_reservation(p_order_id, n, 'RELEASED', p_consignment_ids[n], p_request_id, p_traceparent);
  END LOOP;
END
$$;
