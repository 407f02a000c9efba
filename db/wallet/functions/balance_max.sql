-- The largest balance that a credit or a deposit may lead to: the largest amount that one movement can take out again. Only a
-- refund may exceed it.
CREATE OR REPLACE FUNCTION balance_max() RETURNS numeric LANGUAGE sql IMMUTABLE AS $$ SELECT 999999999999999.9999 $$;
