-- Takes a transfer's amount out of the sender's wallet, once, however often it is called, and returns the outcome in the leg's
-- fence: applied; rejected (sender_not_found, sender_suspended, currency_mismatch, insufficient_funds, limit_exceeded with its
-- detail); or canceled, if compensation came first. A wallet of another tenant than p_tenant, the transfer's, is not found. Raises
-- if the leg is another movement's. With p_is_hold, the amount counts as
-- held until `refund` releases it. Without p_is_hold, a debit that is already held was made for a hold whose row was lost and
-- whose key has come back as a transfer of the same terms: its hold is released here, because nobody else would release it.
CREATE OR REPLACE FUNCTION debit(
  p_transfer_id uuid, p_wallet_id uuid, p_currency text, p_amount numeric, p_request_id text, p_traceparent text,
  p_is_hold boolean, p_counterparty_id uuid, p_tenant text,
  OUT outcome text, OUT reason text, OUT detail jsonb
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  fence operation_fences;
  wallet wallets;
BEGIN
  fence := claim_leg(p_transfer_id, 'debit', 'applied', NULL, p_wallet_id, p_currency, p_amount, p_counterparty_id);
  IF fence.outcome IS NOT NULL THEN
    outcome := fence.outcome;
    reason := fence.reason;
    detail := fence.detail;
    IF outcome = 'applied' AND fence.is_hold AND NOT p_is_hold THEN
      PERFORM release_hold(fence);
    END IF;
    RETURN;
  END IF;

  SELECT * INTO wallet FROM wallets WHERE wallet_id = p_wallet_id AND kind = 'user' AND tenant = p_tenant FOR NO KEY UPDATE;
  SELECT refusal.reason, refusal.detail INTO reason, detail FROM outgoing_refusal(wallet, p_currency, p_amount, 'sender') refusal;
  IF reason IS NOT NULL THEN
    outcome := 'rejected';
    PERFORM reject_leg(p_transfer_id, 'debit', reason, detail);
    PERFORM append_event('wallet.debit-failed', p_wallet_id, p_transfer_id,
      jsonb_build_object('transfer_id', p_transfer_id, 'reason', reason), p_request_id, p_traceparent, p_tenant);
    RETURN;
  END IF;

  outcome := 'applied';
  PERFORM append_entry(p_wallet_id, p_transfer_id, 'DEBIT', -p_amount);
  IF p_is_hold THEN
    UPDATE operation_fences SET is_hold = true WHERE transaction_id = p_transfer_id AND leg = 'debit';
    UPDATE wallets SET held = held + p_amount WHERE wallet_id = p_wallet_id;
  END IF;
  PERFORM append_event('wallet.debited', p_wallet_id, p_transfer_id,
    jsonb_build_object('transfer_id', p_transfer_id, 'amount', p_amount::numeric(19,4)::text), p_request_id, p_traceparent, p_tenant);
END
$$;
