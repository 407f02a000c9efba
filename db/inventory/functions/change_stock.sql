-- Receives goods into stock, or adjusts it, once for the change's id: p_type RECEIPT or ADJUSTMENT, and p_quantity may be negative
-- for the latter. The SKU comes into being with its first receipt. `outcome`: done, or conflicts if the id was used for another
-- change; refused with a reason (reserved, too_much, unknown), and then the id is not used up. `entry` is the entry's sequence. The
-- terms name the tenant unless it is the default one. A change is an entry of the audit log, unless p_acting is left out, as a
-- program of the version before does.
DROP FUNCTION IF EXISTS change_stock(uuid, text, text, bigint, numeric, text, bigint, text, text);
DROP FUNCTION IF EXISTS change_stock(uuid, text, text, bigint, numeric, text, bigint, text, text, jsonb);
CREATE OR REPLACE FUNCTION change_stock(
  p_change_id uuid, p_sku text, p_type text, p_quantity bigint, p_unit_cost numeric, p_reason text, p_on_hand_max bigint,
  p_request_id text, p_traceparent text, p_acting jsonb DEFAULT NULL, p_tenant text DEFAULT 'default',
  OUT outcome text, OUT reason text, OUT entry bigint, OUT is_new boolean
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  fence step_fences;
  terms jsonb := jsonb_strip_nulls(jsonb_build_object('sku', p_sku, 'type', p_type, 'quantity', p_quantity,
    'unit_cost', p_unit_cost::numeric(19,4)::text, 'reason', p_reason, 'tenant', nullif(p_tenant, 'default')));
  kept stock;
BEGIN
  is_new := false;
  IF p_type = 'RECEIPT' THEN
    INSERT INTO stock (tenant, sku) VALUES (p_tenant, p_sku) ON CONFLICT DO NOTHING;
  END IF;
  SELECT * INTO kept FROM stock WHERE tenant = p_tenant AND sku = p_sku FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    outcome := 'refused';
    reason := 'unknown';
    RETURN;
  END IF;
  SELECT * INTO fence FROM step_fences WHERE saga_id = p_change_id AND step = 'stock';
  IF FOUND THEN
    outcome := CASE WHEN fence.terms = terms THEN 'done' ELSE 'conflicts' END;
    entry := (fence.detail ->> 'sequence')::bigint;
    RETURN;
  END IF;
  outcome := 'refused';
  IF kept.on_hand + p_quantity < kept.reserved THEN
    reason := 'reserved';
    RETURN;
  END IF;
  IF kept.on_hand + p_quantity > p_on_hand_max THEN
    reason := 'too_much';
    RETURN;
  END IF;
  kept := append_stock_entry(p_tenant, p_sku, p_type, p_quantity, 0, p_change_id, NULL, p_quantity, p_unit_cost, p_reason);
  INSERT INTO step_fences (saga_id, step, outcome, terms, detail)
  VALUES (p_change_id, 'stock', 'done', terms, jsonb_build_object('sequence', kept.sequence));
  PERFORM append_saga_event('inventory', CASE p_type WHEN 'RECEIPT' THEN 'stock.received' ELSE 'stock.adjusted' END, p_change_id,
    p_change_id, jsonb_build_object('sku', p_sku, 'quantity', p_quantity::text), p_request_id, p_traceparent, p_tenant);
  PERFORM append_audit_event('inventory', CASE p_type WHEN 'RECEIPT' THEN 'stock-received' ELSE 'stock-adjusted' END, p_sku,
    terms - ARRAY['sku', 'type', 'tenant'] || jsonb_build_object('quantity', p_quantity::text), p_acting, p_request_id, p_traceparent);
  outcome := 'done';
  entry := kept.sequence;
  is_new := true;
END
$$;
