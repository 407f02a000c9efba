-- The wallet's own clock, by which its limit of 24 hours is counted; NULL while it has none. It is the server's clock, as long as
-- that does not go backwards. While the server's clock is behind the wallet's, the wallet's goes on by the time that passes on
-- the server's. So an entry that was counted while the server's clock was a year ahead does not count for a year, and an entry
-- that is counted while the server's clock is behind is not forgotten once that is right again. p_clock is the wallet's clock
-- when the server's clock last showed p_seen_at to this wallet.
CREATE OR REPLACE FUNCTION own_clock(p_clock timestamptz, p_seen_at timestamptz, p_now timestamptz) RETURNS timestamptz
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN p_clock <= p_now THEN p_now ELSE p_clock + greatest(p_now - p_seen_at, interval '0') END
$$;
