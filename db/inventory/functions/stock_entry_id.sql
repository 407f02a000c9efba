-- The id of a stock's entry that has no other: a name-based UUID of version 8 over SHA-256 (RFC 9562, appendix B.2).
DROP FUNCTION IF EXISTS stock_entry_id(text, bigint);
CREATE OR REPLACE FUNCTION stock_entry_id(p_tenant text, p_sku text, p_sequence bigint) RETURNS uuid
LANGUAGE sql STABLE AS $$
  SELECT overlay(overlay(left(encode(sha256(convert_to(
    'stock-entry/' || CASE p_tenant WHEN 'default' THEN '' ELSE p_tenant || '/' END || p_sku || '/' || p_sequence, 'UTF8')), 'hex'), 32)
    placing '8' from 13) placing '8' from 17)::uuid
$$;
