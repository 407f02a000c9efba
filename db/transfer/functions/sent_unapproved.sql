-- The most that a wallet sends, to others or to the outside world, in any 24 hours that `p_at` is in, without an approval. What counts is when
-- the money moves: at the time for which a transfer is scheduled, or at once. What an approval is given for does not count, so that one
-- large transfer that was approved does not have all small ones after it wait. What another tenant asks to send from it is none of that.
DROP FUNCTION IF EXISTS sent_unapproved(uuid, text);
DROP FUNCTION IF EXISTS sent_unapproved(uuid, text, timestamptz);
CREATE OR REPLACE FUNCTION sent_unapproved(p_wallet_id uuid, p_currency text, p_at timestamptz, p_tenant text) RETURNS numeric
LANGUAGE sql STABLE AS $$
  WITH sent AS (
    SELECT transfer_id AS id, batch_id, created_at AS moves_at, amount FROM transfers
    WHERE sender_wallet_id = p_wallet_id AND created_at > p_at - interval '24 hours' AND scheduled_at IS NULL AND currency = p_currency
      AND tenant = p_tenant AND status NOT IN ('AWAITING_APPROVAL', 'FAILED', 'CANCELED') AND NOT begins_canceled
    UNION ALL
    SELECT transfer_id, batch_id, scheduled_at, amount FROM transfers
    WHERE sender_wallet_id = p_wallet_id AND scheduled_at > p_at - interval '24 hours' AND scheduled_at < p_at + interval '24 hours'
      AND currency = p_currency AND tenant = p_tenant AND status NOT IN ('AWAITING_APPROVAL', 'FAILED', 'CANCELED') AND NOT begins_canceled
    UNION ALL
    SELECT transaction_id, NULL, created_at, amount FROM transactions
    WHERE wallet_id = p_wallet_id AND created_at > p_at - interval '24 hours' AND currency = p_currency AND type = 'DEBIT'
      AND tenant = p_tenant AND status NOT IN ('AWAITING_APPROVAL', 'FAILED') AND NOT begins_canceled
  ), summed AS (
    SELECT moves_at, sum(amount) OVER (ORDER BY moves_at RANGE BETWEEN interval '24 hours' PRECEDING AND CURRENT ROW) AS amount
    FROM sent
    WHERE NOT EXISTS (SELECT FROM approvals WHERE approval_id = id)
      AND NOT EXISTS (SELECT FROM approvals WHERE approval_id = batch_id AND kind = 'batch' AND (currency = p_currency OR status = 'OVERRIDDEN'))
  )
  -- Of the 24 hours that end with a movement at that time or after it, each has that time in it. What is stored is rounded to milliseconds.
  SELECT coalesce(max(amount), 0) FROM summed WHERE moves_at >= p_at - interval '1 ms' AND moves_at < p_at + interval '24 hours'
$$;
