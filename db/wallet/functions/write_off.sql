-- Settles a transfer's debit as refund does, but what would go back to the sender goes to the external wallet of the shard:
-- an operator gave up a refund that keeps failing. It decides the same fence as the refund, so only one of the two happens.
CREATE OR REPLACE FUNCTION write_off(
  p_transfer_id uuid, p_wallet_id uuid, p_currency text, p_amount numeric, p_credited numeric, p_reason text,
  p_request_id text, p_traceparent text,
  OUT outcome text, OUT reason text, OUT detail jsonb
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  fence operation_fences;
BEGIN
  fence := claim_leg(p_transfer_id, 'debit', 'canceled', p_reason, p_wallet_id, p_currency, p_amount);
  outcome := coalesce(fence.outcome, 'canceled');
  reason := CASE WHEN fence.outcome IS NULL THEN p_reason ELSE fence.reason END;
  detail := fence.detail;
  IF outcome = 'applied' THEN
    PERFORM give_back(fence, p_amount - p_credited, true, p_request_id, p_traceparent);
  END IF;
END
$$;
