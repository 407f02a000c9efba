-- Counts a vote, once for each principal, and with the last one that is needed decides, and lets the transfer go on, in the same
-- transaction. The voter names the body and the policy's version that it has seen. Who asks has no vote, whichever key it uses. An
-- `override` decides alone, whoever gives it. domain/transfer/approval.ts says what the outcomes mean. Takes the approval's lock,
-- so that votes take turns, and the policy's, so that a vote is under the policy of before or of after a change. `p_makers` are
-- the principals that could vote by this one's keys: itself and who has made them; two approvals that one principal could have
-- given count once. A vote on a change of a policy takes that one's lock to write at once, and not first to read: two that did so
-- would wait for each other. So it does with the lock of the tenant's roll, which a change may end. While there is a roll, nobody
-- votes who is not on it; but who has asked may reject. A vote on a grant is under that policy of the tenant that demands the most
-- by then: another one may have become stricter since it was asked for.
DROP FUNCTION IF EXISTS cast_vote(uuid, uuid, text, uuid, text, bytea, integer, text);
CREATE OR REPLACE FUNCTION cast_vote(
  p_approval_id uuid, p_principal_id uuid, p_principal text, p_api_key_id uuid, p_vote text, p_body_hash bytea, p_policy_version integer,
  p_comment text, p_makers uuid[] DEFAULT '{}', OUT outcome text, OUT is_new boolean
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  approval approvals%ROWTYPE;
  policy approval_policies%ROWTYPE;
  is_policy boolean;
  has_voted boolean;
  has_voted_so boolean;
  present_roll integer;
  voted_at timestamptz;
BEGIN
  is_new := false;
  SELECT * INTO approval FROM approvals WHERE approval_id = p_approval_id FOR UPDATE;
  IF NOT FOUND THEN
    outcome := 'unknown';
    RETURN;
  END IF;
  SELECT count(*) > 0, coalesce(bool_or(vote = p_vote), false) INTO has_voted, has_voted_so FROM approval_votes
  WHERE approval_id = p_approval_id AND principal_id = p_principal_id AND policy_version = approval.policy_version;
  -- A grant may have all that it needs by now: what it needs changes with policies that nobody votes under any more.
  IF has_voted_so AND p_body_hash = approval.body_hash AND NOT (approval.kind = 'grant' AND approval.status = 'AWAITING') THEN
    outcome := 'counted';
    RETURN;
  ELSIF approval.status <> 'AWAITING' THEN
    outcome := 'ended';
    RETURN;
  ELSIF approval.expires_at <= clock_timestamp() THEN
    PERFORM decide_approval(p_approval_id, 'EXPIRED');
    outcome := 'ended';
    RETURN;
  ELSIF approval.asked_by_id = p_principal_id AND p_vote = 'approve' THEN
    outcome := 'own';
    RETURN;
  ELSIF approval.kind = 'grant' AND approval.proposal ->> 'principal_id' = p_principal_id::text AND p_vote = 'approve' THEN
    outcome := 'own';
    RETURN;
  ELSIF p_body_hash IS DISTINCT FROM approval.body_hash THEN
    outcome := 'other_body';
    RETURN;
  END IF;
  -- A policy that was ended while its lock was waited for is found no more, and the one in its place is seen by the next statement
  -- only.
  LOOP
    IF approval.kind = 'policy' THEN
      SELECT * INTO policy FROM approval_policies WHERE tenant = approval.tenant AND currency = approval.currency AND ended_at IS NULL FOR UPDATE;
    ELSE
      SELECT * INTO policy FROM approval_policies WHERE tenant = approval.tenant AND currency = approval.currency AND ended_at IS NULL FOR SHARE;
    END IF;
    is_policy := FOUND;
    EXIT WHEN is_policy OR NOT EXISTS (
      SELECT FROM approval_policies WHERE tenant = approval.tenant AND currency = approval.currency AND ended_at IS NULL
    );
  END LOOP;
  IF approval.kind = 'policy' THEN
    PERFORM pg_advisory_xact_lock(hashtextextended('voters/' || approval.tenant, 0));
  ELSE
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('voters/' || approval.tenant, 0));
  END IF;
  SELECT roll INTO present_roll FROM voter_rolls WHERE tenant = approval.tenant AND ended_at IS NULL;
  IF approval.kind = 'grant' THEN
    -- Under the lock of the roll none of them changes.
    SELECT * INTO policy FROM approval_policies WHERE tenant = approval.tenant AND ended_at IS NULL
    ORDER BY approvals DESC, currency <> approval.currency, currency LIMIT 1;
    is_policy := FOUND;
  END IF;
  IF approval.kind = 'policy' AND (NOT is_policy OR policy.version <> approval.policy_version)
    OR approval.kind = 'grant' AND (approval.proposal ->> 'roll')::integer IS DISTINCT FROM present_roll THEN
    -- The version whose place it would take has ended, or the roll on which it would put somebody.
    PERFORM decide_approval(p_approval_id, 'WITHDRAWN');
    outcome := 'ended';
    RETURN;
  ELSIF is_policy AND (policy.currency, policy.version) <> (approval.currency, approval.policy_version) THEN
    -- Votes that were given under the former one count no more; on a grant, they do if the versions of two currencies are the same.
    UPDATE approvals SET currency = policy.currency, policy_version = policy.version,
      needed = policy.approvals + CASE WHEN asked_by_id IS NULL THEN 1 ELSE 0 END,
      expires_at = least(expires_at, clock_timestamp() + make_interval(secs => policy.expires_in_seconds))
    WHERE approval_id = p_approval_id
    RETURNING * INTO approval;
    IF approval.kind = 'grant' AND has_enough_votes(approval) THEN
      PERFORM decide_approval(p_approval_id, 'APPROVED');
    END IF;
    outcome := 'policy_changed';
    RETURN;
  ELSIF p_policy_version <> approval.policy_version THEN
    outcome := 'policy_changed';
    RETURN;
  ELSIF p_vote <> 'override' AND present_roll IS NOT NULL AND NOT (p_vote = 'reject' AND coalesce(approval.asked_by_id = p_principal_id, false))
    AND NOT EXISTS (SELECT FROM approval_voters WHERE tenant = approval.tenant AND roll = present_roll AND principal_id = p_principal_id) THEN
    outcome := 'not_granted';
    RETURN;
  ELSIF has_voted_so THEN
    outcome := 'counted';
    RETURN;
  ELSIF has_voted AND p_vote <> 'override' THEN
    outcome := 'voted';
    RETURN;
  ELSIF p_vote = 'approve' AND EXISTS (
    SELECT FROM approval_votes
    WHERE approval_id = p_approval_id AND policy_version = approval.policy_version AND vote = 'approve' AND makers && p_makers
  ) THEN
    outcome := 'related';
    RETURN;
  END IF;
  -- The locks may have taken long.
  voted_at := clock_timestamp();
  IF approval.expires_at <= voted_at THEN
    PERFORM decide_approval(p_approval_id, 'EXPIRED');
    outcome := 'ended';
    RETURN;
  END IF;
  INSERT INTO approval_votes (approval_id, principal_id, principal, api_key_id, vote, policy_version, comment, makers, created_at)
  VALUES (p_approval_id, p_principal_id, p_principal, p_api_key_id, p_vote, approval.policy_version, p_comment, p_makers, voted_at);
  is_new := true;
  IF p_vote = 'reject' THEN
    PERFORM decide_approval(p_approval_id, 'REJECTED');
  ELSIF p_vote = 'override' THEN
    PERFORM decide_approval(p_approval_id, 'OVERRIDDEN');
  ELSIF has_enough_votes(approval) THEN
    PERFORM decide_approval(p_approval_id, 'APPROVED');
  ELSE
    outcome := 'counted';
    RETURN;
  END IF;
  outcome := 'decided';
END
$$;
