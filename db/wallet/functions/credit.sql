-- Puts a transfer's amount into the receiver's wallet, once, however often it is called, and returns the outcome in the leg's
-- fence: applied; rejected (receiver_not_found, receiver_suspended, currency_mismatch, balance_limit); or canceled, if
-- compensation came first. A wallet of another tenant than p_tenant, the transfer's, is not found. Raises if the leg is another
-- movement's. p_amount may be a part of a hold, whose amount is then
-- p_of_amount; `amount` is the amount that was credited, if an earlier call credited another part.
CREATE OR REPLACE FUNCTION credit(
  p_transfer_id uuid, p_wallet_id uuid, p_currency text, p_amount numeric, p_request_id text, p_traceparent text,
  p_counterparty_id uuid, p_of_amount numeric, p_tenant text,
  OUT outcome text, OUT reason text, OUT amount numeric
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  fence operation_fences;
  wallet wallets;
BEGIN
  fence := claim_leg(p_transfer_id, 'credit', 'applied', NULL, p_wallet_id, p_currency, p_amount, p_counterparty_id, p_of_amount);
  IF fence.outcome IS NOT NULL THEN
    outcome := fence.outcome;
    reason := fence.reason;
    amount := CASE WHEN outcome = 'applied' AND fence.amount <> p_amount THEN fence.amount END;
    RETURN;
  END IF;

  SELECT * INTO wallet FROM wallets WHERE wallet_id = p_wallet_id AND kind = 'user' AND tenant = p_tenant FOR NO KEY UPDATE;
  reason := incoming_refusal(wallet, p_currency, p_amount, 'receiver');
  IF reason IS NOT NULL THEN
    outcome := 'rejected';
    PERFORM reject_leg(p_transfer_id, 'credit', reason);
    PERFORM append_event('wallet.credit-failed', p_wallet_id, p_transfer_id,
      jsonb_build_object('transfer_id', p_transfer_id, 'reason', reason), p_request_id, p_traceparent, p_tenant);
    RETURN;
  END IF;

  outcome := 'applied';
  PERFORM append_entry(p_wallet_id, p_transfer_id, 'CREDIT', p_amount);
  PERFORM append_event('wallet.credited', p_wallet_id, p_transfer_id,
    jsonb_build_object('transfer_id', p_transfer_id, 'amount', p_amount::numeric(19,4)::text), p_request_id, p_traceparent, p_tenant);
END
$$;
