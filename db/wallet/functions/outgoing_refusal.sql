-- Why an amount cannot go out of a wallet now, and of a limit which and what remains of it: what `debit` and `withdraw` refuse.
-- NULL if it can. The caller holds the wallet's lock. A batch judges many at once by the same rules, in debit_refusals.
CREATE OR REPLACE FUNCTION outgoing_refusal(
  p_wallet wallets, p_currency text, p_amount numeric, p_part text, OUT reason text, OUT detail jsonb
)
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  reason := wallet_refusal(p_wallet, p_currency, p_part);
  IF reason IS NULL AND p_wallet.balance < p_amount THEN
    reason := 'insufficient_funds';
  END IF;
  IF reason IS NULL THEN
    detail := limit_refusal(p_wallet, p_amount);
    reason := CASE WHEN detail IS NOT NULL THEN 'limit_exceeded' END;
  END IF;
END
$$;
