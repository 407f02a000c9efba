-- The rights of the events service's role in a database with an outbox: to read it.
GRANT USAGE ON SCHEMA public TO events_service;
GRANT USAGE ON SCHEMA migrations TO events_service;
GRANT SELECT ON migrations.__drizzle_migrations, installation, outbox_events, outbox_seals, outbox_sequence TO events_service;
