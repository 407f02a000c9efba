-- Undoes a transfer's debit, whatever became of it, and answers what the debit's fence says. One that has not happened
-- never will (canceled); a rejected one stays so; of one that was applied, debit minus credit goes back to the sender,
-- once, by a leg with a fence of its own. The caller has the credit's final answer: p_credited is what it moved, 0 where
-- it was canceled or rejected. Neither suspension nor the largest balance stops a refund: it is the sender's own money.
CREATE OR REPLACE FUNCTION refund(
  p_transfer_id uuid, p_wallet_id uuid, p_currency text, p_amount numeric, p_credited numeric, p_reason text,
  p_request_id text, p_traceparent text,
  OUT outcome text, OUT reason text
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  fence operation_fences;
  returned numeric := p_amount - p_credited;
BEGIN
  fence := claim_leg(p_transfer_id, 'debit', 'canceled', p_reason, p_wallet_id, p_currency, p_amount);
  outcome := coalesce(fence.outcome, 'canceled');
  reason := CASE WHEN fence.outcome IS NULL THEN p_reason ELSE fence.reason END;
  IF outcome <> 'applied' OR returned = 0 THEN
    RETURN;
  END IF;

  fence := claim_leg(p_transfer_id, 'refund', 'applied', NULL, p_wallet_id, p_currency, returned);
  IF fence.outcome IS NOT NULL THEN
    RETURN;
  END IF;
  PERFORM 1 FROM wallets WHERE wallet_id = p_wallet_id FOR NO KEY UPDATE;
  PERFORM append_entry(p_wallet_id, p_transfer_id, 'REFUND', returned);
  PERFORM append_event('wallet.refunded', p_wallet_id, p_transfer_id,
    jsonb_build_object('transfer_id', p_transfer_id, 'amount', returned::numeric(19,4)::text), p_request_id, p_traceparent);
END
$$;
