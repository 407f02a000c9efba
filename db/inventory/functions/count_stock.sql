-- Sets what is on hand of a SKU, as somebody has counted it; what is reserved stays. The SKU comes into being if it is new. Returns
-- false, and changes nothing, if that would be less than is reserved. A repeat appends no entry.
CREATE OR REPLACE FUNCTION count_stock(p_sku text, p_on_hand bigint) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  kept stock;
BEGIN
  INSERT INTO stock (sku) VALUES (p_sku) ON CONFLICT DO NOTHING;
  SELECT * INTO STRICT kept FROM stock WHERE sku = p_sku FOR NO KEY UPDATE;
  IF p_on_hand < kept.reserved THEN
    RETURN false;
  END IF;
  IF p_on_hand <> kept.on_hand THEN
    PERFORM append_stock_entry(p_sku, 'COUNT', p_on_hand - kept.on_hand, 0, NULL, NULL);
  END IF;
  RETURN true;
END
$$;
