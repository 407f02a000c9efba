-- Locks users' wallets in the one order in which every batch locks them, so that no two batches can deadlock. A single transfer
-- locks only one of them at a time.
CREATE OR REPLACE FUNCTION lock_wallets(p_wallet_ids uuid[]) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM FROM wallets WHERE wallet_id = ANY(p_wallet_ids) AND kind = 'user' ORDER BY wallet_id FOR NO KEY UPDATE;
END
$$;
