-- `refund` for many transfers of a batch whose credits have moved nothing and never will: undoes each debit, once. Returns the
-- transfers whose debit's fence says anything but applied. The wallets of applied debits, and no others, are locked in the batches'
-- order after the debits' fences, as debit_batch does. With p_is_other_credited the credits' fences are other movements': a debit
-- from before counterparties were kept may be that other movement's, is taken as credited, and is not given back.
CREATE OR REPLACE FUNCTION refund_batch(
  p_transfer_ids uuid[], p_wallet_ids uuid[], p_currencies text[], p_amounts numeric[], p_reason text,
  p_request_id text, p_traceparent text, p_counterparty_ids uuid[], p_is_other_credited boolean
) RETURNS TABLE (transfer_id uuid, outcome text, reason text, detail jsonb)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM claim_legs('debit', 'canceled', p_reason, p_transfer_ids, p_wallet_ids, p_currencies, p_amounts, p_counterparty_ids);
  PERFORM lock_wallets(ARRAY(
    SELECT fence.wallet_id FROM operation_fences fence
    WHERE fence.transaction_id = ANY(p_transfer_ids) AND fence.leg = 'debit' AND fence.outcome = 'applied'
  ));
  -- Compensation is rare, so applied debits are given back one after the other, as `refund` does.
  PERFORM give_back(fence, fence.amount, false, p_request_id, p_traceparent)
  FROM unnest(p_transfer_ids) WITH ORDINALITY AS asked (id, place)
  JOIN operation_fences fence ON fence.transaction_id = asked.id AND fence.leg = 'debit'
  WHERE fence.outcome = 'applied' AND NOT (p_is_other_credited AND fence.counterparty_wallet_id IS NULL);

  RETURN QUERY SELECT fence.transaction_id, fence.outcome, fence.reason, fence.detail
  FROM unnest(p_transfer_ids) AS asked (id) JOIN operation_fences fence ON fence.transaction_id = asked.id AND fence.leg = 'debit'
  WHERE fence.outcome <> 'applied';
END
$$;
