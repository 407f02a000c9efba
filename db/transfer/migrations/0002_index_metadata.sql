-- The pairs of what was accepted before they were kept.
INSERT INTO movement_metadata (movement, key, value, created_at, movement_id)
SELECT 'transfer', key, value, created_at, transfer_id FROM transfers CROSS JOIN jsonb_each_text(metadata)
UNION ALL
SELECT 'transaction', key, value, created_at, transaction_id FROM transactions CROSS JOIN jsonb_each_text(metadata);
