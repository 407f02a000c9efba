-- The limit of a wallet that an outgoing amount would pass, and what remains of it: {"limit", "remaining"}, or NULL. The
-- caller holds the wallet's lock, so no two movements can pass a limit together.
CREATE OR REPLACE FUNCTION limit_refusal(p_wallet wallets, p_amount numeric) RETURNS jsonb
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  remaining numeric;
BEGIN
  IF p_amount > p_wallet.limit_max_amount THEN
    RETURN jsonb_build_object('limit', 'max_amount', 'remaining', p_wallet.limit_max_amount::text);
  END IF;
  IF p_wallet.limit_outgoing_24h IS NOT NULL THEN
    remaining := greatest(p_wallet.limit_outgoing_24h - outgoing_since(p_wallet.wallet_id, clock_timestamp() - interval '24 hours'), 0);
    IF p_amount > remaining THEN
      RETURN jsonb_build_object('limit', 'outgoing_24h', 'remaining', remaining::numeric(28,4)::text);
    END IF;
  END IF;
  RETURN NULL;
END
$$;
