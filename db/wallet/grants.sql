-- What the service's role may do: read the tables and call the fenced operations. It writes no table.
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO wallet_service;
GRANT SELECT ON wallets, ledger_entries, operation_fences, outbox_events, shard_buckets, installation TO wallet_service;
GRANT EXECUTE ON FUNCTION
  debit, credit, refund, cancel, advance, deposit, withdraw, open_wallet, set_wallet_status,
  debit_batch, credit_batch, cancel_credit_batch, refund_batch,
  set_wallet_limits, outgoing_since
TO wallet_service;
