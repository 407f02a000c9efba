-- append_entry for many movements at once: moves the balance of each wallet by the sum of its amounts, times p_sign, and
-- appends an entry for each, numbered in the order in which they are given. The caller holds the wallets' locks.
CREATE OR REPLACE FUNCTION append_entries(
  p_type text, p_sign integer, p_transaction_ids uuid[], p_wallet_ids uuid[], p_amounts numeric[]
) RETURNS void
LANGUAGE sql VOLATILE AS $$
  WITH item AS (
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
        updated_at = greatest(clock_timestamp(), updated_at)
    FROM (SELECT wallet_id AS id, entries, total FROM item WHERE number = 1) sums
    WHERE wallet_id = id
    RETURNING wallet_id, last_sequence - entries AS sequence_before, balance - p_sign * total AS balance_before, updated_at
  )
  INSERT INTO ledger_entries (entry_id, wallet_id, transaction_id, type, amount, sequence, balance_after, created_at)
  SELECT derived_uuid(item.wallet_id || '/' || transaction_id || '/' || p_type),
         item.wallet_id, transaction_id, p_type, amount, sequence_before + number, balance_before + p_sign * running, updated_at
  FROM item JOIN moved ON moved.wallet_id = item.wallet_id
$$;
