-- The number of events of the last day, found by halves: times grow with positions but for moments.
CREATE OR REPLACE FUNCTION events_of_last_day() RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
  low bigint;
  high bigint;
  head bigint;
  middle bigint;
  is_recent boolean;
BEGIN
  SELECT first_position, position INTO low, head FROM log_head;
  high := head;
  WHILE low <= high LOOP
    middle := (low + high) / 2;
    SELECT time > now() - interval '1 day' INTO is_recent FROM event_log WHERE position = middle;
    IF is_recent THEN
      high := middle - 1;
    ELSE
      low := middle + 1;
    END IF;
  END LOOP;
  RETURN head - low + 1;
END
$$;
