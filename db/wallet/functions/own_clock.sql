-- The clock by which a wallet's limit of 24 hours is counted, NULL while it has none: the server's, as long as that does not go
-- backwards. While it is behind what it has shown before, the wallet's goes on by what passes on it. So what was counted while the
-- server's clock was a year ahead does not count for a year, and what is counted while it is behind is not forgotten once it is
-- right again. p_clock is what it was when the server's clock last showed p_seen_at to this wallet.
CREATE OR REPLACE FUNCTION own_clock(p_clock timestamptz, p_seen_at timestamptz, p_now timestamptz) RETURNS timestamptz
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN p_clock <= p_now THEN p_now ELSE p_clock + greatest(p_now - p_seen_at, interval '0') END
$$;
