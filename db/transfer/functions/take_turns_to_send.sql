-- Until the transaction's end, nobody else sums what one of these wallets has sent: of a hundred transfers of one wallet at once,
-- each is summed after those before it. A wallet is named by its tenant and its id. Up to a hundred wallets are locked one by one,
-- in an order that deadlocks with nobody's; who has more locks out all others, because ten thousand locks, twice, are more than
-- PostgreSQL has room for.
CREATE OR REPLACE FUNCTION take_turns_to_send(p_senders text[]) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  IF cardinality(p_senders) > 100 THEN
    PERFORM pg_advisory_xact_lock(hashtextextended('sent_unapproved', 0));
  ELSIF cardinality(p_senders) > 0 THEN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('sent_unapproved', 0));
    PERFORM pg_advisory_xact_lock(key) FROM (
      SELECT DISTINCT hashtextextended('sent_unapproved/' || CASE split_part(sender, '/', 1) WHEN 'default' THEN split_part(sender, '/', 2) ELSE sender END, 0) AS key
      FROM unnest(p_senders) AS sender ORDER BY key
    ) keys;
  END IF;
END
$$;
