-- Ends what waits for votes because whoever may cancel the transfer does. Returns whether it has waited.
CREATE OR REPLACE FUNCTION withdraw_approval(p_approval_id uuid) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM FROM approvals WHERE approval_id = p_approval_id AND status = 'AWAITING' FOR UPDATE;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM decide_approval(p_approval_id, 'WITHDRAWN');
  RETURN true;
END
$$;
