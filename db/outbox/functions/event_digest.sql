-- A digest of an event that does not depend on how its JSON is written: what it is about and what it tells, neither when nor on
-- whose request. Digests are summed, so that two sets of events can be compared in any order. Against whoever means harm there is
-- the chain of the event log.
CREATE OR REPLACE FUNCTION event_digest(p_event_id text, p_subject text, p_data jsonb) RETURNS numeric
LANGUAGE sql STABLE AS $$
  SELECT ('x' || encode(substr(sha256(convert_to(p_event_id || E'\n' || p_subject || E'\n' || p_data::text, 'UTF8')), 1, 8), 'hex'))::bit(64)::bigint::numeric
$$;
