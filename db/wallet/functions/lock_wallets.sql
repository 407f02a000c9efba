-- Locks users' wallets in the one order in which every batch locks them, so that no two batches can deadlock. A single transfer
-- locks only one of them at a time. With p_tenant, wallets of other tenants are left alone.
DROP FUNCTION IF EXISTS lock_wallets(uuid[]);
CREATE OR REPLACE FUNCTION lock_wallets(p_wallet_ids uuid[], p_tenant text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM FROM wallets WHERE wallet_id = ANY(p_wallet_ids) AND kind = 'user' AND (p_tenant IS NULL OR tenant = p_tenant) ORDER BY wallet_id FOR NO KEY UPDATE;
END
$$;
