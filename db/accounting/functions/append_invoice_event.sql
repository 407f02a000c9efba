-- Writes an event of an invoice, under the lock of its seller. Each type is written once of an invoice at most.
CREATE OR REPLACE FUNCTION append_invoice_event(
  p_type text, p_invoice_id uuid, p_more jsonb, p_request_id text, p_traceparent text
) RETURNS void
LANGUAGE sql VOLATILE AS $$
  SELECT append_saga_event('accounting', p_type, invoice_id, invoice_id,
    jsonb_build_object('invoice_id', invoice_id, 'order_id', order_id, 'consignment', consignment::text,
      'seller_wallet_id', seller_wallet_id, 'buyer_wallet_id', buyer_wallet_id, 'number', number::text, 'amount', amount::text,
      'currency', currency) || p_more,
    p_request_id, p_traceparent, tenant)
  FROM invoices WHERE invoice_id = p_invoice_id
$$;
