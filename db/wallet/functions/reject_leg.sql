-- Turns a leg that the caller's transaction has just claimed into a refusal for ever, with its reason and detail.
CREATE OR REPLACE FUNCTION reject_leg(p_transaction_id uuid, p_leg text, p_reason text, p_detail jsonb DEFAULT NULL) RETURNS void
LANGUAGE sql VOLATILE AS $$
  UPDATE operation_fences SET outcome = 'rejected', reason = p_reason, detail = p_detail
  WHERE transaction_id = p_transaction_id AND leg = p_leg
$$;
