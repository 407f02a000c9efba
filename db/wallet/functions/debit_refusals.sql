-- The debits of a batch that are refused, with their reasons: each is judged in the given order, as `debit` would judge it, by
-- the balance and the limits that the debits before it have left. The caller holds the wallets' locks. The items of a wallet are
-- looked at one by one only if it does not have enough for all of them, or has limits.
DROP FUNCTION IF EXISTS debit_refusals(uuid[], uuid[], text[], numeric[]);
CREATE OR REPLACE FUNCTION debit_refusals(
  p_transfer_ids uuid[], p_wallet_ids uuid[], p_currencies text[], p_amounts numeric[], p_tenant text
) RETURNS TABLE (transfer_id uuid, reason text, detail jsonb)
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  item record;
  wallet wallets;
  outgoing numeric;
BEGIN
  FOR item IN
    WITH judged AS (
      SELECT i.transfer_id, i.wallet_id, i.amount, i.place, w.balance, w.limit_max_amount IS NOT NULL OR w.limit_outgoing_24h IS NOT NULL AS has_limits,
        wallet_refusal(w, i.currency, 'sender') AS reason
      FROM unnest(p_transfer_ids, p_wallet_ids, p_currencies, p_amounts) WITH ORDINALITY AS i (transfer_id, wallet_id, currency, amount, place)
      LEFT JOIN wallets w ON w.wallet_id = i.wallet_id AND w.kind = 'user' AND w.tenant = p_tenant
    ), summed AS (
      SELECT *, sum(judged.amount) FILTER (WHERE judged.reason IS NULL) OVER (PARTITION BY judged.wallet_id) AS total FROM judged
    )
    SELECT * FROM summed WHERE summed.reason IS NOT NULL OR summed.total > summed.balance OR summed.has_limits
    ORDER BY summed.wallet_id, summed.place
  LOOP
    reason := item.reason;
    detail := NULL;
    IF reason IS NULL THEN
      IF wallet.wallet_id IS DISTINCT FROM item.wallet_id THEN
        SELECT * INTO STRICT wallet FROM wallets w WHERE w.wallet_id = item.wallet_id;
        outgoing := CASE WHEN wallet.limit_outgoing_24h IS NOT NULL THEN count_outgoing(wallet) END;
      END IF;
      IF wallet.balance < item.amount THEN
        reason := 'insufficient_funds';
      ELSE
        detail := limit_passed(wallet, item.amount, outgoing);
        IF detail IS NULL THEN
          wallet.balance := wallet.balance - item.amount;
          outgoing := outgoing + item.amount;
          CONTINUE;
        END IF;
        reason := 'limit_exceeded';
      END IF;
    END IF;
    transfer_id := item.transfer_id;
    RETURN NEXT;
  END LOOP;
END
$$;
