-- What the service's role may do: read the tables and call the fenced operations. It writes no table.
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO wallet_service;
GRANT USAGE ON SCHEMA migrations TO wallet_service;
GRANT SELECT ON migrations.__drizzle_migrations TO wallet_service;
GRANT SELECT ON wallets, ledger_entries, operation_fences, outbox_events, shard_buckets, installation TO wallet_service;
GRANT EXECUTE ON FUNCTION
  debit(uuid, uuid, text, numeric, text, text, boolean, uuid),
  credit(uuid, uuid, text, numeric, text, text, uuid, numeric),
  refund(uuid, uuid, text, numeric, numeric, text, text, text, boolean, uuid, numeric),
  cancel(uuid, text, uuid, text, numeric, text, uuid, numeric),
  conflicting_legs, advance, deposit, withdraw, open_wallet, set_wallet_status,
  debit_batch(uuid[], uuid[], text[], numeric[], text, text, uuid[]),
  credit_batch(uuid[], uuid[], text[], numeric[], text, text, uuid[]),
  cancel_credit_batch(uuid[], uuid[], text[], numeric[], text, uuid[]),
  refund_batch(uuid[], uuid[], text[], numeric[], text, text, text, uuid[], boolean),
  set_wallet_limits, outgoing_24h
TO wallet_service;
-- As workers of the version before this one call them (functions/former_signatures.sql).
GRANT EXECUTE ON FUNCTION
  debit(uuid, uuid, text, numeric, text, text, boolean),
  credit(uuid, uuid, text, numeric, text, text),
  refund(uuid, uuid, text, numeric, numeric, text, text, text, boolean),
  cancel(uuid, text, uuid, text, numeric, text),
  debit_batch(uuid[], uuid[], text[], numeric[], text, text),
  credit_batch(uuid[], uuid[], text[], numeric[], text, text),
  cancel_credit_batch(uuid[], uuid[], text[], numeric[], text),
  refund_batch(uuid[], uuid[], text[], numeric[], text, text, text),
  outgoing_since
TO wallet_service;
