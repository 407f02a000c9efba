-- Notes of goods that the order knows to have left that they have: the inventory decided it, and was restored from before. Returns
-- what the step `goods:<n>` is, done or undone, for ever. No hold is looked at. Goods whose reservation is lost too are taken off
-- the shelf; raises if it has fewer of them, until they are counted. p_lines is [{sku, quantity}] with each SKU once. A program of
-- the version before names no tenant, and then it is the default one, as in all operations.
DROP FUNCTION IF EXISTS adopt_issued(uuid, integer, uuid, jsonb, text, text, text);
CREATE OR REPLACE FUNCTION adopt_issued(
  p_order_id uuid, p_n integer, p_consignment_id uuid, p_lines jsonb, p_carrier_reference text, p_request_id text, p_traceparent text,
  p_tenant text DEFAULT 'default', OUT outcome text
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  fence step_fences := claim_step(p_order_id, 'goods:' || p_n, 'done', NULL, NULL);
  line record;
BEGIN
  outcome := coalesce(fence.outcome, 'done');
  IF fence.outcome IS NOT NULL THEN
    RETURN;
  END IF;

  UPDATE step_fences SET detail = jsonb_build_object('carrier_reference', p_carrier_reference)
  WHERE saga_id = p_order_id AND step = 'goods:' || p_n;
  IF is_reserved(p_order_id, p_n) THEN
    PERFORM lock_reserved_stock(p_order_id, ARRAY[p_n]);
  ELSE
    FOR line IN SELECT * FROM jsonb_to_recordset(p_lines) AS wanted (sku text, quantity bigint) ORDER BY sku LOOP
      PERFORM append_stock_entry(p_tenant, line.sku, 'RESERVATION', 0, line.quantity, p_order_id, p_n);
      INSERT INTO reservations (order_id, n, tenant, sku, quantity) VALUES (p_order_id, p_n, p_tenant, line.sku, line.quantity);
    END LOOP;
  END IF;
  PERFORM end_reservation(p_order_id, p_n, 'ISSUED', p_consignment_id, p_request_id, p_traceparent);
END
$$;
