-- The rights of the service's role.
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO delivery_service;
GRANT USAGE ON SCHEMA migrations TO delivery_service;
GRANT SELECT ON migrations.__drizzle_migrations, installation, outbox_events, outbox_seals TO delivery_service;
-- For an audit with the service's role.
GRANT EXECUTE ON FUNCTION unfolded_events(text, text, json), event_digest(text, text, jsonb) TO delivery_service;
