-- The trigger `transfers_approved` of every statement that accepts transfers, once there was a policy: it refuses the statement if
-- a policy demands an approval for one of its transfers, or for all of a batch together; the detail of the error names the
-- currencies. Which program accepts, and which way the transfer came, makes no difference. Transfers that wait for approvals, and
-- those that only make sure that nothing moves, are let in; so are the items of a batch that was approved, in the currency that the
-- votes were for, or all of them if it was let go without. Of a batch that has waited, nothing else is ever let in, whatever the
-- policies are by then. What has waited for the votes on another currency moves later than it was asked for, so no sum of 24 hours
-- can hold it: where a policy has one, such items are refused, and with the batch when it is asked for.
CREATE OR REPLACE FUNCTION refuse_unapproved() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  demanding text;
BEGIN
  IF EXISTS (
    SELECT FROM (SELECT DISTINCT batch_id FROM accepted WHERE batch_id IS NOT NULL) batches
    WHERE CASE WHEN EXISTS (SELECT FROM batch_proposals WHERE batch_proposals.batch_id = batches.batch_id) THEN NOT is_as_approved(batch_id) END
  ) THEN
    RAISE EXCEPTION 'the batch waits for approvals' USING ERRCODE = 'check_violation', CONSTRAINT = 'batch_items_approved', TABLE = 'transfers';
  ELSIF NOT EXISTS (SELECT FROM approval_policies WHERE ended_at IS NULL) THEN
    RETURN NULL;
  END IF;
  PERFORM take_turns_to_send(ARRAY(
    SELECT DISTINCT tenant || '/' || sender_wallet_id FROM accepted JOIN approval_policies USING (tenant, currency)
    WHERE ended_at IS NULL AND above_24h IS NOT NULL AND status <> 'AWAITING_APPROVAL' AND NOT begins_canceled AND NOT EXISTS (
      SELECT FROM approvals
      WHERE approval_id = batch_id AND kind = 'batch' AND (approvals.currency = accepted.currency OR approvals.status = 'OVERRIDDEN')
    )
  ));
  WITH judged AS MATERIALIZED (
    SELECT tenant, batch_id, sender_wallet_id, currency, amount, scheduled_at FROM accepted
    WHERE status <> 'AWAITING_APPROVAL' AND NOT begins_canceled AND NOT EXISTS (
      SELECT FROM approvals
      WHERE approval_id = batch_id AND kind = 'batch' AND (approvals.currency = accepted.currency OR approvals.status = 'OVERRIDDEN')
    )
  ), demands AS MATERIALIZED (
    SELECT currency FROM judged JOIN approval_policies USING (tenant, currency) WHERE ended_at IS NULL AND amount > above
    UNION ALL
    SELECT currency FROM (SELECT DISTINCT tenant, batch_id, currency FROM judged WHERE batch_id IS NOT NULL) batches
      JOIN approval_policies USING (tenant, currency)
    WHERE ended_at IS NULL
      AND (SELECT sum(amount) FROM transfers WHERE transfers.batch_id = batches.batch_id AND transfers.currency = batches.currency) > above
    UNION ALL
    SELECT currency FROM (
      SELECT DISTINCT tenant, sender_wallet_id, currency, coalesce(scheduled_at, now()) AS moves_at
      FROM judged
    ) senders JOIN approval_policies USING (tenant, currency)
    WHERE ended_at IS NULL AND above_24h IS NOT NULL AND sent_unapproved(sender_wallet_id, currency, moves_at, tenant) > above_24h
  )
  SELECT string_agg(DISTINCT currency, ',' ORDER BY currency) INTO demanding FROM (
    SELECT currency FROM demands
    UNION ALL
    SELECT currency FROM judged JOIN approval_policies USING (tenant, currency)
    WHERE ended_at IS NULL AND above_24h IS NOT NULL AND batch_id IS NOT NULL
      AND (EXISTS (SELECT FROM demands) OR EXISTS (SELECT FROM batch_proposals WHERE batch_proposals.batch_id = judged.batch_id))
  ) all_demands;
  IF demanding IS NOT NULL THEN
    RAISE EXCEPTION 'a policy demands an approval'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'transfers_approved', TABLE = 'transfers', DETAIL = demanding;
  END IF;
  RETURN NULL;
END
$$;
