-- The trigger `transfer_batches_awaiting` of each batch that stops waiting for approvals: it is moved only if it was approved and
-- all of its items are there. It is canceled only if its votes are over and none of its items is; if it was approved, only for
-- another currency of it, on which nobody has voted. What was canceled stays so.
CREATE OR REPLACE FUNCTION keep_awaiting_batch() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF OLD.status = 'AWAITING_APPROVAL' AND (
    NEW.status = 'CANCELED' AND EXISTS (
      SELECT FROM approvals JOIN batch_proposals ON batch_id = approval_id
      WHERE approval_id = NEW.batch_id
        AND (approvals.status IN ('REJECTED', 'EXPIRED', 'WITHDRAWN') OR approvals.status = 'APPROVED' AND judged_currency <> ANY (currencies))
    ) AND NOT EXISTS (SELECT FROM transfers WHERE batch_id = NEW.batch_id)
    OR NEW.status = 'PROCESSING' AND EXISTS (
      SELECT FROM approvals WHERE approval_id = NEW.batch_id AND status IN ('APPROVED', 'OVERRIDDEN') AND body_hash = NEW.body_hash
    ) AND (SELECT count(*) FROM transfers WHERE batch_id = NEW.batch_id) = NEW.item_count
  ) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'the batch waits for approvals'
    USING ERRCODE = 'check_violation', CONSTRAINT = 'transfer_batches_awaiting', TABLE = 'transfer_batches';
END
$$;
