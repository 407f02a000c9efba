-- append_entry for many movements at once: moves the balance of each wallet by the sum of its amounts, times p_sign, and appends
-- an entry for each movement, numbered in the given order. For debits and credits only. The caller holds the wallets' locks.
CREATE OR REPLACE FUNCTION append_entries(
  p_type text, p_sign integer, p_transaction_ids uuid[], p_wallet_ids uuid[], p_amounts numeric[]
) RETURNS void
LANGUAGE sql VOLATILE AS $$
  WITH clock AS MATERIALIZED (SELECT clock_timestamp()::timestamptz(3) AS now), item AS (
    SELECT transaction_id, wallet_id, amount,
      row_number() OVER in_order AS number,
      sum(amount) OVER in_order AS running,
      count(*) OVER of_wallet AS entries,
      sum(amount) OVER of_wallet AS total
    FROM unnest(p_transaction_ids, p_wallet_ids, p_amounts) WITH ORDINALITY AS given (transaction_id, wallet_id, amount, place)
    WINDOW of_wallet AS (PARTITION BY wallet_id), in_order AS (PARTITION BY wallet_id ORDER BY place ROWS UNBOUNDED PRECEDING)
  ), moved AS (
    UPDATE wallets
    SET balance = balance + p_sign * total,
        last_sequence = last_sequence + entries,
        clock_back_sequence = CASE WHEN now < updated_at THEN last_sequence + 1 ELSE clock_back_sequence END,
        limit_clock = own_clock(limit_clock, updated_at, now),
        outgoing_sum = outgoing_sum + CASE p_type WHEN 'DEBIT' THEN total ELSE 0 END,
        updated_at = now
    FROM clock, (SELECT wallet_id AS id, entries, total FROM item WHERE number = 1) sums
    WHERE wallet_id = id
    RETURNING wallet_id, last_sequence - entries AS sequence_before, balance - p_sign * total AS balance_before, updated_at, limit_clock
  )
  INSERT INTO ledger_entries (entry_id, wallet_id, transaction_id, type, amount, sequence, balance_after, created_at, counted_at)
  SELECT derived_uuid(item.wallet_id || '/' || transaction_id || '/' || p_type),
         item.wallet_id, transaction_id, p_type, amount, sequence_before + number, balance_before + p_sign * running, updated_at,
         nullif(limit_clock, updated_at)
  FROM item JOIN moved ON moved.wallet_id = item.wallet_id
$$;
