-- The limit of a wallet that an outgoing amount would exceed after p_outgoing has gone out within 24 hours, and what remains of
-- that limit: {"limit", "remaining"}, or NULL if the amount exceeds none.
CREATE OR REPLACE FUNCTION limit_passed(p_wallet wallets, p_amount numeric, p_outgoing numeric) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN p_amount > p_wallet.limit_max_amount
      THEN jsonb_build_object('limit', 'max_amount', 'remaining', p_wallet.limit_max_amount::text)
    WHEN p_amount > greatest(p_wallet.limit_outgoing_24h - p_outgoing, 0) AND p_wallet.limit_outgoing_24h IS NOT NULL
      THEN jsonb_build_object('limit', 'outgoing_24h', 'remaining', greatest(p_wallet.limit_outgoing_24h - p_outgoing, 0)::numeric(28,4)::text)
  END
$$;
