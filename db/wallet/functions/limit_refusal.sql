-- The limit of a wallet that an outgoing amount would pass now, and what remains of it: {"limit", "remaining"}, or NULL. The
-- caller holds the wallet's lock, so no two movements can pass a limit together.
CREATE OR REPLACE FUNCTION limit_refusal(p_wallet wallets, p_amount numeric) RETURNS jsonb
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  RETURN limit_passed(p_wallet, p_amount, CASE WHEN p_wallet.limit_outgoing_24h IS NOT NULL THEN count_outgoing(p_wallet) END);
END
$$;
