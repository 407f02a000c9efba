-- Returns the next number of the documents of this kind in the tenant's books of the seller. A transaction that fails gives its
-- number back, so there are no gaps; the caller has the seller's lock.
DROP FUNCTION IF EXISTS next_number(uuid, text);
CREATE OR REPLACE FUNCTION next_number(p_tenant text, p_seller uuid, p_kind text) RETURNS integer
LANGUAGE sql VOLATILE AS $$
  UPDATE document_numbers SET last_number = last_number + 1 WHERE tenant = p_tenant AND seller_wallet_id = p_seller AND kind = p_kind
  RETURNING last_number
$$;
