-- Ends the reservation of a consignment, within the caller's transaction, whose claim of the step `goods:<n>` has decided it: the
-- goods leave (ISSUED), or they are on the shelf again (RELEASED). The caller has locked their stock (lock_reserved_stock).
CREATE OR REPLACE FUNCTION end_reservation(
  p_order_id uuid, p_n integer, p_state text, p_consignment_id uuid, p_request_id text, p_traceparent text
) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  line record;
  is_issued boolean := p_state = 'ISSUED';
  of_tenant text;
BEGIN
  FOR line IN SELECT * FROM reservations WHERE order_id = p_order_id AND n = p_n AND state = 'RESERVED' ORDER BY sku LOOP
    of_tenant := line.tenant;
    PERFORM append_stock_entry(line.tenant, line.sku, CASE WHEN is_issued THEN 'ISSUE' ELSE 'RELEASE' END,
      CASE WHEN is_issued THEN -line.quantity ELSE 0 END, -line.quantity, p_order_id, p_n);
  END LOOP;
  UPDATE reservations SET state = p_state, updated_at = clock_timestamp()
  WHERE order_id = p_order_id AND n = p_n AND state = 'RESERVED';
  PERFORM append_saga_event('inventory', CASE WHEN is_issued THEN 'stock.issued' ELSE 'stock.released' END, p_order_id,
    p_consignment_id, jsonb_build_object('order_id', p_order_id, 'consignment', p_n::text), p_request_id, p_traceparent, of_tenant);
END
$$;
