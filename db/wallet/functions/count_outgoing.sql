-- Returns the money that has gone out of a wallet within the last 24 hours by its own clock, less what was given back of those
-- same debits. The caller holds the wallet's lock. The wallet keeps this sum and the entry from which on it counts; this function
-- only subtracts the entries that have grown too old since. So each entry is counted in once and out once, however many there
-- are. If nothing is kept yet, because the limit is new, the entries of the last 24 hours are summed once.
CREATE OR REPLACE FUNCTION count_outgoing(p_wallet wallets) RETURNS numeric
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  now timestamptz(3) := clock_timestamp();
  own timestamptz;
  since timestamptz;
  first_counted bigint;
  total numeric;
BEGIN
  IF p_wallet.outgoing_from IS NULL THEN
    -- An entry with a time in the future was written while the clock was ahead: the wallet's own clock begins there.
    SELECT greatest(now, max(created_at)) INTO own FROM ledger_entries WHERE wallet_id = p_wallet.wallet_id;
    own := coalesce(own, now);
    since := own - interval '24 hours';
    SELECT coalesce(min(sequence), p_wallet.last_sequence + 1) INTO first_counted
    FROM ledger_entries WHERE wallet_id = p_wallet.wallet_id AND created_at > since;
    total := outgoing_between(p_wallet.wallet_id, first_counted, p_wallet.last_sequence + 1);
  ELSE
    own := own_clock(p_wallet.limit_clock, p_wallet.updated_at, now);
    since := own - interval '24 hours';
    SELECT sequence INTO first_counted
    FROM ledger_entries WHERE wallet_id = p_wallet.wallet_id AND sequence >= p_wallet.outgoing_from AND coalesce(counted_at, created_at) > since
    ORDER BY sequence LIMIT 1;
    first_counted := coalesce(first_counted, p_wallet.last_sequence + 1);
    total := p_wallet.outgoing_sum;
    IF first_counted = p_wallet.outgoing_from THEN
      RETURN total;
    END IF;
    total := total - outgoing_between(p_wallet.wallet_id, p_wallet.outgoing_from, first_counted);
  END IF;

  UPDATE wallets SET outgoing_from = first_counted, outgoing_sum = total,
    limit_clock = own, clock_back_sequence = CASE WHEN now < updated_at THEN last_sequence + 1 ELSE clock_back_sequence END, updated_at = now
  WHERE wallet_id = p_wallet.wallet_id;
  RETURN total;
END
$$;
