-- The legs of a batch that the caller has claimed, in the given order.
CREATE OR REPLACE FUNCTION claimed_legs(
  p_claimed uuid[], INOUT p_transfer_ids uuid[], INOUT p_wallet_ids uuid[], INOUT p_currencies text[], INOUT p_amounts numeric[]
)
LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF cardinality(p_claimed) < cardinality(p_transfer_ids) THEN
    SELECT array_agg(i.transfer_id ORDER BY i.place), array_agg(i.wallet_id ORDER BY i.place),
      array_agg(i.currency ORDER BY i.place), array_agg(i.amount ORDER BY i.place)
    INTO p_transfer_ids, p_wallet_ids, p_currencies, p_amounts
    FROM unnest(p_transfer_ids, p_wallet_ids, p_currencies, p_amounts) WITH ORDINALITY AS i (transfer_id, wallet_id, currency, amount, place)
    JOIN unnest(p_claimed) AS claimed (transfer_id) USING (transfer_id);
  END IF;
END
$$;
