-- Begins a tenant's roll: those whose votes count from then on, without a grant. The caller has the lock of the roll.
CREATE OR REPLACE FUNCTION begin_roll(p_tenant text, p_voters uuid[], p_at timestamptz) RETURNS void
LANGUAGE sql VOLATILE AS $$
  WITH begun AS (
    INSERT INTO voter_rolls (tenant, roll, created_at)
    SELECT p_tenant, coalesce(max(roll), 0) + 1, p_at FROM voter_rolls WHERE tenant = p_tenant
    RETURNING tenant, roll, created_at
  )
  INSERT INTO approval_voters (tenant, roll, principal_id, created_at)
  SELECT DISTINCT tenant, roll, voter, created_at FROM begun CROSS JOIN unnest(p_voters) voter
$$;
