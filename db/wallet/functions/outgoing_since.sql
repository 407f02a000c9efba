-- The money that has gone out of a wallet since an instant: its debits, less what was given back of those same debits. A refund
-- of an older debit does not count, because it would make room that was never taken.
CREATE OR REPLACE FUNCTION outgoing_since(p_wallet_id uuid, p_since timestamptz) RETURNS numeric
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT coalesce(sum(CASE entry.type WHEN 'DEBIT' THEN entry.amount ELSE -entry.amount END), 0)
  FROM ledger_entries entry
  WHERE entry.wallet_id = p_wallet_id AND entry.created_at > p_since
    AND (entry.type = 'DEBIT' OR entry.type = 'REFUND' AND EXISTS (
      SELECT FROM ledger_entries debit
      WHERE (debit.wallet_id, debit.transaction_id, debit.type) = (entry.wallet_id, entry.transaction_id, 'DEBIT')
        AND debit.created_at > p_since
    ))
$$;
