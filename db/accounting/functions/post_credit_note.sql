-- Issues the credit note of a return, once, with the next number of the seller's credit notes, and posts what the buyer is owed by
-- it. Returns the credit note, which a repeat finds.
DROP FUNCTION IF EXISTS post_credit_note(uuid, uuid, uuid, uuid, text, jsonb, text, text);
CREATE OR REPLACE FUNCTION post_credit_note(
  p_order_id uuid, p_return_id uuid, p_journal_id uuid, p_seller uuid, p_currency text, p_lines jsonb, p_request_id text,
  p_traceparent text, p_tenant text DEFAULT 'default', OUT number integer, OUT amount numeric
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  fence step_fences;
BEGIN
  fence := claim_step(p_order_id, 'credit-note:' || p_return_id, 'done', NULL,
    jsonb_build_object('seller', p_seller, 'currency', p_currency, 'lines', p_lines));
  IF fence.outcome IS NOT NULL THEN
    SELECT note.number, note.amount INTO STRICT number, amount FROM credit_notes note WHERE credit_note_id = p_return_id;
    RETURN;
  END IF;

  PERFORM open_books(p_tenant, p_seller, p_currency);
  number := next_number(p_tenant, p_seller, 'credit_note');
  SELECT sum(line.quantity * line.unit_price) INTO amount FROM document_lines(p_lines) line;
  INSERT INTO credit_notes (credit_note_id, tenant, seller_wallet_id, number, order_id, currency, amount)
  VALUES (p_return_id, p_tenant, p_seller, number, p_order_id, p_currency, amount);
  INSERT INTO credit_note_lines (credit_note_id, line, sku, quantity, unit_price, amount)
  SELECT p_return_id, line.place, line.sku, line.quantity, line.unit_price, line.quantity * line.unit_price
  FROM document_lines(p_lines) line;

  PERFORM post_journal(p_tenant, p_journal_id, p_seller, 'credit_note', p_order_id, ARRAY['returns'], ARRAY['refunds_payable'], ARRAY[amount],
    p_return_id => p_return_id, p_number => number);
  PERFORM append_credit_note_event('credit-note.issued', p_return_id, '{}', p_request_id, p_traceparent);
END
$$;
