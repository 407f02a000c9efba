-- Returns the next number of the seller's documents of this kind. A transaction that fails gives its number back, so there are no
-- gaps; the caller has the seller's lock.
CREATE OR REPLACE FUNCTION next_number(p_seller uuid, p_kind text) RETURNS integer
LANGUAGE sql VOLATILE AS $$
  UPDATE document_numbers SET last_number = last_number + 1 WHERE seller_wallet_id = p_seller AND kind = p_kind
  RETURNING last_number
$$;
