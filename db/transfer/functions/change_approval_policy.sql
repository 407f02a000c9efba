-- Sets the first policy of a currency for a tenant, or has a change of the one that holds wait for as many approvals as that one
-- demands; `id` is then the approval. The outcomes: `set`; `asked`; `waits`, if the same change waits already; `other_waits`, if
-- another one does, for two do not wait at once; `changed`, if the version that holds is not the one whose place the proposal
-- takes. `p_voters` may vote from then on, if it is the tenant's first policy.
DROP FUNCTION IF EXISTS change_approval_policy(text, jsonb, uuid, text);
CREATE OR REPLACE FUNCTION change_approval_policy(
  p_tenant text, p_proposal jsonb, p_asked_by_id uuid, p_asked_by text, p_voters uuid[] DEFAULT NULL, OUT outcome text, OUT id uuid
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  code CONSTANT text := p_proposal ->> 'currency';
  policy approval_policies%ROWTYPE;
  by_whom CONSTANT text[] := '{api_key_id,on_behalf_of}';
  expired uuid;
BEGIN
  -- The approval before the policy, as votes lock them.
  SELECT approval_id INTO expired FROM approvals
  WHERE tenant = p_tenant AND currency = code AND kind = 'policy' AND status = 'AWAITING' AND expires_at <= clock_timestamp() FOR UPDATE;
  IF FOUND THEN
    PERFORM decide_approval(expired, 'EXPIRED');
  END IF;
  SELECT * INTO policy FROM approval_policies WHERE tenant = p_tenant AND currency = code AND ended_at IS NULL FOR SHARE;
  IF NOT FOUND THEN
    outcome := CASE WHEN put_approval_policy(p_tenant, p_proposal, p_asked_by, NULL, p_voters) IS NULL THEN 'changed' ELSE 'set' END;
    RETURN;
  ELSIF policy.version <> (p_proposal ->> 'version')::integer THEN
    outcome := 'changed';
    RETURN;
  END IF;
  LOOP
    INSERT INTO approvals (approval_id, tenant, kind, proposal, reason, asked_by_id, asked_by, body_hash, currency, policy_version, needed, expires_at)
    VALUES (gen_random_uuid(), p_tenant, 'policy', p_proposal, 'always', p_asked_by_id, p_asked_by, sha256(convert_to(p_proposal::text, 'UTF8')), code,
      policy.version, policy.approvals + CASE WHEN p_asked_by_id IS NULL THEN 1 ELSE 0 END,
      clock_timestamp() + make_interval(secs => policy.expires_in_seconds))
    ON CONFLICT (tenant, currency) WHERE status = 'AWAITING' AND kind = 'policy' DO NOTHING
    RETURNING approval_id INTO id;
    outcome := 'asked';
    EXIT WHEN id IS NOT NULL;
    -- Who has asked, and by which key, is no part of the change.
    SELECT approval_id, CASE WHEN proposal - by_whom = p_proposal - by_whom THEN 'waits' ELSE 'other_waits' END INTO id, outcome FROM approvals
    WHERE tenant = p_tenant AND currency = code AND kind = 'policy' AND status = 'AWAITING';
    -- What has expired meanwhile is found no more.
    EXIT WHEN id IS NOT NULL;
  END LOOP;
END
$$;
