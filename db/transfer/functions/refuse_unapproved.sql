-- The trigger `transfers_approved` of every statement that accepts transfers, once there was a policy: it refuses the statement if a policy
-- demands an approval for one of its transfers, or for all of a batch together. Which program accepts, and which way the transfer came,
-- makes no difference. Transfers that wait for approvals, and those that only make sure that nothing moves, are let in.
CREATE OR REPLACE FUNCTION refuse_unapproved() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM approval_policies WHERE ended_at IS NULL) THEN
    RETURN NULL;
  END IF;
  -- Of a hundred transfers of one wallet at once, each is summed after those before it, in an order that deadlocks with nobody's.
  PERFORM pg_advisory_xact_lock(hashtextextended('sent_unapproved/' || CASE tenant WHEN 'default' THEN '' ELSE tenant || '/' END || sender_wallet_id, 0)) FROM (
    SELECT DISTINCT tenant, sender_wallet_id FROM accepted JOIN approval_policies USING (tenant, currency)
    WHERE ended_at IS NULL AND above_24h IS NOT NULL AND status <> 'AWAITING_APPROVAL' AND NOT begins_canceled
    ORDER BY tenant, sender_wallet_id
  ) senders;
  IF EXISTS (
    SELECT FROM accepted JOIN approval_policies USING (tenant, currency)
    WHERE ended_at IS NULL AND status <> 'AWAITING_APPROVAL' AND NOT begins_canceled AND amount > above
  ) OR EXISTS (
    SELECT FROM (SELECT DISTINCT tenant, batch_id, currency FROM accepted WHERE batch_id IS NOT NULL) batches JOIN approval_policies USING (tenant, currency)
    WHERE ended_at IS NULL
      AND (SELECT sum(amount) FROM transfers WHERE transfers.batch_id = batches.batch_id AND transfers.currency = batches.currency) > above
  ) OR EXISTS (
    SELECT FROM (
      SELECT DISTINCT tenant, sender_wallet_id, currency, coalesce(scheduled_at, now()) AS moves_at
      FROM accepted WHERE status <> 'AWAITING_APPROVAL' AND NOT begins_canceled
    ) senders JOIN approval_policies USING (tenant, currency)
    WHERE ended_at IS NULL AND above_24h IS NOT NULL AND sent_unapproved(sender_wallet_id, currency, moves_at, tenant) > above_24h
  ) THEN
    RAISE EXCEPTION 'a policy demands an approval' USING ERRCODE = 'check_violation', CONSTRAINT = 'transfers_approved', TABLE = 'transfers';
  END IF;
  RETURN NULL;
END
$$;
