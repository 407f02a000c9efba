-- Makes sure that nothing is ever reserved for an order, or gives back what is: asks the pivot of each of its consignments. `detail` is
-- [{n, lines, goods}] with goods done or undone; null if nothing was reserved. p_consignment_ids are those of the numbers from 1 on.
CREATE OR REPLACE FUNCTION release_order(
  p_order_id uuid, p_consignment_ids uuid[], p_reason text, p_request_id text, p_traceparent text, OUT detail jsonb
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  fence step_fences;
  consignment jsonb;
  n integer;
BEGIN
  fence := claim_step(p_order_id, 'reserve', 'undone', p_reason, NULL);
  IF fence.outcome IS DISTINCT FROM 'done' THEN
    RETURN;
  END IF;
  detail := '[]';
  -- In the order of the SKUs, because each takes their locks: the consignments are numbered by the lines' order.
  PERFORM FROM stock WHERE sku IN (SELECT sku FROM reservations WHERE order_id = p_order_id) ORDER BY sku FOR NO KEY UPDATE;
  FOR consignment IN SELECT value FROM jsonb_array_elements(fence.detail) LOOP
    n := (consignment ->> 'n')::integer;
    detail := detail || (consignment || jsonb_build_object('goods',
      (release(p_order_id, n, p_consignment_ids[n], p_reason, p_request_id, p_traceparent))));
  END LOOP;
END
$$;
