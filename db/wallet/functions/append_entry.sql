-- Moves a wallet's balance by p_delta and appends the ledger entry that says so. Only this function and append_entries, its
-- counterpart for batches, write either. The caller holds the wallet's lock. The entry bears the time of the server's clock. If
-- that has gone backwards, the wallet keeps the entry from which on (clock_back_sequence), because only the sequence orders
-- entries.
CREATE OR REPLACE FUNCTION append_entry(p_wallet_id uuid, p_transaction_id uuid, p_type text, p_delta numeric) RETURNS void
LANGUAGE sql VOLATILE AS $$
  WITH clock AS MATERIALIZED (SELECT clock_timestamp()::timestamptz(3) AS now), moved AS (
    UPDATE wallets
    SET balance = balance + p_delta,
        last_sequence = last_sequence + 1,
        clock_back_sequence = CASE WHEN now < updated_at THEN last_sequence + 1 ELSE clock_back_sequence END,
        limit_clock = own_clock(limit_clock, updated_at, now),
        outgoing_sum = outgoing_sum + CASE p_type
          WHEN 'DEBIT' THEN -p_delta
          WHEN 'REFUND' THEN -returned_within(p_wallet_id, p_transaction_id, outgoing_from, p_delta)
          ELSE 0 END,
        updated_at = now
    FROM clock
    WHERE wallet_id = p_wallet_id
    RETURNING wallet_id, last_sequence, balance, updated_at, limit_clock
  )
  INSERT INTO ledger_entries (entry_id, wallet_id, transaction_id, type, amount, sequence, balance_after, created_at, counted_at)
  SELECT derived_uuid(p_wallet_id || '/' || p_transaction_id || '/' || p_type),
         wallet_id, p_transaction_id, p_type, abs(p_delta), last_sequence, balance, updated_at, nullif(limit_clock, updated_at)
  FROM moved
$$;
