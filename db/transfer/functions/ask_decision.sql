-- Has an operator's decision about an open case wait for the votes that a policy demands, and returns the id of its approval; NULL if it
-- may be carried out, because no policy demands any, or because it was approved before or was once carried out: a second time gives
-- nothing back. A repeat returns the approval that waits, whoever asks: two do not wait at once.
CREATE OR REPLACE FUNCTION ask_decision(
  p_case_id uuid, p_kind text, p_proposal jsonb, p_asked_by_id uuid, p_asked_by text, OUT id uuid, OUT is_new boolean
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  expired uuid;
BEGIN
  is_new := false;
  IF is_decided(p_case_id, p_kind) OR NOT EXISTS (SELECT FROM cases WHERE case_id = p_case_id AND status = 'OPEN') THEN
    RETURN;
  END IF;
  SELECT approval_id INTO expired FROM approvals
  WHERE case_id = p_case_id AND kind = p_kind AND status = 'AWAITING' AND expires_at <= clock_timestamp() FOR UPDATE;
  IF FOUND THEN
    PERFORM decide_approval(expired, 'EXPIRED');
  END IF;
  INSERT INTO approvals (approval_id, tenant, kind, case_id, proposal, reason, asked_by_id, asked_by, body_hash, amount, currency, policy_version, needed, expires_at)
  SELECT gen_random_uuid(), policy.tenant, p_kind, p_case_id, p_proposal, CASE WHEN amount IS NULL THEN 'always' ELSE 'above' END, p_asked_by_id, p_asked_by,
    sha256(convert_to(p_proposal::text, 'UTF8')), amount, policy.currency, version, approvals, clock_timestamp() + make_interval(secs => expires_in_seconds)
  FROM policy_of_case(p_case_id) policy
  LEFT JOIN transfers ON attention_case_id = p_case_id AND transfer_id = (SELECT transfer_id FROM cases WHERE case_id = p_case_id)
  ON CONFLICT (case_id, kind) WHERE status = 'AWAITING' DO NOTHING
  RETURNING approval_id INTO id;
  is_new := id IS NOT NULL;
  IF id IS NULL THEN
    SELECT approval_id INTO id FROM approvals WHERE case_id = p_case_id AND kind = p_kind AND status = 'AWAITING';
  END IF;
END
$$;
