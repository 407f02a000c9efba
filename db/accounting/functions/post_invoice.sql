-- Issues the invoice of a consignment, once, with the next number of the seller's invoices, and posts it: what was paid into the
-- seller's wallet account, and what was not into the receivables. Returns the invoice, which a repeat finds.
DROP FUNCTION IF EXISTS post_invoice(uuid, integer, uuid, uuid, uuid, uuid, text, jsonb, numeric, uuid, text, text);
CREATE OR REPLACE FUNCTION post_invoice(
  p_order_id uuid, p_consignment integer, p_invoice_id uuid, p_journal_id uuid, p_seller uuid, p_buyer uuid, p_currency text,
  p_lines jsonb, p_shipping numeric, p_transfer_id uuid, p_request_id text, p_traceparent text,
  p_tenant text DEFAULT 'default', OUT number integer, OUT amount numeric
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  fence step_fences;
  goods numeric;
  paid_into text := CASE WHEN p_transfer_id IS NULL THEN 'receivable' ELSE 'wallet' END;
  new_status text := CASE WHEN p_transfer_id IS NULL THEN 'DUE' ELSE 'PAID' END;
BEGIN
  fence := claim_step(p_order_id, 'invoice:' || p_consignment, 'done', NULL, jsonb_build_object('seller', p_seller, 'buyer', p_buyer,
    'currency', p_currency, 'lines', p_lines, 'shipping', p_shipping, 'transfer_id', p_transfer_id));
  IF fence.outcome IS NOT NULL THEN
    SELECT invoice.number, invoice.amount INTO STRICT number, amount FROM invoices invoice WHERE invoice_id = p_invoice_id;
    RETURN;
  END IF;

  PERFORM open_books(p_tenant, p_seller, p_currency);
  number := next_number(p_tenant, p_seller, 'invoice');
  SELECT sum(line.quantity * line.unit_price) INTO goods FROM document_lines(p_lines) line;
  amount := goods + p_shipping;
  INSERT INTO invoices (invoice_id, tenant, seller_wallet_id, number, buyer_wallet_id, order_id, consignment, currency, shipping_amount, amount,
    status, transfer_id)
  VALUES (p_invoice_id, p_tenant, p_seller, number, p_buyer, p_order_id, p_consignment, p_currency, p_shipping, amount, new_status, p_transfer_id);
  INSERT INTO invoice_lines (invoice_id, line, sku, quantity, unit_price, amount)
  SELECT p_invoice_id, line.place, line.sku, line.quantity, line.unit_price, line.quantity * line.unit_price
  FROM document_lines(p_lines) line;

  PERFORM post_journal(p_tenant, p_journal_id, p_seller, 'invoice', p_order_id, ARRAY[paid_into, paid_into], ARRAY['revenue', 'shipping_revenue'],
    ARRAY[goods, p_shipping], p_consignment => p_consignment, p_number => number, p_transfer_id => p_transfer_id);
  PERFORM append_invoice_event('invoice.issued', p_invoice_id, jsonb_build_object('status', new_status), p_request_id, p_traceparent);
END
$$;
