-- Suspends a user's wallet or activates it, and returns whether there is such a wallet. Repeats change nothing.
-- A change is an entry of the audit log. A wallet of another tenant than p_acting's is none.
CREATE OR REPLACE FUNCTION set_wallet_status(
  p_wallet_id uuid, p_status text, p_acting jsonb, p_request_id text, p_traceparent text
) RETURNS boolean
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH clock AS MATERIALIZED (SELECT clock_timestamp()::timestamptz(3) AS now), changed AS (
  UPDATE wallets SET status = p_status, limit_clock = own_clock(limit_clock, updated_at, now),
    clock_back_sequence = CASE WHEN now < updated_at THEN last_sequence + 1 ELSE clock_back_sequence END, updated_at = now
  FROM clock
  WHERE wallet_id = p_wallet_id AND kind = 'user' AND tenant = coalesce(p_acting ->> 'tenant', 'default')
    AND status <> p_status
  RETURNING wallet_id)
  SELECT append_audit_event(
    'wallet', CASE p_status WHEN 'SUSPENDED' THEN 'wallet-suspended' ELSE 'wallet-activated' END, wallet_id::text, '{}',
    p_acting, p_request_id, p_traceparent
  ) FROM changed;
  SELECT EXISTS (SELECT FROM wallets WHERE wallet_id = p_wallet_id AND kind = 'user' AND tenant = coalesce(p_acting ->> 'tenant', 'default'))
$$;
