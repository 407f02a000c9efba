-- The books of a seller as a tenant keeps them: what the ids of their accounts begin with. Those of the default tenant are what
-- they were before there were others.
CREATE OR REPLACE FUNCTION books_id(p_tenant text, p_seller uuid) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE p_tenant WHEN 'default' THEN '' ELSE p_tenant || '/' END || p_seller
$$;
