-- Suspends a user's wallet or activates it, and answers whether there is such a wallet. Repeats change nothing.
CREATE OR REPLACE FUNCTION set_wallet_status(p_wallet_id uuid, p_status text) RETURNS boolean
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE wallets SET status = p_status, updated_at = greatest(clock_timestamp(), updated_at)
  WHERE wallet_id = p_wallet_id AND kind = 'user' AND status <> p_status;
  SELECT EXISTS (SELECT FROM wallets WHERE wallet_id = p_wallet_id AND kind = 'user')
$$;
