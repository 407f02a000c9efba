-- `cancel` for the credits of many transfers of a batch: makes sure that none of them happens from now on. Returns the transfers
-- whose fence says anything but canceled for this reason.
CREATE OR REPLACE FUNCTION cancel_credit_batch(
  p_transfer_ids uuid[], p_wallet_ids uuid[], p_currencies text[], p_amounts numeric[], p_reason text, p_counterparty_ids uuid[]
) RETURNS TABLE (transfer_id uuid, outcome text, reason text, detail jsonb)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  claimed uuid[] := claim_legs('credit', 'canceled', p_reason, p_transfer_ids, p_wallet_ids, p_currencies, p_amounts, p_counterparty_ids);
BEGIN
  IF cardinality(claimed) < cardinality(p_transfer_ids) THEN
    RETURN QUERY SELECT fence.transaction_id, fence.outcome, fence.reason, fence.detail
    FROM unnest(p_transfer_ids) AS asked (id) JOIN operation_fences fence ON fence.transaction_id = asked.id AND fence.leg = 'credit'
    WHERE (fence.outcome, fence.reason) IS DISTINCT FROM ('canceled', p_reason);
  END IF;
END
$$;
