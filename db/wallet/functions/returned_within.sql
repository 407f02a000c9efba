-- The part of a refund that makes room in a wallet's limit of 24 hours: all of it if the debit that it gives back is still
-- counted, else nothing, because it would make room that was never taken. NULL while nothing is counted.
CREATE OR REPLACE FUNCTION returned_within(p_wallet_id uuid, p_transaction_id uuid, p_from bigint, p_amount numeric) RETURNS numeric
LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN p_from IS NOT NULL THEN CASE WHEN EXISTS (
    SELECT FROM ledger_entries
    WHERE (wallet_id, transaction_id, type) = (p_wallet_id, p_transaction_id, 'DEBIT') AND sequence >= p_from
  ) THEN p_amount ELSE 0 END END
$$;
