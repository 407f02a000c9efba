-- Opens a user's wallet in a currency. Returns whether this call made it; a repeat changes nothing. The caller derives the id
-- from tenant, user and currency, and it must lie in a bucket of this shard. A wallet that is opened is an entry of the audit log,
-- unless p_acting is left out, as a program of the version before does.
DROP FUNCTION IF EXISTS open_wallet(uuid, text, text, text);
CREATE OR REPLACE FUNCTION open_wallet(
  p_wallet_id uuid, p_user_id text, p_currency text, p_tenant text,
  p_acting jsonb DEFAULT NULL, p_request_id text DEFAULT NULL, p_traceparent text DEFAULT NULL
) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM assert_own_wallet(p_wallet_id);
  INSERT INTO wallets (wallet_id, tenant, user_id, currency) VALUES (p_wallet_id, p_tenant, p_user_id, p_currency) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM append_audit_event('wallet', 'wallet-opened', p_wallet_id::text, jsonb_build_object('currency', p_currency),
    p_acting, p_request_id, p_traceparent);
  RETURN true;
END
$$;
