-- Says in which database the outbox is that the relay reads since it was resumed.
CREATE OR REPLACE FUNCTION adopt_outbox(p_source text, p_server_id text) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE outbox_cursors SET server_id = p_server_id WHERE source = p_source AND is_resuming AND server_id = ''
$$;
