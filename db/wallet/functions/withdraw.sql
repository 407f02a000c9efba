-- Moves money out of a wallet into the outside world: writes both entries, the wallet's and that of the shard's external wallet,
-- in one operation, once, however often it is called. Returns the outcome in the fence: applied; rejected (wallet_not_found,
-- wallet_suspended, currency_mismatch, insufficient_funds, limit_exceeded with its detail); or canceled. A wallet of another tenant
-- than p_tenant, the transaction's, is not found.
CREATE OR REPLACE FUNCTION withdraw(
  p_transaction_id uuid, p_wallet_id uuid, p_currency text, p_amount numeric, p_request_id text, p_traceparent text, p_tenant text,
  OUT outcome text, OUT reason text, OUT detail jsonb
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  fence operation_fences;
  wallet wallets;
BEGIN
  fence := claim_leg(p_transaction_id, 'withdrawal', 'applied', NULL, p_wallet_id, p_currency, p_amount);
  IF fence.outcome IS NOT NULL THEN
    outcome := fence.outcome;
    reason := fence.reason;
    detail := fence.detail;
    RETURN;
  END IF;

  SELECT * INTO wallet FROM wallets WHERE wallet_id = p_wallet_id AND kind = 'user' AND tenant = p_tenant FOR NO KEY UPDATE;
  SELECT refusal.reason, refusal.detail INTO reason, detail FROM outgoing_refusal(wallet, p_currency, p_amount, 'wallet') refusal;
  IF reason IS NOT NULL THEN
    outcome := 'rejected';
    PERFORM reject_leg(p_transaction_id, 'withdrawal', reason, detail);
    PERFORM append_event('wallet.debit-failed', p_wallet_id, p_transaction_id,
      jsonb_build_object('transaction_id', p_transaction_id, 'reason', reason), p_request_id, p_traceparent, p_tenant);
    RETURN;
  END IF;

  outcome := 'applied';
  PERFORM append_entry(p_wallet_id, p_transaction_id, 'DEBIT', -p_amount);
  PERFORM append_entry(lock_external_wallet(p_currency, p_tenant), p_transaction_id, 'CREDIT', p_amount);
  PERFORM append_event('wallet.debited', p_wallet_id, p_transaction_id,
    jsonb_build_object('transaction_id', p_transaction_id, 'amount', p_amount::numeric(19,4)::text), p_request_id, p_traceparent, p_tenant);
END
$$;
