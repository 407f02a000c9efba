-- Has a transfer, a one-sided transaction or a batch that was accepted as AWAITING_APPROVAL, in the same transaction, wait for the
-- votes that the present policy of its currency demands; of a batch, that of the currency in which it is too much. Returns false if
-- there is no policy any more. Where nobody asks, as for the run of a recurring transfer, one vote more is needed, because one of
-- the voters may have ordered it.
CREATE OR REPLACE FUNCTION ask_approval(p_transfer_id uuid, p_asked_by_id uuid, p_asked_by text) RETURNS boolean
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH asked AS (
    INSERT INTO approvals (approval_id, kind, tenant, reason, asked_by_id, asked_by, body_hash, amount, currency, policy_version, needed, expires_at)
    SELECT id, kind, tenant, CASE WHEN amount > above THEN 'above' ELSE 'above_24h' END, p_asked_by_id, p_asked_by, body_hash,
      -- The sum of a batch may be more than an amount can be.
      CASE WHEN amount < 10 ^ 15 THEN amount END, currency,
      version, approvals + CASE WHEN p_asked_by_id IS NULL THEN 1 ELSE 0 END, clock_timestamp() + make_interval(secs => expires_in_seconds)
    FROM (
      SELECT transfer_id AS id, 'transfer' AS kind, tenant, body_hash, amount, currency FROM transfers
      WHERE transfer_id = p_transfer_id AND status = 'AWAITING_APPROVAL'
      UNION ALL
      SELECT transaction_id, 'transaction', tenant, body_hash, amount, currency FROM transactions
      WHERE transaction_id = p_transfer_id AND status = 'AWAITING_APPROVAL'
      UNION ALL
      SELECT batch_id, 'batch', tenant, body_hash, (
        SELECT sum(item.amount) FROM unnest(amounts, currencies) AS item (amount, currency) WHERE item.currency = judged_currency
      ), judged_currency
      FROM transfer_batches JOIN batch_proposals USING (batch_id, body_hash)
      WHERE batch_id = p_transfer_id AND status = 'AWAITING_APPROVAL'
    ) movement JOIN approval_policies USING (tenant, currency)
    WHERE ended_at IS NULL
    RETURNING 1
  )
  SELECT EXISTS (SELECT FROM asked)
$$;
