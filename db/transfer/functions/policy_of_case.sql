-- The policy that demands approvals for giving a case's money back or writing it off, or none: that of the currency of the transfer whose
-- compensation the case is about, if it is of more than a bound of it. What another case gives back, only the ledger knows: it needs what
-- the strictest of all policies demands.
CREATE OR REPLACE FUNCTION policy_of_case(p_case_id uuid) RETURNS SETOF approval_policies
LANGUAGE sql STABLE AS $$
  SELECT policy.* FROM cases
  LEFT JOIN transfers ON transfers.transfer_id = cases.transfer_id AND attention_case_id = case_id
  JOIN approval_policies policy ON ended_at IS NULL AND policy.tenant = cases.tenant
    AND (transfers.transfer_id IS NULL OR policy.currency = transfers.currency AND amount > least(above, above_24h))
  WHERE case_id = p_case_id
  ORDER BY approvals DESC, policy.currency LIMIT 1
$$;
