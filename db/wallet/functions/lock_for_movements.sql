-- Waits, as a movement would, for whoever holds a table locked against what every movement writes, and touches no row: for the
-- readiness of the service, whose role writes no table itself and so may lock none. The locks end with the caller's transaction.
CREATE OR REPLACE FUNCTION lock_for_movements() RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  LOCK TABLE wallets, operation_fences, ledger_entries, outbox_events IN ROW EXCLUSIVE MODE;
END
$$;
