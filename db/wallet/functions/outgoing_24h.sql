-- The sum that count_outgoing would return now, without keeping it: for reads. In the wallet's currency; 0 if there is no such
-- wallet.
CREATE OR REPLACE FUNCTION outgoing_24h(p_wallet_id uuid) RETURNS numeric
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  wallet wallets;
  since timestamptz;
  first_counted bigint;
BEGIN
  SELECT * INTO wallet FROM wallets WHERE wallet_id = p_wallet_id;
  IF wallet.outgoing_from IS NULL THEN
    RETURN outgoing_since(p_wallet_id, clock_timestamp() - interval '24 hours');
  END IF;
  since := own_clock(wallet.limit_clock, wallet.updated_at, clock_timestamp()) - interval '24 hours';
  SELECT sequence INTO first_counted
  FROM ledger_entries WHERE wallet_id = p_wallet_id AND sequence >= wallet.outgoing_from AND coalesce(counted_at, created_at) > since
  ORDER BY sequence LIMIT 1;
  RETURN wallet.outgoing_sum
    - outgoing_between(p_wallet_id, wallet.outgoing_from, coalesce(first_counted, wallet.last_sequence + 1));
END
$$;
