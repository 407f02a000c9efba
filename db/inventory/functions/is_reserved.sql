-- Whether anything is reserved for a consignment, by a caller that has claimed the step `goods:<n>`, but holds no stock yet. If
-- not, the reservation was lost with a restored database, and none will be made: the step `reserve` is claimed, which also waits
-- for one under way.
CREATE OR REPLACE FUNCTION is_reserved(p_order_id uuid, p_n integer) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  reservation step_fences;
BEGIN
  IF EXISTS (SELECT FROM reservations WHERE order_id = p_order_id AND n = p_n AND state = 'RESERVED') THEN
    RETURN true;
  END IF;
  reservation := claim_step(p_order_id, 'reserve', 'undone', 'lost', NULL);
  RETURN reservation.outcome IS NOT DISTINCT FROM 'done';
END
$$;
