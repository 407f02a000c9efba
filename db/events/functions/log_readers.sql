-- Everybody who reads the log from a place that is kept here, and the last position that he has read: the log is kept for them
-- (expire_events.sql). Whoever keeps such a place adds a line.
CREATE OR REPLACE FUNCTION log_readers() RETURNS TABLE (reader text, read_position bigint)
LANGUAGE sql STABLE AS $$
  SELECT name, position FROM log_cursors
  UNION ALL SELECT consumer, position FROM consumer_cursors
  UNION ALL
  -- Behind the cursor there may be events that wait, are tried again, or are sent again because somebody has asked for it.
  SELECT 'webhook endpoint ' || webhook_endpoint_id, least(
    cursor,
    (SELECT min(read_to) FROM webhook_parked parked WHERE parked.webhook_endpoint_id = endpoint.webhook_endpoint_id),
    (SELECT min(position) - 1 FROM webhook_deliveries delivery
     WHERE delivery.webhook_endpoint_id = endpoint.webhook_endpoint_id AND status = 'PENDING'),
    (SELECT min(read_to) FROM webhook_replays replay
     WHERE replay.webhook_endpoint_id = endpoint.webhook_endpoint_id AND status = 'RUNNING')
  ) FROM webhook_endpoints endpoint
$$;
