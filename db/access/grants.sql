-- The rights of the service's role: to make principals and keys, to end keys, and to append to the outbox what was done. It cannot
-- change whose a key is nor what it may do, nor what the outbox tells, and it can delete nothing.
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO access_service;
GRANT USAGE ON SCHEMA migrations TO access_service;
GRANT SELECT ON migrations.__drizzle_migrations, installation TO access_service;
GRANT SELECT, INSERT ON tenants, principals, api_keys TO access_service;
GRANT UPDATE (expires_at, revoked_at, rotated_to, changed_revision) ON api_keys TO access_service;
GRANT SELECT, UPDATE (revision) ON access_revision TO access_service;
GRANT SELECT, INSERT ON outbox_events TO access_service;
GRANT SELECT ON outbox_seals TO access_service;
GRANT USAGE ON SEQUENCE outbox_sequence TO access_service;
-- For an audit with the service's role.
GRANT EXECUTE ON FUNCTION unfolded_events(text, text, json), event_digest(text, text, jsonb) TO access_service;
