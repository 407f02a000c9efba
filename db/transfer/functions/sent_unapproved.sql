-- What a wallet has sent, to others or to the outside world, within 24 hours without an approval: what an approval is given for does not count, so that one large transfer
-- that was approved does not have all small ones after it wait.
CREATE OR REPLACE FUNCTION sent_unapproved(p_wallet_id uuid, p_currency text) RETURNS numeric
LANGUAGE sql STABLE AS $$
  SELECT coalesce(sum(amount), 0) FROM (
    SELECT transfer_id AS id, amount FROM transfers
    WHERE sender_wallet_id = p_wallet_id AND created_at > now() - interval '24 hours' AND currency = p_currency
      AND status NOT IN ('AWAITING_APPROVAL', 'FAILED', 'CANCELED') AND NOT begins_canceled
    UNION ALL
    SELECT transaction_id, amount FROM transactions
    WHERE wallet_id = p_wallet_id AND created_at > now() - interval '24 hours' AND currency = p_currency AND type = 'DEBIT'
      AND status NOT IN ('AWAITING_APPROVAL', 'FAILED') AND NOT begins_canceled
  ) sent
  WHERE NOT EXISTS (SELECT FROM approvals WHERE approval_id = id)
$$;
