-- Posts that the transfer has paid a credit note back, once. Raises, and leaves nothing, if there is no such credit note of the
-- seller; raises too if another transfer has paid it.
DROP FUNCTION IF EXISTS post_refund(uuid, uuid, uuid, uuid, text, uuid, text, text);
CREATE OR REPLACE FUNCTION post_refund(
  p_order_id uuid, p_return_id uuid, p_journal_id uuid, p_seller uuid, p_currency text, p_transfer_id uuid, p_request_id text,
  p_traceparent text, p_tenant text DEFAULT 'default'
) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  fence step_fences;
  owed numeric;
BEGIN
  fence := claim_step(p_order_id, 'refund:' || p_return_id, 'done', NULL,
    jsonb_build_object('seller', p_seller, 'currency', p_currency, 'transfer_id', p_transfer_id));
  IF fence.outcome IS NOT NULL THEN
    RETURN;
  END IF;

  PERFORM open_books(p_tenant, p_seller, p_currency);
  UPDATE credit_notes SET transfer_id = p_transfer_id, updated_at = clock_timestamp()
  WHERE credit_note_id = p_return_id AND tenant = p_tenant AND seller_wallet_id = p_seller AND order_id = p_order_id AND transfer_id IS NULL
  RETURNING amount INTO owed;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the return % of order % has no credit note to pay back', p_return_id, p_order_id
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'credit_notes_owed';
  END IF;
  PERFORM post_journal(p_tenant, p_journal_id, p_seller, 'refund', p_order_id, ARRAY['refunds_payable'], ARRAY['wallet'], ARRAY[owed],
    p_return_id => p_return_id, p_transfer_id => p_transfer_id);
  PERFORM append_credit_note_event('refund.posted', p_return_id, jsonb_build_object('transfer_id', p_transfer_id), p_request_id,
    p_traceparent);
END
$$;
