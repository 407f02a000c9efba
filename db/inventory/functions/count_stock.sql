-- Sets what is on hand of a SKU, as somebody has counted it; what is reserved stays. The SKU comes into being if it is new. Returns
-- false, and changes nothing, if that would be less than is reserved. A count that finds what is on hand appends no entry. What is
-- changed is an entry of the audit log, unless p_acting is left out, as a program of the version before does.
DROP FUNCTION IF EXISTS count_stock(text, bigint, text, text);
DROP FUNCTION IF EXISTS count_stock(text, bigint, text, text, jsonb);
CREATE OR REPLACE FUNCTION count_stock(
  p_sku text, p_on_hand bigint, p_request_id text, p_traceparent text, p_acting jsonb DEFAULT NULL, p_tenant text DEFAULT 'default'
) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  kept stock;
  change bigint;
  count_id uuid;
  is_first boolean;
BEGIN
  INSERT INTO stock (tenant, sku) VALUES (p_tenant, p_sku) ON CONFLICT DO NOTHING;
  is_first := FOUND;
  SELECT * INTO STRICT kept FROM stock WHERE tenant = p_tenant AND sku = p_sku FOR NO KEY UPDATE;
  IF p_on_hand < kept.reserved THEN
    RETURN false;
  END IF;
  change := p_on_hand - kept.on_hand;
  IF change <> 0 THEN
    kept := append_stock_entry(p_tenant, p_sku, 'COUNT', change, 0, NULL, NULL);
    count_id := stock_entry_id(p_tenant, p_sku, kept.sequence);
    PERFORM append_saga_event('inventory', 'stock.counted', count_id, count_id,
      jsonb_build_object('sku', p_sku, 'on_hand', p_on_hand::text, 'quantity', change::text), p_request_id, p_traceparent, p_tenant);
  END IF;
  IF change <> 0 OR is_first THEN
    PERFORM append_audit_event('inventory', 'stock-counted', p_sku, jsonb_build_object('on_hand', p_on_hand::text),
      p_acting, p_request_id, p_traceparent);
  END IF;
  RETURN true;
END
$$;
