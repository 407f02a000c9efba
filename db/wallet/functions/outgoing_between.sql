-- The sum of a wallet's debits from the sequence p_from on and below p_below, less what was given back of them, at whatever time.
CREATE OR REPLACE FUNCTION outgoing_between(p_wallet_id uuid, p_from bigint, p_below bigint) RETURNS numeric
LANGUAGE sql STABLE AS $$
  SELECT coalesce(sum(debit.amount - coalesce(returned.amount, 0)), 0)
  FROM ledger_entries debit
  LEFT JOIN ledger_entries returned
    ON (returned.transaction_id, returned.wallet_id, returned.type) = (debit.transaction_id, debit.wallet_id, 'REFUND')
  WHERE debit.wallet_id = p_wallet_id AND debit.sequence >= p_from AND debit.sequence < p_below AND debit.type = 'DEBIT'
$$;
