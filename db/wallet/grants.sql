-- The rights of the service's role: to read the tables and to call the fenced operations. It writes no table. Each function is
-- named with its arguments, because a version after this one may have added another function of its name, and this file has to
-- work then, too.
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO wallet_service;
GRANT USAGE ON SCHEMA migrations TO wallet_service;
GRANT SELECT ON migrations.__drizzle_migrations TO wallet_service;
GRANT SELECT ON wallets, ledger_entries, operation_fences, outbox_events, outbox_seals, shard_buckets, installation TO wallet_service;
GRANT EXECUTE ON FUNCTION
  debit(uuid, uuid, text, numeric, text, text, boolean, uuid, text),
  credit(uuid, uuid, text, numeric, text, text, uuid, numeric, text),
  refund(uuid, uuid, text, numeric, numeric, text, text, text, boolean, uuid, numeric),
  cancel(uuid, text, uuid, text, numeric, text, uuid, numeric),
  conflicting_legs(text, uuid[], uuid[], text[], numeric[], uuid[]),
  advance(uuid, uuid, text, numeric, text, text, uuid),
  deposit(uuid, uuid, text, numeric, text, text, text),
  withdraw(uuid, uuid, text, numeric, text, text, text),
  open_wallet(uuid, text, text, text, jsonb, text, text),
  set_wallet_status(uuid, text, jsonb, text, text),
  debit_batch(uuid[], uuid[], text[], numeric[], text, text, uuid[], jsonb, text),
  credit_batch(uuid[], uuid[], text[], numeric[], text, text, uuid[], jsonb, text),
  debit_group(uuid[], uuid[], text[], numeric[], uuid[], jsonb),
  credit_group(uuid[], uuid[], text[], numeric[], uuid[], jsonb),
  cancel_credit_batch(uuid[], uuid[], text[], numeric[], text, uuid[]),
  refund_batch(uuid[], uuid[], text[], numeric[], text, text, text, uuid[], boolean),
  set_wallet_limits(uuid, numeric, numeric, jsonb, text, text),
  outgoing_24h(uuid),
  lock_for_movements()
TO wallet_service;
-- The signatures by which workers of the versions before this one call them (functions/former_signatures.sql).
GRANT EXECUTE ON FUNCTION
  debit(uuid, uuid, text, numeric, text, text, boolean, uuid),
  credit(uuid, uuid, text, numeric, text, text, uuid, numeric),
  deposit(uuid, uuid, text, numeric, text, text),
  withdraw(uuid, uuid, text, numeric, text, text),
  open_wallet(uuid, text, text),
  debit_batch(uuid[], uuid[], text[], numeric[], text, text, uuid[], jsonb),
  credit_batch(uuid[], uuid[], text[], numeric[], text, text, uuid[], jsonb),
  debit(uuid, uuid, text, numeric, text, text, boolean),
  credit(uuid, uuid, text, numeric, text, text),
  refund(uuid, uuid, text, numeric, numeric, text, text, text, boolean),
  cancel(uuid, text, uuid, text, numeric, text),
  debit_batch(uuid[], uuid[], text[], numeric[], text, text),
  credit_batch(uuid[], uuid[], text[], numeric[], text, text),
  debit_batch(uuid[], uuid[], text[], numeric[], text, text, uuid[]),
  credit_batch(uuid[], uuid[], text[], numeric[], text, text, uuid[]),
  cancel_credit_batch(uuid[], uuid[], text[], numeric[], text),
  refund_batch(uuid[], uuid[], text[], numeric[], text, text, text),
  advance(uuid, uuid, text, numeric, text, text),
  outgoing_since(uuid, timestamptz),
  set_wallet_status(uuid, text),
  set_wallet_limits(uuid, numeric, numeric)
TO wallet_service;
-- For an audit with the service's role.
GRANT EXECUTE ON FUNCTION unfolded_events(text, text, json), event_digest(text, text, jsonb) TO wallet_service;
