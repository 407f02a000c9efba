-- Begins the roll of a tenant whose first policy was set by somebody who did not say who may vote: by a program of the version
-- before this one. Changes nothing where there is a roll or no policy.
CREATE OR REPLACE FUNCTION record_voters(p_tenant text, p_voters uuid[]) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('voters/' || p_tenant, 0));
  IF EXISTS (SELECT FROM approval_policies WHERE tenant = p_tenant AND ended_at IS NULL)
    AND NOT EXISTS (SELECT FROM voter_rolls WHERE tenant = p_tenant AND ended_at IS NULL) THEN
    PERFORM begin_roll(p_tenant, p_voters, clock_timestamp());
  END IF;
END
$$;
