-- The credits of a batch that are refused, with their reasons: each is judged in the given order, as `credit` would judge it. The
-- caller holds the wallets' locks. The items of a wallet are looked at one by one only if it has no room for all of them.
DROP FUNCTION IF EXISTS credit_refusals(uuid[], uuid[], text[], numeric[]);
CREATE OR REPLACE FUNCTION credit_refusals(
  p_transfer_ids uuid[], p_wallet_ids uuid[], p_currencies text[], p_amounts numeric[], p_tenant text
) RETURNS TABLE (transfer_id uuid, reason text)
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  item record;
  of_wallet uuid;
  filled numeric;
BEGIN
  FOR item IN
    WITH judged AS (
      SELECT i.transfer_id, i.wallet_id, i.amount, i.place, w.balance,
        wallet_refusal(w, i.currency, 'receiver') AS reason
      FROM unnest(p_transfer_ids, p_wallet_ids, p_currencies, p_amounts) WITH ORDINALITY AS i (transfer_id, wallet_id, currency, amount, place)
      LEFT JOIN wallets w ON w.wallet_id = i.wallet_id AND w.kind = 'user' AND w.tenant = p_tenant
    ), summed AS (
      SELECT *, sum(judged.amount) FILTER (WHERE judged.reason IS NULL) OVER (PARTITION BY judged.wallet_id) AS total FROM judged
    )
    SELECT * FROM summed WHERE summed.reason IS NOT NULL OR summed.balance + summed.total > balance_max()
    ORDER BY summed.wallet_id, summed.place
  LOOP
    reason := item.reason;
    IF reason IS NULL THEN
      IF of_wallet IS DISTINCT FROM item.wallet_id THEN
        of_wallet := item.wallet_id;
        filled := item.balance;
      END IF;
      IF filled + item.amount <= balance_max() THEN
        filled := filled + item.amount;
        CONTINUE;
      END IF;
      reason := 'balance_limit';
    END IF;
    transfer_id := item.transfer_id;
    RETURN NEXT;
  END LOOP;
END
$$;
