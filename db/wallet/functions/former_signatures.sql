-- The operations with the signatures by which workers of the versions before this one call them, without the counterparty of a
-- leg, or without a tenant, which is then the default one: for as long as both versions run side by side in a deploy. To be dropped
-- by the version after this one.
CREATE OR REPLACE FUNCTION debit(
  p_transfer_id uuid, p_wallet_id uuid, p_currency text, p_amount numeric, p_request_id text, p_traceparent text,
  p_is_hold boolean DEFAULT false, OUT outcome text, OUT reason text, OUT detail jsonb
) LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT * FROM debit(p_transfer_id, p_wallet_id, p_currency, p_amount, p_request_id, p_traceparent, p_is_hold, NULL)
$$;
CREATE OR REPLACE FUNCTION credit(
  p_transfer_id uuid, p_wallet_id uuid, p_currency text, p_amount numeric, p_request_id text, p_traceparent text,
  OUT outcome text, OUT reason text
) LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT outcome, reason FROM credit(p_transfer_id, p_wallet_id, p_currency, p_amount, p_request_id, p_traceparent, NULL, NULL)
$$;
CREATE OR REPLACE FUNCTION cancel(
  p_transaction_id uuid, p_leg text, p_wallet_id uuid, p_currency text, p_amount numeric, p_reason text,
  OUT outcome text, OUT reason text, OUT detail jsonb
) LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT outcome, reason, detail FROM cancel(p_transaction_id, p_leg, p_wallet_id, p_currency, p_amount, p_reason, NULL, NULL)
$$;
CREATE OR REPLACE FUNCTION refund(
  p_transfer_id uuid, p_wallet_id uuid, p_currency text, p_amount numeric, p_credited numeric, p_reason text,
  p_request_id text, p_traceparent text, p_is_write_off boolean DEFAULT false,
  OUT outcome text, OUT reason text, OUT detail jsonb
) LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT * FROM refund(
    p_transfer_id, p_wallet_id, p_currency, p_amount, p_credited, p_reason, p_request_id, p_traceparent, p_is_write_off, NULL, 0)
$$;
CREATE OR REPLACE FUNCTION debit_batch(
  p_transfer_ids uuid[], p_wallet_ids uuid[], p_currencies text[], p_amounts numeric[], p_request_id text, p_traceparent text
) RETURNS TABLE (transfer_id uuid, outcome text, reason text, detail jsonb)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT * FROM debit_batch(p_transfer_ids, p_wallet_ids, p_currencies, p_amounts, p_request_id, p_traceparent, NULL, NULL)
$$;
CREATE OR REPLACE FUNCTION credit_batch(
  p_transfer_ids uuid[], p_wallet_ids uuid[], p_currencies text[], p_amounts numeric[], p_request_id text, p_traceparent text
) RETURNS TABLE (transfer_id uuid, outcome text, reason text, detail jsonb)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT * FROM credit_batch(p_transfer_ids, p_wallet_ids, p_currencies, p_amounts, p_request_id, p_traceparent, NULL, NULL)
$$;
CREATE OR REPLACE FUNCTION cancel_credit_batch(
  p_transfer_ids uuid[], p_wallet_ids uuid[], p_currencies text[], p_amounts numeric[], p_reason text
) RETURNS TABLE (transfer_id uuid, outcome text, reason text, detail jsonb)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT * FROM cancel_credit_batch(p_transfer_ids, p_wallet_ids, p_currencies, p_amounts, p_reason, NULL)
$$;
CREATE OR REPLACE FUNCTION refund_batch(
  p_transfer_ids uuid[], p_wallet_ids uuid[], p_currencies text[], p_amounts numeric[], p_reason text,
  p_request_id text, p_traceparent text
) RETURNS TABLE (transfer_id uuid, outcome text, reason text, detail jsonb)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT * FROM refund_batch(
    p_transfer_ids, p_wallet_ids, p_currencies, p_amounts, p_reason, p_request_id, p_traceparent, NULL, false)
$$;
CREATE OR REPLACE FUNCTION advance(
  p_transfer_id uuid, p_wallet_id uuid, p_currency text, p_amount numeric, p_request_id text, p_traceparent text
) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT advance(p_transfer_id, p_wallet_id, p_currency, p_amount, p_request_id, p_traceparent, NULL)
$$;
CREATE OR REPLACE FUNCTION debit_batch(
  p_transfer_ids uuid[], p_wallet_ids uuid[], p_currencies text[], p_amounts numeric[], p_request_id text, p_traceparent text,
  p_counterparty_ids uuid[]
) RETURNS TABLE (transfer_id uuid, outcome text, reason text, detail jsonb)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT * FROM debit_batch(
    p_transfer_ids, p_wallet_ids, p_currencies, p_amounts, p_request_id, p_traceparent, p_counterparty_ids, NULL)
