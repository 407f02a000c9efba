-- Until the transaction's end, nobody else sums what one of these wallets has sent: of a hundred transfers of one wallet at once,
-- each is summed after those before it. A wallet is named by its tenant and its id. Up to a thousand wallets are locked one by one,
-- in an order that deadlocks with nobody's; who has more locks out all others of their tenants, because ten thousand locks of
-- several batches at once are more than PostgreSQL has room for.
CREATE OR REPLACE FUNCTION take_turns_to_send(p_senders text[]) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  are_many CONSTANT boolean := cardinality(p_senders) > 1000;
BEGIN
  PERFORM CASE WHEN are_many THEN pg_advisory_xact_lock(key) ELSE pg_advisory_xact_lock_shared(key) END FROM (
    SELECT DISTINCT hashtextextended('sent_unapproved_of/' || split_part(sender, '/', 1), 0) AS key FROM unnest(p_senders) AS sender ORDER BY key
  ) tenants;
  IF NOT are_many THEN
    PERFORM pg_advisory_xact_lock(key) FROM (
      SELECT DISTINCT hashtextextended('sent_unapproved/' || regexp_replace(sender, '^default/', ''), 0) AS key FROM unnest(p_senders) AS sender ORDER BY key
    ) wallets;
  END IF;
END
$$;
