-- Has it wait for approvals that a principal's votes count, and returns the id of what waits; NULL if they count, or anybody's do,
-- because the tenant has no roll. It waits for as many as that policy of the tenant demands that demands the most. A repeat
-- returns the approval that waits, whoever asks: two do not wait at once. What waits for a roll that has ended does not wait any
-- more.
CREATE OR REPLACE FUNCTION ask_grant(
  p_tenant text, p_proposal jsonb, p_asked_by_id uuid, p_asked_by text, OUT id uuid, OUT is_new boolean
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  voter CONSTANT text := p_proposal ->> 'principal_id';
  present_roll integer;
  waiting approvals%ROWTYPE;
  proposed jsonb;
BEGIN
  is_new := false;
  LOOP
    -- The approval before the roll, as votes lock them.
    SELECT * INTO waiting FROM approvals
    WHERE tenant = p_tenant AND kind = 'grant' AND status = 'AWAITING' AND proposal ->> 'principal_id' = voter FOR UPDATE;
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('voters/' || p_tenant, 0));
    SELECT roll INTO present_roll FROM voter_rolls WHERE tenant = p_tenant AND ended_at IS NULL;
    IF present_roll IS NULL
      OR EXISTS (SELECT FROM approval_voters WHERE tenant = p_tenant AND roll = present_roll AND principal_id = voter::uuid) THEN
      RETURN;
    END IF;
    IF (waiting.proposal ->> 'roll')::integer <> present_roll THEN
      PERFORM decide_approval(waiting.approval_id, 'WITHDRAWN');
    ELSIF waiting.expires_at <= clock_timestamp() THEN
      PERFORM decide_approval(waiting.approval_id, 'EXPIRED');
    ELSIF waiting.approval_id IS NOT NULL THEN
      id := waiting.approval_id;
      RETURN;
    END IF;
    proposed := p_proposal || jsonb_build_object('roll', present_roll::text);
    INSERT INTO approvals (approval_id, tenant, kind, proposal, reason, asked_by_id, asked_by, body_hash, currency, policy_version, needed, expires_at)
    SELECT gen_random_uuid(), p_tenant, 'grant', proposed, 'always', p_asked_by_id, p_asked_by, sha256(convert_to(proposed::text, 'UTF8')), currency,
      version, approvals + CASE WHEN p_asked_by_id IS NULL THEN 1 ELSE 0 END, clock_timestamp() + make_interval(secs => expires_in_seconds)
    FROM approval_policies WHERE tenant = p_tenant AND ended_at IS NULL
    ORDER BY approvals DESC, currency LIMIT 1
    ON CONFLICT (tenant, (proposal ->> 'principal_id')) WHERE status = 'AWAITING' AND kind = 'grant' DO NOTHING
    RETURNING approval_id INTO id;
    is_new := id IS NOT NULL;
    -- Otherwise another one has asked meanwhile.
    EXIT WHEN is_new;
  END LOOP;
END
$$;
