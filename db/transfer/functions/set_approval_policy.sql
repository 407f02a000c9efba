-- Sets a tenant's policy of a currency in place of the former one, or ends that if p_approvals is NULL, and returns the version that holds since;
-- NULL, and nothing is changed, if the one that holds has other terms than the caller has seen (p_version: 0 for none). The first policy
-- makes the trigger that enforces it; before, acceptances cost nothing more. The lock has every acceptance before it end, and those after
-- it see the policy: none is judged by the former one once this is answered.
CREATE OR REPLACE FUNCTION set_approval_policy(
  p_currency text, p_version integer, p_above numeric, p_above_24h numeric, p_approvals integer, p_expires_in_seconds integer, p_set_by text,
  p_tenant text
) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  present integer;
  following integer;
  changed_at timestamptz;
BEGIN
  -- The policy before the table, as votes lock them.
  PERFORM FROM approval_policies WHERE tenant = p_tenant AND currency = p_currency AND ended_at IS NULL FOR UPDATE;
  LOCK TABLE transfers, transactions IN SHARE ROW EXCLUSIVE MODE;
  IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = 'transfers'::regclass AND tgname = 'transfers_approved') THEN
    CREATE TRIGGER transfers_approved AFTER INSERT ON transfers REFERENCING NEW TABLE AS accepted
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_unapproved();
  END IF;
  IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = 'transactions'::regclass AND tgname = 'transactions_approved') THEN
    CREATE TRIGGER transactions_approved AFTER INSERT ON transactions REFERENCING NEW TABLE AS accepted
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_unapproved_withdrawals();
  END IF;
  SELECT version INTO present FROM approval_policies WHERE tenant = p_tenant AND currency = p_currency AND ended_at IS NULL;
  IF coalesce(present, 0) <> p_version THEN
    RETURN NULL;
  END IF;
  -- One time for both, so that the audit can tell a change from a policy that has ended and another that began later.
  changed_at := clock_timestamp();
  UPDATE approval_policies SET ended_at = changed_at WHERE tenant = p_tenant AND currency = p_currency AND ended_at IS NULL;
  IF p_approvals IS NULL THEN
    RETURN 0;
  END IF;
  SELECT coalesce(max(version), 0) + 1 INTO following FROM approval_policies WHERE tenant = p_tenant AND currency = p_currency;
  INSERT INTO approval_policies (tenant, currency, version, above, above_24h, approvals, expires_in_seconds, set_by, created_at)
  VALUES (p_tenant, p_currency, following, p_above, p_above_24h, p_approvals, p_expires_in_seconds, p_set_by, changed_at);
  RETURN following;
END
$$;
-- As programs of the version before this one call it, which know the default tenant alone.
CREATE OR REPLACE FUNCTION set_approval_policy(
  p_currency text, p_version integer, p_above numeric, p_above_24h numeric, p_approvals integer, p_expires_in_seconds integer, p_set_by text
) RETURNS integer
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT set_approval_policy(p_currency, p_version, p_above, p_above_24h, p_approvals, p_expires_in_seconds, p_set_by, 'default')
$$;
