-- The events of one row of the outbox, in their order: the row's own, or the many that are folded into it
-- (domain/events/folded-events.ts).
CREATE OR REPLACE FUNCTION unfolded_events(p_event_id text, p_subject text, p_payload json)
RETURNS TABLE (event_id text, subject text, data jsonb)
LANGUAGE sql STABLE AS $$
  SELECT p_event_id, p_subject, (p_payload -> 'data')::jsonb WHERE p_subject IS NOT NULL
  UNION ALL
  SELECT type || '/' || (row_values ->> 0), data ->> subject_column, data
  FROM (
    -- OFFSET 0: read out of the payload once, not once for each event.
    SELECT p_payload #>> '{event,type}' AS type, p_payload ->> 'subject' AS subject_column, p_payload -> 'rows' AS events,
      ARRAY(SELECT json_array_elements_text(p_payload -> 'columns')) AS columns
    WHERE p_subject IS NULL OFFSET 0
  ) folded
  CROSS JOIN LATERAL json_array_elements(events) row_values
  CROSS JOIN LATERAL (
    SELECT jsonb_strip_nulls(jsonb_object(columns, ARRAY(SELECT json_array_elements_text(row_values)))) AS data OFFSET 0
  ) unfolded
$$;
