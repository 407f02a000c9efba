-- Takes the goods of a return back into p_tenant's stock: the step `return:<return_id>` of the order. `p_lines` is
-- [{sku, quantity, disposition}]: `restock` puts them on the shelf, `scrap` notes them only. A repeat changes nothing. Goods that
-- would make more of a SKU than can be kept (the constraint stock_on_hand_max) are noted only, with that as the reason, and
-- somebody has to count them: the buyer is paid back all the same.
DROP FUNCTION IF EXISTS take_back(uuid, uuid, jsonb, text, text);
CREATE OR REPLACE FUNCTION take_back(
  p_order_id uuid, p_return_id uuid, p_lines jsonb, p_request_id text, p_traceparent text, p_tenant text DEFAULT 'default'
) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  fence step_fences;
  line record;
  is_restocked boolean;
  is_too_much boolean;
  on_hand_max CONSTANT bigint := 1000000000000;
BEGIN
  fence := claim_step(p_order_id, 'return:' || p_return_id, 'done', NULL, p_lines);
  IF fence.outcome IS NOT NULL THEN
    RETURN;
  END IF;
  FOR line IN SELECT * FROM jsonb_to_recordset(p_lines) AS back (sku text, quantity bigint, disposition text) ORDER BY sku LOOP
    SELECT on_hand + line.quantity > on_hand_max INTO STRICT is_too_much FROM stock WHERE tenant = p_tenant AND sku = line.sku FOR NO KEY UPDATE;
    is_restocked := line.disposition = 'restock' AND NOT is_too_much;
    PERFORM append_stock_entry(p_tenant, line.sku, CASE WHEN is_restocked THEN 'RETURN' ELSE 'SCRAP' END,
      CASE WHEN is_restocked THEN line.quantity ELSE 0 END, 0, p_return_id, NULL, line.quantity, NULL,
      CASE WHEN line.disposition = 'restock' AND is_too_much THEN 'stock_too_large' END);
  END LOOP;
  PERFORM append_saga_event('inventory', 'stock.returned', p_return_id, p_return_id,
    jsonb_build_object('return_id', p_return_id, 'order_id', p_order_id), p_request_id, p_traceparent, p_tenant);
END
$$;
