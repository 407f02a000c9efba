-- Pays the sender of an applied debit back from the shard's external wallet before the credit's fence has answered, because an
-- operator forced the refund. The two entries sum to zero; the money that the later settlement gives back then belongs to the
-- external wallet. Pays once, however often it is called. Does nothing if the debit was not applied or is another movement's, if
-- the refund has been paid, or if the advance was canceled because the credit turned out applied.
CREATE OR REPLACE FUNCTION advance(
  p_transfer_id uuid, p_wallet_id uuid, p_currency text, p_amount numeric, p_request_id text, p_traceparent text,
  p_counterparty_id uuid
) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  fence operation_fences;
  of_tenant text;
BEGIN
  PERFORM assert_own_wallet(p_wallet_id);
  -- A refund of the same transfer takes this lock first too, so one of the two sees what the other has done.
  SELECT tenant INTO of_tenant FROM wallets WHERE wallet_id = p_wallet_id FOR NO KEY UPDATE;
  SELECT * INTO fence FROM operation_fences WHERE transaction_id = p_transfer_id AND leg = 'debit';
  IF fence.outcome IS DISTINCT FROM 'applied'
    OR leg_conflicts(fence, p_wallet_id, p_currency, p_amount, p_counterparty_id, NULL)
    OR EXISTS (SELECT FROM operation_fences WHERE transaction_id = p_transfer_id AND leg = 'refund') THEN
    RETURN;
  END IF;
  fence := claim_leg(p_transfer_id, 'advance', 'applied', NULL, p_wallet_id, p_currency, p_amount);
  IF fence.outcome IS NOT NULL THEN
    RETURN;
  END IF;
  PERFORM append_entry(p_wallet_id, p_transfer_id, 'REFUND', p_amount);
  PERFORM append_entry(lock_external_wallet(p_currency, of_tenant), p_transfer_id, 'DEBIT', -p_amount);
  PERFORM append_event('wallet.advanced', p_wallet_id, p_transfer_id,
    jsonb_build_object('transfer_id', p_transfer_id, 'amount', p_amount::numeric(19,4)::text), p_request_id, p_traceparent, of_tenant);
END
$$;
