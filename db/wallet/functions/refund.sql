-- Settles a transfer's debit once the credit's final answer is known, and answers what the debit's fence says. One that has
-- not happened never will (canceled); a rejected one stays so; of one that was applied, what it held is released, and debit
-- minus credit goes back, once, by a leg with a fence of its own. p_credited is what the credit moved, 0 where it was
-- canceled or rejected. Neither suspension nor the largest balance nor a limit stops it: it is the sender's own money. With
-- p_is_write_off what would go back goes to the external wallet of the shard: an operator gave the refund up. Where the credit
-- was another movement's, p_other_credit is what that one moved: a debit of which it is not known whose it is, because it was
-- made before that was kept, has been credited there. Raises where the debit is another movement's.
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
