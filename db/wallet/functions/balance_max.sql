-- The largest balance that a credit or a deposit may lead to: what one amount can take out again. Only a refund may pass it.
CREATE OR REPLACE FUNCTION balance_max() RETURNS numeric LANGUAGE sql IMMUTABLE AS $$ SELECT 999999999999999.9999 $$;
