-- Carries out the legs of a batch that the caller has claimed: rejects those of p_refused, each with its reason and detail, moves
-- the money of the others, and writes the events of both. The caller holds the wallets' locks, and p_leg is 'debit' or 'credit'.
DROP FUNCTION IF EXISTS book_legs(text, uuid[], uuid[], numeric[], uuid[], text[], jsonb[], text, text);
DROP FUNCTION IF EXISTS book_legs(text, uuid[], uuid[], numeric[], uuid[], text[], jsonb[], text, text, jsonb);
CREATE OR REPLACE FUNCTION book_legs(
  p_leg text, p_transfer_ids uuid[], p_wallet_ids uuid[], p_amounts numeric[],
  p_refused uuid[], p_reasons text[], p_details jsonb[], p_request_id text, p_traceparent text,
  p_traces jsonb, p_tenant text
) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  refused_wallet_ids uuid[];
BEGIN
  IF cardinality(p_refused) > 0 THEN
    UPDATE operation_fences fence SET outcome = 'rejected', reason = r.reason, detail = r.detail
    FROM unnest(p_refused, p_reasons, p_details) AS r (transfer_id, reason, detail)
    WHERE fence.transaction_id = r.transfer_id AND fence.leg = p_leg;

    SELECT array_agg(i.wallet_id ORDER BY r.place) INTO refused_wallet_ids
    FROM unnest(p_refused) WITH ORDINALITY AS r (transfer_id, place)
    JOIN unnest(p_transfer_ids, p_wallet_ids) AS i (transfer_id, wallet_id) USING (transfer_id);
    PERFORM append_transfer_events('wallet.' || p_leg || '-failed', refused_wallet_ids, p_refused, 'reason', p_reasons, p_request_id, p_traceparent, p_traces, p_tenant);

    SELECT array_agg(i.transfer_id ORDER BY i.place), array_agg(i.wallet_id ORDER BY i.place), array_agg(i.amount ORDER BY i.place)
    INTO p_transfer_ids, p_wallet_ids, p_amounts
    FROM unnest(p_transfer_ids, p_wallet_ids, p_amounts) WITH ORDINALITY AS i (transfer_id, wallet_id, amount, place)
    WHERE NOT EXISTS (SELECT FROM unnest(p_refused) AS r (transfer_id) WHERE r.transfer_id = i.transfer_id);
  END IF;
  PERFORM append_entries(upper(p_leg), CASE p_leg WHEN 'debit' THEN -1 ELSE 1 END, p_transfer_ids, p_wallet_ids, p_amounts);
  PERFORM append_transfer_events('wallet.' || p_leg || 'ed', p_wallet_ids, p_transfer_ids, 'amount', p_amounts::numeric(19,4)[]::text[], p_request_id, p_traceparent, p_traces, p_tenant);
END
$$;
