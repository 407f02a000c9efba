-- The trigger `transactions_approved` of every statement that accepts one-sided transactions, once there was a policy: as refuse_unapproved.sql,
-- for money that leaves a wallet for the outside world. What comes in needs no approval.
CREATE OR REPLACE FUNCTION refuse_unapproved_withdrawals() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM accepted JOIN approval_policies USING (tenant, currency)
    WHERE ended_at IS NULL AND type = 'DEBIT' AND status <> 'AWAITING_APPROVAL' AND NOT begins_canceled
  ) THEN
    RETURN NULL;
  END IF;
  -- Each is summed after those before it, transfers among them.
  PERFORM take_turns_to_send(ARRAY(
    SELECT DISTINCT tenant || '/' || wallet_id FROM accepted JOIN approval_policies USING (tenant, currency)
    WHERE ended_at IS NULL AND above_24h IS NOT NULL AND type = 'DEBIT' AND status <> 'AWAITING_APPROVAL' AND NOT begins_canceled
  ));
  IF EXISTS (
    SELECT FROM accepted JOIN approval_policies USING (tenant, currency)
    WHERE ended_at IS NULL AND type = 'DEBIT' AND status <> 'AWAITING_APPROVAL' AND NOT begins_canceled
      AND (amount > above OR above_24h IS NOT NULL AND sent_unapproved(wallet_id, currency, now(), tenant) > above_24h)
  ) THEN
    RAISE EXCEPTION 'a policy demands an approval'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'transactions_approved', TABLE = 'transactions';
  END IF;
  RETURN NULL;
END
$$;
