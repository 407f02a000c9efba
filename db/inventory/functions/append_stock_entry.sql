-- Changes a SKU's stock and appends the entry that says so, within the caller's transaction. The row's lock is taken here, so the
-- entries of a SKU are in the order of its changes. The constraints of the table refuse what would leave less than is reserved.
DROP FUNCTION IF EXISTS append_stock_entry(text, text, bigint, bigint, uuid, integer, bigint, numeric, text);
CREATE OR REPLACE FUNCTION append_stock_entry(
  p_tenant text, p_sku text, p_type text, p_on_hand bigint, p_reserved bigint, p_cause_id uuid, p_n integer,
  p_quantity bigint DEFAULT NULL, p_unit_cost numeric DEFAULT NULL, p_reason text DEFAULT NULL
) RETURNS stock
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  changed stock;
BEGIN
  UPDATE stock SET on_hand = on_hand + p_on_hand, reserved = reserved + p_reserved, sequence = sequence + 1,
    updated_at = clock_timestamp()
  WHERE tenant = p_tenant AND sku = p_sku RETURNING * INTO STRICT changed;
  INSERT INTO stock_entries (tenant, sku, sequence, type, on_hand_change, reserved_change, on_hand_after, reserved_after, cause_id, n,
    quantity, unit_cost, reason)
  VALUES (p_tenant, p_sku, changed.sequence, p_type, p_on_hand, p_reserved, changed.on_hand, changed.reserved, p_cause_id, p_n,
    p_quantity, p_unit_cost, p_reason);
  RETURN changed;
END
$$;
