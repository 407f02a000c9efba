-- The rights of the service's role: to append to the log by the functions, to move its places, to keep webhooks, and to
-- write what it derives from the log. It changes no event and deletes none.
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO events_service;
GRANT USAGE ON SCHEMA migrations TO events_service;
GRANT SELECT ON migrations.__drizzle_migrations, installation TO events_service;
GRANT SELECT ON event_log, log_head, log_seals, log_differences, outbox_seals, outbox_resumes, audit_log TO events_service;
GRANT SELECT, INSERT ON outbox_events TO events_service;
GRANT USAGE ON SEQUENCE outbox_sequence TO events_service;
GRANT SELECT, INSERT ON outbox_cursors TO events_service;
GRANT UPDATE (stopped_reason, updated_at, waiting_events, waiting_since, seen_at) ON outbox_cursors TO events_service;
GRANT SELECT, INSERT, UPDATE ON leases, log_cursors TO events_service;
GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_endpoints, webhook_deliveries, webhook_parked, webhook_replays TO events_service;
GRANT SELECT, INSERT ON webhook_attempts TO events_service;
GRANT SELECT ON projections, dead_letters TO events_service;
GRANT UPDATE ON projections TO events_service;
GRANT SELECT, INSERT, UPDATE, DELETE ON consumer_cursors, processed_events, parked_events, wallet_activity, flows, flows_waiting TO events_service;
GRANT EXECUTE ON FUNCTION
  append_events(text, bigint, bigint, text, pg_snapshot, pg_snapshot, bigint, bigint, text, bigint, text, text, text, text, text, text, text),
  extend_event_log(bigint),
  expire_events(interval, bigint),
  truncate_old_webhook_attempts(),
  resume_outbox(text, text, text, text),
  adopt_outbox(text, text),
  settle_resume(text, bigint, text, bigint, text[], bigint[], numeric[])
TO events_service;
