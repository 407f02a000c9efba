-- Raises unless the wallet's bucket is one of this shard's. A call that was routed to the wrong shard would otherwise find no
-- such wallet, and its fence would keep that refusal for ever.
CREATE OR REPLACE FUNCTION assert_own_wallet(p_wallet_id uuid) RETURNS void
LANGUAGE plpgsql STABLE AS $$
BEGIN
  PERFORM FROM shard_buckets WHERE get_byte(uuid_send(p_wallet_id), 0) BETWEEN first_bucket AND last_bucket;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'wallet % belongs to another shard', p_wallet_id USING ERRCODE = 'integrity_constraint_violation';
  END IF;
END
$$;
