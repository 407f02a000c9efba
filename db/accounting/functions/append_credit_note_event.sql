-- Writes an event of a credit note, under the lock of its seller. Each type is written once of a credit note at most.
CREATE OR REPLACE FUNCTION append_credit_note_event(
  p_type text, p_credit_note_id uuid, p_more jsonb, p_request_id text, p_traceparent text
) RETURNS void
LANGUAGE sql VOLATILE AS $$
  SELECT append_saga_event('accounting', p_type, credit_note_id, credit_note_id,
    jsonb_build_object('credit_note_id', credit_note_id, 'order_id', order_id, 'seller_wallet_id', seller_wallet_id,
      'number', number::text, 'amount', amount::text, 'currency', currency) || p_more,
    p_request_id, p_traceparent, tenant)
  FROM credit_notes WHERE credit_note_id = p_credit_note_id
$$;
