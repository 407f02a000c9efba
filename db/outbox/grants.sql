-- The rights of the events service's role in a database with an outbox: to read it, and to take away what is in the event log.
GRANT USAGE ON SCHEMA public TO events_service;
GRANT USAGE ON SCHEMA migrations TO events_service;
GRANT SELECT ON migrations.__drizzle_migrations, installation, outbox_events, outbox_seals, outbox_truncation, outbox_sequence TO events_service;
REVOKE ALL ON FUNCTION truncate_relayed_outbox(pg_snapshot, text, bigint, boolean), unfolded_events(text, text, json), event_digest(text, text, jsonb)
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
  truncate_relayed_outbox(pg_snapshot, text, bigint, boolean),
  unfolded_events(text, text, json),
  event_digest(text, text, jsonb)
TO events_service;
