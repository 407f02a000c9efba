-- The limit of a wallet that an outgoing amount would exceed now, and what remains of that limit: {"limit", "remaining"}, or
-- NULL. The caller holds the wallet's lock, so no two movements can exceed a limit together.
CREATE OR REPLACE FUNCTION limit_refusal(p_wallet wallets, p_amount numeric) RETURNS jsonb
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  RETURN limit_passed(p_wallet, p_amount, CASE WHEN p_wallet.limit_outgoing_24h IS NOT NULL THEN count_outgoing(p_wallet) END);
END
$$;
