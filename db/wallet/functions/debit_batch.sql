-- `debit` for many transfers of a batch, in the given order: each once, however often it is called. Returns the transfers whose
-- debit was not applied, by this call or an earlier one, with the outcomes in their fences; and those
-- whose debit was applied as a hold, because the hold's row was lost: it has to be released by `debit`. Raises if a leg is another
-- movement's. The events bear p_request_id and p_traceparent, or what p_traces has for their transfer (append_transfer_events).
CREATE OR REPLACE FUNCTION debit_batch(
  p_transfer_ids uuid[], p_wallet_ids uuid[], p_currencies text[], p_amounts numeric[], p_request_id text, p_traceparent text,
  p_counterparty_ids uuid[], p_traces jsonb, p_tenant text
) RETURNS TABLE (transfer_id uuid, outcome text, reason text, detail jsonb)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  claimed uuid[] := claim_legs('debit', 'applied', NULL, p_transfer_ids, p_wallet_ids, p_currencies, p_amounts, p_counterparty_ids);
  legs record;
  refused uuid[];
  reasons text[];
  details jsonb[];
BEGIN
  IF cardinality(claimed) > 0 THEN
    PERFORM lock_wallets(p_wallet_ids, p_tenant);
    legs := claimed_legs(claimed, p_transfer_ids, p_wallet_ids, p_currencies, p_amounts);
    SELECT array_agg(r.transfer_id), array_agg(r.reason), array_agg(r.detail) INTO refused, reasons, details
    FROM debit_refusals(legs.p_transfer_ids, legs.p_wallet_ids, legs.p_currencies, legs.p_amounts, p_tenant) r;
    PERFORM book_legs('debit', legs.p_transfer_ids, legs.p_wallet_ids, legs.p_amounts, refused, reasons, details, p_request_id, p_traceparent, p_traces, p_tenant);
  END IF;

  IF refused IS NOT NULL OR cardinality(claimed) < cardinality(p_transfer_ids) THEN
    RETURN QUERY SELECT fence.transaction_id, fence.outcome, fence.reason, fence.detail
    FROM unnest(p_transfer_ids) AS asked (id) JOIN operation_fences fence ON fence.transaction_id = asked.id AND fence.leg = 'debit'
    WHERE fence.outcome <> 'applied' OR fence.is_hold;
  END IF;
END
$$;
