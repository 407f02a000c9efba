-- The first policy of a currency, as programs of the version before this one set it. NULL if there is one: to change it needs approvals, which
-- they do not ask for (change_approval_policy.sql).
CREATE OR REPLACE FUNCTION set_approval_policy(
  p_currency text, p_version integer, p_above numeric, p_above_24h numeric, p_approvals integer, p_expires_in_seconds integer, p_set_by text,
  p_tenant text
) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF p_version <> 0 OR p_approvals IS NULL THEN
    RETURN NULL;
  END IF;
  RETURN put_approval_policy(p_tenant, jsonb_build_object('action', 'set', 'currency', p_currency, 'version', 0, 'above', p_above,
    'above_24h', p_above_24h, 'approvals', p_approvals, 'expires_in', p_expires_in_seconds), p_set_by, NULL);
END
$$;
-- As programs of the version before that call it, which know the default tenant alone.
CREATE OR REPLACE FUNCTION set_approval_policy(
  p_currency text, p_version integer, p_above numeric, p_above_24h numeric, p_approvals integer, p_expires_in_seconds integer, p_set_by text
) RETURNS integer
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT set_approval_policy(p_currency, p_version, p_above, p_above_24h, p_approvals, p_expires_in_seconds, p_set_by, 'default')
$$;
