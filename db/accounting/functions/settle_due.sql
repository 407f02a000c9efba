-- Settles an invoice that is due, once: it was collected by the transfer, or, without one, is written off. Raises, and leaves
-- nothing, if there is no such invoice of the seller or it is not due; raises too if it was settled in another way.
DROP FUNCTION IF EXISTS settle_due(uuid, integer, uuid, uuid, uuid, text, uuid, text, text);
CREATE OR REPLACE FUNCTION settle_due(
  p_order_id uuid, p_consignment integer, p_invoice_id uuid, p_journal_id uuid, p_seller uuid, p_currency text, p_transfer_id uuid,
  p_request_id text, p_traceparent text, p_tenant text DEFAULT 'default'
) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  fence step_fences;
  due numeric;
  is_collected boolean := p_transfer_id IS NOT NULL;
BEGIN
  fence := claim_step(p_order_id, 'due:' || p_consignment, 'done', NULL,
    jsonb_build_object('seller', p_seller, 'currency', p_currency, 'transfer_id', p_transfer_id));
  IF fence.outcome IS NOT NULL THEN
    RETURN;
  END IF;

  PERFORM open_books(p_tenant, p_seller, p_currency);
  UPDATE invoices SET status = CASE WHEN is_collected THEN 'COLLECTED' ELSE 'WRITTEN_OFF' END, transfer_id = p_transfer_id,
    updated_at = clock_timestamp()
  WHERE invoice_id = p_invoice_id AND tenant = p_tenant AND seller_wallet_id = p_seller AND status = 'DUE'
  RETURNING amount INTO due;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the consignment % of order % has no invoice that is due', p_consignment, p_order_id
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'invoices_due';
  END IF;
  PERFORM post_journal(p_tenant, p_journal_id, p_seller, CASE WHEN is_collected THEN 'collection' ELSE 'write_off' END, p_order_id,
    ARRAY[CASE WHEN is_collected THEN 'wallet' ELSE 'bad_debt' END], ARRAY['receivable'], ARRAY[due], p_consignment => p_consignment,
    p_transfer_id => p_transfer_id);
  PERFORM append_invoice_event(CASE WHEN is_collected THEN 'invoice.collected' ELSE 'invoice.written-off' END, p_invoice_id,
    jsonb_strip_nulls(jsonb_build_object('transfer_id', p_transfer_id)), p_request_id, p_traceparent);
END
$$;
