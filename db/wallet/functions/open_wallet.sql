-- Opens a user's wallet in a currency. Returns whether this call made it; a repeat changes nothing. The caller derives the id
-- from tenant, user and currency, and it must lie in a bucket of this shard.
CREATE OR REPLACE FUNCTION open_wallet(p_wallet_id uuid, p_user_id text, p_currency text, p_tenant text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM assert_own_wallet(p_wallet_id);
  INSERT INTO wallets (wallet_id, tenant, user_id, currency) VALUES (p_wallet_id, p_tenant, p_user_id, p_currency) ON CONFLICT DO NOTHING;
  RETURN FOUND;
END
$$;
