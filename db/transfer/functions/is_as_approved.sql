-- Whether the transfers of a batch that has waited for approvals are exactly what was voted on, and it was approved and has not
-- ended.
CREATE OR REPLACE FUNCTION is_as_approved(p_batch_id uuid) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
DECLARE
  its_tenant text;
BEGIN
  SELECT batch.tenant INTO its_tenant
  FROM transfer_batches batch JOIN batch_proposals USING (batch_id, body_hash) JOIN approvals USING (body_hash, tenant)
  WHERE batch_id = p_batch_id AND approval_id = batch_id AND kind = 'batch'
    AND approvals.status IN ('APPROVED', 'OVERRIDDEN') AND batch.status = 'AWAITING_APPROVAL';
  RETURN FOUND AND NOT EXISTS (
    SELECT FROM (SELECT * FROM transfers WHERE batch_id = p_batch_id) item FULL JOIN proposed_items(p_batch_id) asked USING (batch_index)
    WHERE (item.tenant, item.sender_wallet_id, item.receiver_wallet_id, item.amount, item.currency, item.reference, item.body_hash)
      IS DISTINCT FROM (its_tenant, asked.sender_wallet_id, asked.receiver_wallet_id, asked.amount, asked.currency, asked.reference, asked.body_hash)
  );
END
$$;
