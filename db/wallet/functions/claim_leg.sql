-- Claims a leg of a movement with the outcome that the caller is about to bring about, and returns NULL; or, if the leg is
-- decided already, returns its fence and changes nothing. A claim that races another one waits for the other's transaction: the
-- unique key makes INSERT wait, and the SELECT after it, a statement with a snapshot of its own in READ COMMITTED, sees what was
-- committed. Raises if the leg was decided for a movement of other terms (leg_conflicts): the leg of this movement has then not
-- happened and never will. The error names the constraint operation_fences_terms; its detail has the leg and the amount that the
-- leg moved.
DROP FUNCTION IF EXISTS claim_leg(uuid, text, text, text, uuid, text, numeric);
CREATE OR REPLACE FUNCTION claim_leg(
  p_transaction_id uuid, p_leg text, p_outcome text, p_reason text, p_wallet_id uuid, p_currency text, p_amount numeric,
  p_counterparty_id uuid DEFAULT NULL, p_of_amount numeric DEFAULT NULL
) RETURNS operation_fences
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  fence operation_fences;
BEGIN
  PERFORM assert_own_wallet(p_wallet_id);
  INSERT INTO operation_fences (transaction_id, leg, outcome, reason, wallet_id, currency, amount, counterparty_wallet_id, of_amount)
  VALUES (p_transaction_id, p_leg, p_outcome, p_reason, p_wallet_id, p_currency, p_amount, p_counterparty_id, nullif(p_of_amount, p_amount))
  ON CONFLICT DO NOTHING;
  IF FOUND THEN
    RETURN NULL;
  END IF;

  SELECT * INTO STRICT fence FROM operation_fences WHERE transaction_id = p_transaction_id AND leg = p_leg;
  IF leg_conflicts(fence, p_wallet_id, p_currency, p_amount, p_counterparty_id, p_of_amount) THEN
    RAISE EXCEPTION 'leg % of % was first asked for with other terms', p_leg, p_transaction_id
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'operation_fences_terms',
        DETAIL = jsonb_build_object('leg', p_leg, 'moved', CASE fence.outcome WHEN 'applied' THEN fence.amount ELSE 0 END::numeric(19,4)::text);
  END IF;
  RETURN fence;
END
$$;
