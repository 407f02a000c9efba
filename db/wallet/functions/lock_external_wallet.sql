-- Locks the shard's external wallet of a tenant and currency, which is made on first use, and returns its id. The id lies in the
-- shard's first bucket, so that routing leads to it. Always locked after the user's wallet: with one fixed order no two operations
-- can deadlock.
DROP FUNCTION IF EXISTS lock_external_wallet(text);
CREATE OR REPLACE FUNCTION lock_external_wallet(p_currency text, p_tenant text) RETURNS uuid
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  external_id uuid;
BEGIN
  SELECT wallet_id INTO external_id FROM wallets WHERE kind = 'external' AND tenant = p_tenant AND currency = p_currency FOR NO KEY UPDATE;
  IF external_id IS NULL THEN
    INSERT INTO wallets (wallet_id, tenant, currency, kind)
    SELECT (lpad(to_hex(first_bucket), 2, '0') || substr(derived_uuid('external/' || CASE p_tenant WHEN 'default' THEN '' ELSE p_tenant || '/' END || p_currency || '/' || first_bucket)::text, 3))::uuid,
           p_tenant, p_currency, 'external'
    FROM shard_buckets
    -- A concurrent first use may meet either of its two unique keys: if this named one of them, the other would raise.
    ON CONFLICT DO NOTHING;
    SELECT wallet_id INTO STRICT external_id FROM wallets WHERE kind = 'external' AND tenant = p_tenant AND currency = p_currency FOR NO KEY UPDATE;
  END IF;
  RETURN external_id;
END
$$;
