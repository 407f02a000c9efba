-- The rights of the service's role: to read the tables and to call the fenced operations. It writes no table.
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO inventory_service;
GRANT USAGE ON SCHEMA migrations TO inventory_service;
GRANT SELECT ON migrations.__drizzle_migrations, installation, outbox_events, outbox_seals, step_fences, stock, stock_entries,
  reservations TO inventory_service;
GRANT EXECUTE ON FUNCTION
  reserve(uuid, jsonb, boolean, integer, text, text, text),
  issue(uuid, integer, uuid, timestamptz, interval, text, text, text),
  adopt_issued(uuid, integer, uuid, jsonb, text, text, text, text),
  release(uuid, integer, uuid, text, text, text),
  release_order(uuid, uuid[], text, text, text),
  take_back(uuid, uuid, jsonb, text, text, text),
  change_stock(uuid, text, text, bigint, numeric, text, bigint, text, text, jsonb, text),
  count_stock(text, bigint, text, text, jsonb, text)
TO inventory_service;
-- For an audit with the service's role.
GRANT EXECUTE ON FUNCTION unfolded_events(text, text, json), event_digest(text, text, jsonb) TO inventory_service;
