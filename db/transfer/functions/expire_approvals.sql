-- Ends what has waited for votes for too long, some at a time, and returns their ids. Any number may call it at once.
CREATE OR REPLACE FUNCTION expire_approvals(p_limit integer) RETURNS SETOF uuid
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  id uuid;
BEGIN
  FOR id IN
    SELECT approval_id FROM approvals WHERE status = 'AWAITING' AND expires_at <= clock_timestamp()
    ORDER BY expires_at LIMIT p_limit FOR UPDATE SKIP LOCKED
  LOOP
    PERFORM decide_approval(id, 'EXPIRED');
    RETURN NEXT id;
  END LOOP;
END
$$;
