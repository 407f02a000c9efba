-- A name-based UUID of version 8 over SHA-256 (RFC 9562, appendix B.2): the same name, the same id.
CREATE OR REPLACE FUNCTION derived_uuid(p_name text) RETURNS uuid
LANGUAGE sql STABLE AS $$
  SELECT overlay(overlay(left(encode(sha256(convert_to(p_name, 'UTF8')), 'hex'), 32) placing '8' from 13) placing '8' from 17)::uuid
$$;
