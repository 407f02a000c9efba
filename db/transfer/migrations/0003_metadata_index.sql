-- Keeps movement_metadata: a row for each pair of metadata of each movement, from the row's own transaction. Metadata is
-- written once, with its row, and can be changed by nobody.
CREATE FUNCTION index_metadata() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO movement_metadata (movement, key, value, created_at, movement_id)
  SELECT TG_ARGV[0], key, value, NEW.created_at, (to_jsonb(NEW) ->> TG_ARGV[1])::uuid FROM jsonb_each_text(NEW.metadata);
  RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE TRIGGER transfers_metadata AFTER INSERT ON transfers FOR EACH ROW WHEN (NEW.metadata IS NOT NULL)
EXECUTE FUNCTION index_metadata('transfer', 'transfer_id');
--> statement-breakpoint
CREATE TRIGGER transactions_metadata AFTER INSERT ON transactions FOR EACH ROW WHEN (NEW.metadata IS NOT NULL)
EXECUTE FUNCTION index_metadata('transaction', 'transaction_id');
--> statement-breakpoint
INSERT INTO movement_metadata (movement, key, value, created_at, movement_id)
SELECT 'transfer', key, value, created_at, transfer_id FROM transfers CROSS JOIN jsonb_each_text(metadata)
UNION ALL
SELECT 'transaction', key, value, created_at, transaction_id FROM transactions CROSS JOIN jsonb_each_text(metadata);
