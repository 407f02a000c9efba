-- The rights of the service's role: to read the tables and to call the fenced operations. It writes no table.
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO delivery_service;
GRANT USAGE ON SCHEMA migrations TO delivery_service;
GRANT SELECT ON migrations.__drizzle_migrations, installation, outbox_events, outbox_seals TO delivery_service;
GRANT SELECT ON shipments, carrier_events, step_fences TO delivery_service;
GRANT EXECUTE ON FUNCTION
  book(uuid, integer, uuid, jsonb, integer, text, text, text),
  cancel_booking(uuid, integer, uuid, text, text),
  hand_over(uuid, integer, uuid, text, text, text),
  record_carrier_event(text, uuid, text, integer, timestamptz, text, text, jsonb, text)
TO delivery_service;
-- For an audit with the service's role.
GRANT EXECUTE ON FUNCTION unfolded_events(text, text, json), event_digest(text, text, jsonb) TO delivery_service;
