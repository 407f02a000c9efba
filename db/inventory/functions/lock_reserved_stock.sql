-- Locks the stock of these consignments' goods, in the order of the SKUs. A caller claims every step that it is about to do before,
-- and none after, so that who waits for a step holds no stock. Raises if nothing is reserved for one of them.
CREATE OR REPLACE FUNCTION lock_reserved_stock(p_order_id uuid, p_ns integer[]) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  missing integer;
BEGIN
  SELECT asked.n INTO missing FROM unnest(p_ns) AS asked (n)
  WHERE NOT EXISTS (SELECT FROM reservations WHERE order_id = p_order_id AND reservations.n = asked.n AND state = 'RESERVED');
  IF FOUND THEN
    RAISE EXCEPTION 'nothing is reserved for consignment % of %', missing, p_order_id USING ERRCODE = 'no_data_found';
  END IF;
  PERFORM FROM stock
  WHERE (tenant, sku) IN (SELECT tenant, sku FROM reservations WHERE order_id = p_order_id AND n = ANY (p_ns) AND state = 'RESERVED')
  ORDER BY sku FOR NO KEY UPDATE;
END
$$;
