-- Whether a decision about a case was approved, or is in the log of the case: to carry it out again changes nothing that its fences say.
CREATE OR REPLACE FUNCTION is_decided(p_case_id uuid, p_action text) RETURNS boolean
LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM approvals WHERE case_id = p_case_id AND kind = p_action AND status IN ('APPROVED', 'OVERRIDDEN'))
    OR EXISTS (SELECT FROM case_actions WHERE case_id = p_case_id AND action = p_action)
$$;
