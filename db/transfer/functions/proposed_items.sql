-- The items that a batch asks for which waits for approvals or has waited, in their order.
CREATE OR REPLACE FUNCTION proposed_items(p_batch_id uuid) RETURNS TABLE (
  batch_index integer, sender_wallet_id uuid, receiver_wallet_id uuid, amount numeric, currency text, reference text, body_hash bytea
)
LANGUAGE sql STABLE AS $$
  SELECT item.place::integer - 1, item.sender, item.receiver, item.amount, item.currency, item.reference, decode(item.hash, 'hex')
  FROM batch_proposals proposal, unnest(senders, receivers, amounts, currencies, item_references, item_hashes)
    WITH ORDINALITY AS item (sender, receiver, amount, currency, reference, hash, place)
  WHERE proposal.batch_id = p_batch_id
$$;
