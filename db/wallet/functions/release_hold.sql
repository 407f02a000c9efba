-- Releases the hold of an applied debit, once, by the release leg's fence. It moves no money. The wallet's lock comes before the
-- fence, as in every settlement.
CREATE OR REPLACE FUNCTION release_hold(p_debit operation_fences) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  fence operation_fences;
BEGIN
  PERFORM 1 FROM wallets WHERE wallet_id = p_debit.wallet_id FOR NO KEY UPDATE;
  fence := claim_leg(p_debit.transaction_id, 'release', 'applied', NULL, p_debit.wallet_id, p_debit.currency, p_debit.amount);
  IF fence.outcome IS NULL THEN
    UPDATE wallets SET held = held - p_debit.amount WHERE wallet_id = p_debit.wallet_id;
  END IF;
END
$$;
