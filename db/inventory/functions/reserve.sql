-- Reserves all lines of an order in p_tenant's stock, or none: the step `reserve`. `p_lines` is [{sku, quantity}] with each SKU
-- once. The rows are locked in the order of their SKUs, so that orders of the same goods cannot deadlock. With p_allow_split each
-- SKU is a consignment of its own, and the last of p_consignments_max takes the rest; the split is the fence's detail, so that a
-- repeat returns the same. A repeat for an order whose row was restored says so if goods of it have left (left, otherwise as done),
-- or, if none has, were given back (undone). `detail` is the consignments [{n, lines}], or the SKUs that are missing.
DROP FUNCTION IF EXISTS reserve(uuid, jsonb, boolean, integer, text, text);
CREATE OR REPLACE FUNCTION reserve(
  p_order_id uuid, p_lines jsonb, p_allow_split boolean, p_consignments_max integer, p_request_id text, p_traceparent text,
  p_tenant text DEFAULT 'default', OUT outcome text, OUT detail jsonb
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  fence step_fences;
  line record;
  missing jsonb;
  has_left boolean;
BEGIN
  fence := claim_step(p_order_id, 'reserve', 'done', NULL, jsonb_build_object('lines', p_lines, 'allow_split', p_allow_split));
  IF fence.outcome IS NOT NULL THEN
    SELECT bool_or(step_fences.outcome = 'done') INTO has_left FROM step_fences WHERE saga_id = p_order_id AND step LIKE 'goods:%';
    outcome := CASE
      WHEN fence.outcome <> 'done' OR has_left IS NULL THEN fence.outcome
      ELSE CASE WHEN has_left THEN 'left' ELSE 'undone' END
    END;
    detail := fence.detail;
    RETURN;
  END IF;

  PERFORM FROM stock WHERE tenant = p_tenant AND sku IN (SELECT value ->> 'sku' FROM jsonb_array_elements(p_lines)) ORDER BY sku FOR NO KEY UPDATE;
  SELECT jsonb_agg(wanted.sku ORDER BY wanted.sku) INTO missing
  FROM jsonb_to_recordset(p_lines) AS wanted (sku text, quantity bigint)
  LEFT JOIN stock ON stock.tenant = p_tenant AND stock.sku = wanted.sku
  WHERE coalesce(stock.on_hand - stock.reserved, 0) < wanted.quantity;
  IF missing IS NOT NULL THEN
    outcome := 'refused';
    detail := missing;
    UPDATE step_fences SET outcome = 'refused', reason = 'out_of_stock', detail = missing
    WHERE saga_id = p_order_id AND step = 'reserve';
    PERFORM append_saga_event('inventory', 'stock.reservation-failed', p_order_id, p_order_id,
      jsonb_build_object('order_id', p_order_id, 'reason', 'out_of_stock'), p_request_id, p_traceparent, p_tenant);
    RETURN;
  END IF;

  INSERT INTO reservations (order_id, n, tenant, sku, quantity)
  SELECT p_order_id, CASE WHEN p_allow_split THEN least(position, p_consignments_max) ELSE 1 END, p_tenant, sku, quantity
  FROM ROWS FROM (jsonb_to_recordset(p_lines) AS (sku text, quantity bigint)) WITH ORDINALITY AS wanted (sku, quantity, position);
  FOR line IN SELECT * FROM reservations WHERE order_id = p_order_id ORDER BY sku LOOP
    PERFORM append_stock_entry(p_tenant, line.sku, 'RESERVATION', 0, line.quantity, p_order_id, line.n);
  END LOOP;
  SELECT jsonb_agg(jsonb_build_object('n', n, 'lines', lines) ORDER BY n) INTO detail FROM (
    SELECT n, jsonb_agg(jsonb_build_object('sku', sku, 'quantity', quantity) ORDER BY sku) AS lines
    FROM reservations WHERE order_id = p_order_id GROUP BY n
  ) consignments;
  UPDATE step_fences SET detail = reserve.detail WHERE saga_id = p_order_id AND step = 'reserve';
  PERFORM append_saga_event('inventory', 'stock.reserved', p_order_id, p_order_id,
    jsonb_build_object('order_id', p_order_id), p_request_id, p_traceparent, p_tenant);
  outcome := 'done';
END
$$;
