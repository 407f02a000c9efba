// The events of an outbox one by one, whether each has a row of its own or shares one (domain/events/folded-events.ts).

/** A table expression: event_id, type, subject, payload as jsonb, created_at. */
export const EVENTS = `(
  SELECT unfolded.event_id, type, unfolded.subject, created_at, CASE WHEN outbox.subject IS NOT NULL THEN payload::jsonb
    ELSE (payload -> 'event')::jsonb || jsonb_build_object('id', unfolded.event_id, 'subject', unfolded.subject, 'data', data) END AS payload
  FROM outbox_events outbox CROSS JOIN LATERAL unfolded_events(outbox.event_id, outbox.subject, payload) unfolded
) events`;
