-- Ends what waits for votes, of which the caller has the lock, and lets the movement go on in the same transaction: to its workflow
-- if it was approved, with as much time as it had when it was asked for; otherwise to one that makes sure that nothing moves. The
-- sweep starts either if nobody does before. A batch has no items yet: if it was approved, they are due to be accepted; otherwise
-- it ends with this, and all of them are counted as canceled. A decision about a case that was approved is due to be carried out. A
-- change of a policy, of which the caller has the lock too, is made at once, and who is granted its votes has them.
CREATE OR REPLACE FUNCTION decide_approval(p_approval_id uuid, p_status text) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  is_approved CONSTANT boolean := p_status IN ('APPROVED', 'OVERRIDDEN');
  -- To the millisecond, as it is stored: the audit takes from it how long the transfer waited.
  decided CONSTANT timestamptz(3) := clock_timestamp();
  approval approvals%ROWTYPE;
BEGIN
  UPDATE approvals SET status = p_status, decided_at = decided,
    start_due_at = CASE WHEN is_approved AND kind IN ('refund', 'write_off') THEN now() + interval '3 seconds' END
  WHERE approval_id = p_approval_id
  RETURNING * INTO approval;
  IF approval.kind = 'policy' THEN
    IF is_approved AND put_approval_policy(approval.tenant, approval.proposal, approval.asked_by, p_approval_id) IS NULL THEN
      RAISE EXCEPTION 'the policy is another than the one whose place is to be taken';
    END IF;
    -- It takes no lock on transfers otherwise: whoever asks for a change waits for the policy next.
    RETURN;
  ELSIF approval.kind = 'batch' THEN
    UPDATE transfer_batches SET
      status = CASE WHEN is_approved THEN status ELSE 'CANCELED' END,
      failed_count = CASE WHEN is_approved THEN 0 ELSE item_count END,
      start_due_at = CASE WHEN is_approved THEN now() + interval '3 seconds' END,
      deadline_at = deadline_at + greatest(decided - created_at, interval '0'),
      updated_at = clock_timestamp()
    WHERE batch_id = p_approval_id AND status = 'AWAITING_APPROVAL';
    RETURN;
  END IF;
  IF approval.kind = 'grant' THEN
    IF is_approved THEN
      INSERT INTO approval_voters (tenant, roll, principal_id, granted_by_id, created_at)
      VALUES (approval.tenant, (approval.proposal ->> 'roll')::integer, (approval.proposal ->> 'principal_id')::uuid, p_approval_id, decided)
      ON CONFLICT DO NOTHING;
    END IF;
    RETURN;
  END IF;
  WITH changed AS (
    UPDATE transfers SET
      status = CASE WHEN is_approved AND scheduled_at IS NOT NULL THEN 'SCHEDULED' ELSE 'PENDING' END,
      begins_canceled = NOT is_approved,
      start_due_at = CASE WHEN is_approved THEN now() + interval '3 seconds' END,
      cancel_due_at = CASE WHEN NOT is_approved THEN now() END,
      deadline_at = deadline_at + greatest(decided - coalesce(scheduled_at, created_at), interval '0'),
      expires_at = expires_at + greatest(decided - coalesce(scheduled_at, created_at), interval '0'),
      updated_at = clock_timestamp()
    WHERE transfer_id = p_approval_id AND status = 'AWAITING_APPROVAL'
    RETURNING transfer_id, status
  )
  INSERT INTO transfer_steps (transfer_id, step) SELECT transfer_id, status FROM changed ON CONFLICT DO NOTHING;
  UPDATE transactions SET
    status = 'PENDING',
    begins_canceled = NOT is_approved,
    start_due_at = now() + CASE WHEN is_approved THEN interval '3 seconds' ELSE interval '0' END,
    deadline_at = deadline_at + greatest(decided - created_at, interval '0'),
    updated_at = clock_timestamp()
  WHERE transaction_id = p_approval_id AND status = 'AWAITING_APPROVAL';
END
$$;
