-- Makes sure that nothing is ever reserved for an order, or gives back what is: asks the pivot of each of its consignments.
-- `detail` is [{n, lines, goods}] with goods done or undone; null if nothing was reserved. p_consignment_ids are those of the
-- numbers from 1 on. Raises if goods have left whose reservation was lost with a restored database (adopt_issued.sql): somebody has
-- to decide then.
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
    IF EXISTS (SELECT FROM step_fences WHERE saga_id = p_order_id AND step LIKE 'goods:%' AND outcome = 'done') THEN
      RAISE EXCEPTION 'goods of % have left, whose reservation is lost', p_order_id USING ERRCODE = 'no_data_found';
    END IF;
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
