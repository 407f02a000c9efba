-- Moves a wallet's balance by p_delta and appends the ledger entry that says so: the one place that writes either. The
-- caller holds the wallet's lock. The entry's time never runs backwards within a wallet, even if the clock does.
CREATE OR REPLACE FUNCTION append_entry(p_wallet_id uuid, p_transaction_id uuid, p_type text, p_delta numeric) RETURNS void
LANGUAGE sql VOLATILE AS $$
  WITH moved AS (
    UPDATE wallets
    SET balance = balance + p_delta,
        last_sequence = last_sequence + 1,
        updated_at = greatest(clock_timestamp(), updated_at)
    WHERE wallet_id = p_wallet_id
    RETURNING wallet_id, last_sequence, balance, updated_at
  )
  INSERT INTO ledger_entries (entry_id, wallet_id, transaction_id, type, amount, sequence, balance_after, created_at)
  SELECT derived_uuid(p_wallet_id || '/' || p_transaction_id || '/' || p_type),
         wallet_id, p_transaction_id, p_type, abs(p_delta), last_sequence, balance, updated_at
  FROM moved
$$;
