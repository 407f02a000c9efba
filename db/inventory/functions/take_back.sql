-- Takes the goods of a return back: the step `return:<return_id>` of the order. `p_lines` is [{sku, quantity, disposition}]: `restock`
-- puts them on the shelf, `scrap` notes them only. A repeat changes nothing.
CREATE OR REPLACE FUNCTION take_back(p_order_id uuid, p_return_id uuid, p_lines jsonb, p_request_id text, p_traceparent text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  fence step_fences;
  line record;
  is_restocked boolean;
BEGIN
  fence := claim_step(p_order_id, 'return:' || p_return_id, 'done', NULL, p_lines);
  IF fence.outcome IS NOT NULL THEN
    RETURN;
  END IF;
  FOR line IN SELECT * FROM jsonb_to_recordset(p_lines) AS back (sku text, quantity bigint, disposition text) ORDER BY sku LOOP
    is_restocked := line.disposition = 'restock';
    PERFORM append_stock_entry(line.sku, CASE WHEN is_restocked THEN 'RETURN' ELSE 'SCRAP' END,
      CASE WHEN is_restocked THEN line.quantity ELSE 0 END, 0, p_return_id, NULL, line.quantity);
  END LOOP;
  PERFORM append_saga_event('inventory', 'stock.returned', p_return_id, p_return_id,
    jsonb_build_object('return_id', p_return_id, 'order_id', p_order_id), p_request_id, p_traceparent);
END
$$;
