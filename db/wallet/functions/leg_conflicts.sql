-- Whether a leg's fence was written for a movement of other terms: another wallet, currency, amount or counterparty. The same id
-- then stands for two movements: the row of the first was lost, and its key came back with another body. A credit may be of a
-- part of a hold (p_of_amount is then the hold's amount), and that part is decided late, so the amounts of the whole are
-- compared. A fence without a counterparty was written before counterparties were kept, or for a one-sided leg: its amount has to
-- be the same, unless it was canceled, because a leg is canceled for every amount.
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