$$;
CREATE OR REPLACE FUNCTION credit_batch(
  p_transfer_ids uuid[], p_wallet_ids uuid[], p_currencies text[], p_amounts numeric[], p_request_id text, p_traceparent text,
  p_counterparty_ids uuid[]
) RETURNS TABLE (transfer_id uuid, outcome text, reason text, detail jsonb)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT * FROM credit_batch(
    p_transfer_ids, p_wallet_ids, p_currencies, p_amounts, p_request_id, p_traceparent, p_counterparty_ids, NULL)
$$;
CREATE OR REPLACE FUNCTION set_wallet_status(p_wallet_id uuid, p_status text) RETURNS boolean
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT set_wallet_status(p_wallet_id, p_status, NULL, NULL, NULL)
$$;
CREATE OR REPLACE FUNCTION set_wallet_limits(p_wallet_id uuid, p_max_amount numeric, p_outgoing_24h numeric) RETURNS boolean
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT set_wallet_limits(p_wallet_id, p_max_amount, p_outgoing_24h, NULL, NULL, NULL)
$$;
CREATE OR REPLACE FUNCTION debit(
  p_transfer_id uuid, p_wallet_id uuid, p_currency text, p_amount numeric, p_request_id text, p_traceparent text,
  p_is_hold boolean, p_counterparty_id uuid,
  OUT outcome text, OUT reason text, OUT detail jsonb
) LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT * FROM debit(
    p_transfer_id, p_wallet_id, p_currency, p_amount, p_request_id, p_traceparent, p_is_hold, p_counterparty_id, 'default')
$$;
CREATE OR REPLACE FUNCTION credit(
  p_transfer_id uuid, p_wallet_id uuid, p_currency text, p_amount numeric, p_request_id text, p_traceparent text,
  p_counterparty_id uuid, p_of_amount numeric,
  OUT outcome text, OUT reason text, OUT amount numeric
) LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT * FROM credit(
    p_transfer_id, p_wallet_id, p_currency, p_amount, p_request_id, p_traceparent, p_counterparty_id, p_of_amount, 'default')
$$;
CREATE OR REPLACE FUNCTION debit_batch(
  p_transfer_ids uuid[], p_wallet_ids uuid[], p_currencies text[], p_amounts numeric[], p_request_id text, p_traceparent text,
  p_counterparty_ids uuid[], p_traces jsonb
) RETURNS TABLE (transfer_id uuid, outcome text, reason text, detail jsonb)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT * FROM debit_batch(
    p_transfer_ids, p_wallet_ids, p_currencies, p_amounts, p_request_id, p_traceparent, p_counterparty_ids, p_traces, 'default')
$$;
CREATE OR REPLACE FUNCTION credit_batch(
  p_transfer_ids uuid[], p_wallet_ids uuid[], p_currencies text[], p_amounts numeric[], p_request_id text, p_traceparent text,
  p_counterparty_ids uuid[], p_traces jsonb
) RETURNS TABLE (transfer_id uuid, outcome text, reason text, detail jsonb)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT * FROM credit_batch(
    p_transfer_ids, p_wallet_ids, p_currencies, p_amounts, p_request_id, p_traceparent, p_counterparty_ids, p_traces, 'default')
$$;
CREATE OR REPLACE FUNCTION deposit(
  p_transaction_id uuid, p_wallet_id uuid, p_currency text, p_amount numeric, p_request_id text, p_traceparent text,
  OUT outcome text, OUT reason text
) LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT * FROM deposit(p_transaction_id, p_wallet_id, p_currency, p_amount, p_request_id, p_traceparent, 'default')
$$;
CREATE OR REPLACE FUNCTION withdraw(
  p_transaction_id uuid, p_wallet_id uuid, p_currency text, p_amount numeric, p_request_id text, p_traceparent text,
  OUT outcome text, OUT reason text, OUT detail jsonb
) LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT * FROM withdraw(p_transaction_id, p_wallet_id, p_currency, p_amount, p_request_id, p_traceparent, 'default')
$$;
CREATE OR REPLACE FUNCTION open_wallet(p_wallet_id uuid, p_user_id text, p_currency text) RETURNS boolean
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT open_wallet(p_wallet_id, p_user_id, p_currency, 'default')
$$;
