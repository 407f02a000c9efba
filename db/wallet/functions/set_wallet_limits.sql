-- Sets both limits of what goes out of a user's wallet, NULL for none, and answers whether there is such a wallet. Repeats
-- change nothing. Takes the wallet's lock, so a movement under way is judged by the limits before or after, never by half.
CREATE OR REPLACE FUNCTION set_wallet_limits(p_wallet_id uuid, p_max_amount numeric, p_outgoing_24h numeric) RETURNS boolean
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE wallets
  SET limit_max_amount = p_max_amount, limit_outgoing_24h = p_outgoing_24h, updated_at = greatest(clock_timestamp(), updated_at)
  WHERE wallet_id = p_wallet_id AND kind = 'user'
    AND (limit_max_amount, limit_outgoing_24h) IS DISTINCT FROM (p_max_amount, p_outgoing_24h);
  SELECT EXISTS (SELECT FROM wallets WHERE wallet_id = p_wallet_id AND kind = 'user')
$$;
