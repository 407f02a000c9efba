-- What a wallet has sent within 24 hours without an approval: what an approval is given for does not count, so that one large transfer
-- that was approved does not have all small ones after it wait. What another tenant asks to send from it is none of that.
DROP FUNCTION IF EXISTS sent_unapproved(uuid, text);
CREATE OR REPLACE FUNCTION sent_unapproved(p_wallet_id uuid, p_currency text, p_tenant text) RETURNS numeric
LANGUAGE sql STABLE AS $$
  SELECT coalesce(sum(amount), 0) FROM transfers
  WHERE sender_wallet_id = p_wallet_id AND created_at > now() - interval '24 hours' AND currency = p_currency AND tenant = p_tenant
    AND status NOT IN ('AWAITING_APPROVAL', 'FAILED', 'CANCELED') AND NOT begins_canceled
    AND NOT EXISTS (SELECT FROM approvals WHERE approval_id = transfer_id)
$$;
