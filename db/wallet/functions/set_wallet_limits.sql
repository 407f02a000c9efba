-- Sets both limits on the money that goes out of a user's wallet, NULL for no limit, and returns whether there is such a wallet.
-- Repeats change nothing. A change is an entry of the audit log. A wallet of another tenant than p_acting's is none. Takes the
-- wallet's lock, so a movement under way is judged by both old limits or by both new ones. The sum that count_outgoing keeps is
-- kept while there is a limit of 24 hours.
CREATE OR REPLACE FUNCTION set_wallet_limits(
  p_wallet_id uuid, p_max_amount numeric, p_outgoing_24h numeric, p_acting jsonb, p_request_id text, p_traceparent text
) RETURNS boolean
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH clock AS MATERIALIZED (SELECT clock_timestamp()::timestamptz(3) AS now), changed AS (
  UPDATE wallets
  SET limit_max_amount = p_max_amount, limit_outgoing_24h = p_outgoing_24h,
    outgoing_from = CASE WHEN p_outgoing_24h IS NOT NULL THEN outgoing_from END,
    outgoing_sum = CASE WHEN p_outgoing_24h IS NOT NULL THEN outgoing_sum END,
    limit_clock = CASE WHEN p_outgoing_24h IS NOT NULL THEN own_clock(limit_clock, updated_at, now) END,
    clock_back_sequence = CASE WHEN now < updated_at THEN last_sequence + 1 ELSE clock_back_sequence END,
    updated_at = now
  FROM clock
  WHERE wallet_id = p_wallet_id AND kind = 'user' AND tenant = coalesce(p_acting ->> 'tenant', 'default')
    AND (limit_max_amount, limit_outgoing_24h) IS DISTINCT FROM (p_max_amount, p_outgoing_24h)
  RETURNING wallet_id)
  SELECT append_audit_event(
    'wallet', 'wallet-limits-set', wallet_id::text,
    jsonb_strip_nulls(jsonb_build_object('max_amount', p_max_amount::numeric(19,4)::text, 'outgoing_24h', p_outgoing_24h::numeric(19,4)::text)),
    p_acting, p_request_id, p_traceparent
  ) FROM changed;
  SELECT EXISTS (SELECT FROM wallets WHERE wallet_id = p_wallet_id AND kind = 'user' AND tenant = coalesce(p_acting ->> 'tenant', 'default'))
$$;
