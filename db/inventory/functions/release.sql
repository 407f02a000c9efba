-- Gives the goods of a consignment back, unless they have left: asks the pivot, and returns what it says, done or undone, for ever.
-- A consignment whose reservation is lost, because the database was restored, is undone too: nothing will leave for it.
CREATE OR REPLACE FUNCTION release(
  p_order_id uuid, p_n integer, p_consignment_id uuid, p_reason text, p_request_id text, p_traceparent text, OUT outcome text
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  fence step_fences;
BEGIN
  fence := claim_step(p_order_id, 'goods:' || p_n, 'undone', p_reason, NULL);
  IF fence.outcome IS NULL AND is_reserved(p_order_id, p_n) THEN
    PERFORM lock_reserved_stock(p_order_id, ARRAY[p_n]);
    PERFORM end_reservation(p_order_id, p_n, 'RELEASED', p_consignment_id, p_request_id, p_traceparent);
  END IF;
  outcome := coalesce(fence.outcome, 'undone');
END
$$;
