-- Empties the partition of the ring that next week's attempts go to, if all that it holds is of an earlier round: five weeks old.
CREATE OR REPLACE FUNCTION truncate_old_webhook_attempts() RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  this_week integer := floor(extract(epoch FROM clock_timestamp()) / 604800);
  leaf text := format('webhook_attempts_%s', (this_week + 1) % 6);
  newest integer;
BEGIN
  EXECUTE format('SELECT max(week) FROM %I', leaf) INTO newest;
  IF newest < this_week THEN
    EXECUTE format('TRUNCATE %I', leaf);
  END IF;
END
$$;
