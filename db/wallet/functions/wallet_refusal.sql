-- Why a wallet can take no part in a movement of this currency: it is not there (p_wallet is then null), is of another currency, or
-- is suspended; NULL if it can. The reason names what the wallet is in it: sender, receiver, or wallet of a one-sided one. Asked by
-- the single operations and by those of batches.
CREATE OR REPLACE FUNCTION wallet_refusal(p_wallet wallets, p_currency text, p_part text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN p_wallet.wallet_id IS NULL THEN p_part || '_not_found'
    WHEN p_wallet.currency <> p_currency THEN 'currency_mismatch'
    WHEN p_wallet.status <> 'ACTIVE' THEN p_part || '_suspended'
  END
$$;
