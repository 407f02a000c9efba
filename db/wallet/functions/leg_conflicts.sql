-- Whether a leg's fence was written for a movement of other terms: another wallet, currency, amount or counterparty. The same
-- id then stands for two movements: the row of the first was lost, and its key came back with another body. What is credited of
-- a hold may be a part (p_of_amount is then the hold's amount), and is decided late. A fence without a counterparty is of before
-- it was kept, or of a one-sided leg: its amount has to be the same, unless it was canceled, which it is for every amount.
CREATE OR REPLACE FUNCTION leg_conflicts(
  p_fence operation_fences, p_wallet_id uuid, p_currency text, p_amount numeric, p_counterparty_id uuid, p_of_amount numeric
) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
  SELECT (p_fence.wallet_id, p_fence.currency) IS DISTINCT FROM (p_wallet_id, p_currency)
    OR CASE
      WHEN p_fence.counterparty_wallet_id IS NULL OR p_counterparty_id IS NULL
        THEN p_fence.outcome <> 'canceled' AND p_fence.amount <> p_amount
      ELSE (p_fence.counterparty_wallet_id, coalesce(p_fence.of_amount, p_fence.amount)) <> (p_counterparty_id, coalesce(p_of_amount, p_amount))
    END
$$;
