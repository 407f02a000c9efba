-- Settles an applied debit, once: releases it if it is a hold, and books p_returned by the refund leg's fence. The money goes
-- to the sender, or to the external wallet if the refund is written off or if the external wallet has paid the sender already
-- (advance). The wallet's lock comes before both fences, as in advance.
CREATE OR REPLACE FUNCTION give_back(
  p_debit operation_fences, p_returned numeric, p_is_write_off boolean, p_request_id text, p_traceparent text
) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  transfer uuid := p_debit.transaction_id;
  payee uuid := p_debit.wallet_id;
  fence operation_fences;
  of_tenant text;
BEGIN
  SELECT tenant INTO of_tenant FROM wallets WHERE wallet_id = p_debit.wallet_id FOR NO KEY UPDATE;
  IF p_debit.is_hold THEN
    PERFORM release_hold(p_debit);
  END IF;
  IF p_returned = 0 THEN
    RETURN;
  END IF;

  fence := claim_leg(transfer, 'refund', 'applied', NULL, p_debit.wallet_id, p_debit.currency, p_returned);
  IF fence.outcome IS NOT NULL THEN
    RETURN;
  END IF;
  IF p_is_write_off OR EXISTS (
    SELECT FROM operation_fences WHERE transaction_id = transfer AND leg = 'advance' AND outcome = 'applied'
  ) THEN
    payee := lock_external_wallet(p_debit.currency, of_tenant);
    UPDATE operation_fences SET detail = jsonb_build_object('paid_to', payee) WHERE transaction_id = transfer AND leg = 'refund';
  END IF;
  PERFORM append_entry(payee, transfer, 'REFUND', p_returned);
  PERFORM append_event('wallet.refunded', payee, transfer,
    jsonb_build_object('transfer_id', transfer, 'amount', p_returned::numeric(19,4)::text), p_request_id, p_traceparent, of_tenant);
END
$$;
