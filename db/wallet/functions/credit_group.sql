-- `credit_batch` for the transfers of a group, which many requests asked for. It waits a short time for each wallet that is locked,
-- and then fails as a whole: the group's transfers then go on one by one, and only those of that wallet wait for it.
-- Groups are the default tenant's.
CREATE OR REPLACE FUNCTION credit_group(
  p_transfer_ids uuid[], p_wallet_ids uuid[], p_currencies text[], p_amounts numeric[], p_counterparty_ids uuid[], p_traces jsonb
) RETURNS TABLE (transfer_id uuid, outcome text, reason text, detail jsonb)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '300ms' AS $$
  SELECT * FROM credit_batch(p_transfer_ids, p_wallet_ids, p_currencies, p_amounts, NULL, NULL, p_counterparty_ids, p_traces, 'default')
$$;
