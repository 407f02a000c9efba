-- claim_leg for many movements at once: claims the same leg of each with the outcome that the caller is about to bring about.
-- Returns the movements whose leg the caller has claimed; the legs of the others are decided already, and stay as they are. Rows
-- are claimed in the order of their ids, so two claims of the same movements wait for each other and do not deadlock. Raises as
-- claim_leg does, for all of them together; conflicting_legs returns the movements that conflict.
DROP FUNCTION IF EXISTS claim_legs(text, text, text, uuid[], uuid[], text[], numeric[]);
CREATE OR REPLACE FUNCTION claim_legs(
  p_leg text, p_outcome text, p_reason text,
  p_transaction_ids uuid[], p_wallet_ids uuid[], p_currencies text[], p_amounts numeric[], p_counterparty_ids uuid[] DEFAULT NULL
) RETURNS uuid[]
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  claimed uuid[];
BEGIN
  -- Called only for the wallets for which it will raise: a call for each wallet would take a tenth of all the time.
  PERFORM assert_own_wallet(wallet_id) FROM unnest(p_wallet_ids) wallet_id
  WHERE (get_byte(uuid_send(wallet_id), 0) BETWEEN (SELECT first_bucket FROM shard_buckets) AND (SELECT last_bucket FROM shard_buckets)) IS NOT TRUE;
  -- Almost always no leg is decided yet. An INSERT without ON CONFLICT saves a look into the index and a record of the
  -- write-ahead log for each row.
  BEGIN
    INSERT INTO operation_fences (transaction_id, leg, outcome, reason, wallet_id, currency, amount, counterparty_wallet_id)
    SELECT transaction_id, p_leg, p_outcome, p_reason, wallet_id, currency, amount, counterparty_id
    FROM unnest(p_transaction_ids, p_wallet_ids, p_currencies, p_amounts, p_counterparty_ids)
      AS item (transaction_id, wallet_id, currency, amount, counterparty_id)
    ORDER BY transaction_id;
    RETURN p_transaction_ids;
  EXCEPTION WHEN unique_violation THEN
    WITH inserted AS (
      INSERT INTO operation_fences (transaction_id, leg, outcome, reason, wallet_id, currency, amount, counterparty_wallet_id)
      SELECT transaction_id, p_leg, p_outcome, p_reason, wallet_id, currency, amount, counterparty_id
      FROM unnest(p_transaction_ids, p_wallet_ids, p_currencies, p_amounts, p_counterparty_ids)
        AS item (transaction_id, wallet_id, currency, amount, counterparty_id)
      ORDER BY transaction_id
      ON CONFLICT DO NOTHING
      RETURNING transaction_id
    )
    SELECT coalesce(array_agg(transaction_id), '{}') INTO claimed FROM inserted;
  END;

  -- A statement of its own, whose snapshot shows what a concurrent claim has committed.
  IF cardinality(claimed) < cardinality(p_transaction_ids)
    AND EXISTS (SELECT FROM conflicting_legs(p_leg, p_transaction_ids, p_wallet_ids, p_currencies, p_amounts, p_counterparty_ids)) THEN
    RAISE EXCEPTION 'a % was first asked for with other terms', p_leg
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'operation_fences_terms';
  END IF;
  RETURN claimed;
END
$$;
