-- Makes sure that a leg never happens from now on, and returns the outcome in its fence: canceled, with the reason first given;
-- rejected; or applied, if this call came too late. A leg that arrives after this finds the fence and does nothing. `amount` is
-- the amount that an applied leg moved, if that is another part of a hold than p_amount. Raises if the leg is another movement's.
-- Not for a debit: a debit that turns out applied has to be given back, which refund does. This takes only the fence and no
-- wallet's lock, so it can wait, without a deadlock, for an advance that is under way and holds its wallet's lock.
CREATE OR REPLACE FUNCTION cancel(
  p_transaction_id uuid, p_leg text, p_wallet_id uuid, p_currency text, p_amount numeric, p_reason text,
  p_counterparty_id uuid, p_of_amount numeric,
  OUT outcome text, OUT reason text, OUT detail jsonb, OUT amount numeric
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  fence operation_fences;
BEGIN
  IF p_leg NOT IN ('credit', 'advance', 'deposit', 'withdrawal') THEN
    RAISE EXCEPTION 'cancel is not for the leg %', p_leg USING ERRCODE = 'invalid_parameter_value';
  END IF;
  fence := claim_leg(p_transaction_id, p_leg, 'canceled', p_reason, p_wallet_id, p_currency, p_amount, p_counterparty_id, p_of_amount);
  outcome := coalesce(fence.outcome, 'canceled');
  reason := CASE WHEN fence.outcome IS NULL THEN p_reason ELSE fence.reason END;
  detail := fence.detail;
  amount := CASE WHEN outcome = 'applied' AND fence.amount <> p_amount THEN fence.amount END;
END
$$;
