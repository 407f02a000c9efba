-- The transfers of a batch whose leg was decided for a movement of other terms (leg_conflicts), each with the amount that the leg
-- moved.
CREATE OR REPLACE FUNCTION conflicting_legs(
  p_leg text, p_transfer_ids uuid[], p_wallet_ids uuid[], p_currencies text[], p_amounts numeric[], p_counterparty_ids uuid[]
) RETURNS TABLE (transfer_id uuid, moved numeric)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT asked.transfer_id, CASE fence.outcome WHEN 'applied' THEN fence.amount ELSE 0 END
  FROM unnest(p_transfer_ids, p_wallet_ids, p_currencies, p_amounts, p_counterparty_ids)
    AS asked (transfer_id, wallet_id, currency, amount, counterparty_id)
  JOIN operation_fences fence ON fence.transaction_id = asked.transfer_id AND fence.leg = p_leg
  WHERE leg_conflicts(fence, asked.wallet_id, asked.currency, asked.amount, asked.counterparty_id, NULL)
$$;
