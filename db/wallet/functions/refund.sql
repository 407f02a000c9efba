-- Settles a transfer's debit once the credit's final outcome is known, and returns the outcome in the debit's fence. A debit that
-- has not happened never will (canceled), and a rejected debit stays rejected. The hold of an applied debit is released, and
-- debit minus credit goes back to the sender, once, by a leg with a fence of its own. p_credited is the amount that the credit
-- moved, 0 if it was canceled or rejected. Neither suspension nor the largest balance nor a limit stops a refund: it is the
-- sender's own money. With p_is_write_off the money goes to the shard's external wallet instead, because an operator gave the
-- refund up. If the credit's fence is another movement's, p_other_credit is the amount that this credit moved: a debit from
-- before counterparties were kept may be that movement's, and that amount of it is taken as credited. Raises if the debit is
-- another movement's.
CREATE OR REPLACE FUNCTION refund(
  p_transfer_id uuid, p_wallet_id uuid, p_currency text, p_amount numeric, p_credited numeric, p_reason text,
  p_request_id text, p_traceparent text, p_is_write_off boolean, p_counterparty_id uuid, p_other_credit numeric,
  OUT outcome text, OUT reason text, OUT detail jsonb
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  fence operation_fences;
BEGIN
  fence := claim_leg(p_transfer_id, 'debit', 'canceled', p_reason, p_wallet_id, p_currency, p_amount, p_counterparty_id);
  outcome := coalesce(fence.outcome, 'canceled');
  reason := CASE WHEN fence.outcome IS NULL THEN p_reason ELSE fence.reason END;
  detail := fence.detail;
  IF outcome = 'applied' THEN
    PERFORM give_back(
      fence,
      CASE WHEN fence.counterparty_wallet_id IS NULL AND p_other_credit > 0 THEN greatest(p_amount - p_other_credit, 0)
        ELSE p_amount - p_credited END,
      p_is_write_off, p_request_id, p_traceparent);
  END IF;
END
$$;
