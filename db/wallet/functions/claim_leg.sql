-- Claims a leg of a movement with the outcome that the caller is about to bring about, and returns NULL; or, where the
-- leg is decided already, returns its row and changes nothing. A claim that races another one waits for the other's
-- transaction: the unique key makes INSERT wait, and the SELECT after it, a statement with a snapshot of its own in
-- READ COMMITTED, sees what was committed. Other parameters than the first call's are a bug above, and raise; but a leg that
-- was canceled stays so for every amount, because a hold is given up before it is known how much of it will be captured.
CREATE OR REPLACE FUNCTION claim_leg(
  p_transaction_id uuid, p_leg text, p_outcome text, p_reason text, p_wallet_id uuid, p_currency text, p_amount numeric
) RETURNS operation_fences
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  fence operation_fences;
BEGIN
  PERFORM assert_own_wallet(p_wallet_id);
  INSERT INTO operation_fences (transaction_id, leg, outcome, reason, wallet_id, currency, amount)
  VALUES (p_transaction_id, p_leg, p_outcome, p_reason, p_wallet_id, p_currency, p_amount)
  ON CONFLICT DO NOTHING;
  IF FOUND THEN
    RETURN NULL;
  END IF;

  SELECT * INTO STRICT fence FROM operation_fences WHERE transaction_id = p_transaction_id AND leg = p_leg;
  IF (fence.wallet_id, fence.currency) IS DISTINCT FROM (p_wallet_id, p_currency)
    OR fence.outcome <> 'canceled' AND fence.amount <> p_amount THEN
    RAISE EXCEPTION 'leg % of % was first asked for with another wallet, currency or amount', p_leg, p_transaction_id
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN fence;
END
$$;
