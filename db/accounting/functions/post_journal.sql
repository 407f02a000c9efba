-- Writes a journal and its lines, and adds them to their accounts. Line i moves p_amounts[i] from the account with the code
-- p_credits[i] to the one with p_debits[i]; a line of nothing is left out. The caller has the seller's lock.
DROP FUNCTION IF EXISTS post_journal(uuid, uuid, text, uuid, text[], text[], numeric[], integer, uuid, integer, uuid);
CREATE OR REPLACE FUNCTION post_journal(
  p_tenant text, p_journal_id uuid, p_seller uuid, p_kind text, p_order_id uuid, p_debits text[], p_credits text[], p_amounts numeric[],
  p_consignment integer DEFAULT NULL, p_return_id uuid DEFAULT NULL, p_number integer DEFAULT NULL, p_transfer_id uuid DEFAULT NULL
) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  INSERT INTO journals (journal_id, tenant, seller_wallet_id, kind, order_id, consignment, return_id, number, transfer_id)
  VALUES (p_journal_id, p_tenant, p_seller, p_kind, p_order_id, p_consignment, p_return_id, p_number, p_transfer_id);

  INSERT INTO journal_lines (journal_id, line, debit_account, credit_account, amount)
  SELECT p_journal_id, row_number() OVER (ORDER BY place), books_id(p_tenant, p_seller) || '/' || debit,
    books_id(p_tenant, p_seller) || '/' || credit, amount
  FROM unnest(p_debits, p_credits, p_amounts) WITH ORDINALITY AS line (debit, credit, amount, place)
  WHERE amount <> 0;

  UPDATE accounts SET debit_total = debit_total + moved.debits, credit_total = credit_total + moved.credits
  FROM (
    SELECT account, sum(debits) AS debits, sum(credits) AS credits
    FROM journal_lines
    CROSS JOIN LATERAL (VALUES (debit_account, amount, 0::numeric), (credit_account, 0::numeric, amount)) AS side (account, debits, credits)
    WHERE journal_id = p_journal_id
    GROUP BY account
  ) AS moved
  WHERE account_id = moved.account;
END
$$;
