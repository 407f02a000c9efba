-- Takes the seller's lock, under which alone anything is written to the seller's books; opens them if they are not open yet. All
-- functions take it after their step's fence and before everything else, so that documents of one seller wait for each other and
-- never in a circle. Raises if the books are in another currency. Each tenant has books of its own of a seller: nobody knows here
-- whose the wallet is, and an order that names another tenant's must not write to the books of that one.
DROP FUNCTION IF EXISTS open_books(uuid, text);
CREATE OR REPLACE FUNCTION open_books(p_tenant text, p_seller uuid, p_currency text) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  kept_in text;
BEGIN
  PERFORM FROM document_numbers WHERE tenant = p_tenant AND seller_wallet_id = p_seller ORDER BY kind FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    -- Who comes second waits here for the first one's transaction, and then, as always, for the lock.
    INSERT INTO document_numbers (tenant, seller_wallet_id, kind) VALUES (p_tenant, p_seller, 'credit_note'), (p_tenant, p_seller, 'invoice')
    ON CONFLICT DO NOTHING;
    PERFORM FROM document_numbers WHERE tenant = p_tenant AND seller_wallet_id = p_seller ORDER BY kind FOR NO KEY UPDATE;
    INSERT INTO accounts (account_id, tenant, seller_wallet_id, code, name, currency)
    SELECT books_id(p_tenant, p_seller) || '/' || code, p_tenant, p_seller, code,
      CASE code WHEN 'wallet' THEN 'wallet:' || p_seller ELSE replace(code, '_', ' ') END, p_currency
    FROM unnest(ARRAY['wallet', 'receivable', 'revenue', 'shipping_revenue', 'returns', 'refunds_payable', 'bad_debt']) code
    ON CONFLICT DO NOTHING;
  END IF;

  SELECT currency INTO STRICT kept_in FROM accounts WHERE account_id = books_id(p_tenant, p_seller) || '/wallet';
  IF kept_in <> p_currency THEN
    RAISE EXCEPTION 'the books of % are kept in %, not in %', p_seller, kept_in, p_currency
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'accounts_currency';
  END IF;
END
$$;
