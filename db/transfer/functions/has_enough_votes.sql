-- Whether as many have approved as are needed, under the version of the policy that it is voted on. Who asks does not count.
CREATE OR REPLACE FUNCTION has_enough_votes(approval approvals) RETURNS boolean
LANGUAGE sql STABLE AS $$
  SELECT count(*) >= approval.needed FROM approval_votes
  WHERE approval_votes.approval_id = approval.approval_id AND approval_votes.policy_version = approval.policy_version AND vote = 'approve'
    AND principal_id IS DISTINCT FROM approval.asked_by_id
$$;
