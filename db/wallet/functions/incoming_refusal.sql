-- Why an amount cannot come into a wallet now: what `credit` and `deposit` refuse. NULL if it can. The caller holds the wallet's
-- lock. A batch judges many at once by the same rules, in credit_refusals.
CREATE OR REPLACE FUNCTION incoming_refusal(p_wallet wallets, p_currency text, p_amount numeric, p_part text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(
    wallet_refusal(p_wallet, p_currency, p_part),
    CASE WHEN p_wallet.balance + p_amount > balance_max() THEN 'balance_limit' END)
$$;
