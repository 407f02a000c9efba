-- Makes what a proposal says of a tenant's policy hold: other terms in place of the former ones, or none any more. Returns the
-- version that holds since, 0 for none; NULL, and nothing is changed, if the version that holds is not the one whose place the
-- proposal takes. `p_approval_id` is the approval of the change. The first policy of a currency needs none, and without one no
-- policy is ended. The first policy makes the trigger that enforces it; before, acceptances cost nothing more. The lock has every
-- acceptance before it end, and those after it see the policy: none is judged by the former one once this is answered. With a
-- tenant's first policy its roll of voters begins, with the principals `p_voters`, and with its last one it ends. Where nobody
-- says who may vote, as a program of the version before does not, there is no roll until record_voters.sql makes it.
DROP FUNCTION IF EXISTS put_approval_policy(text, jsonb, text, uuid);
CREATE OR REPLACE FUNCTION put_approval_policy(
  p_tenant text, p_proposal jsonb, p_set_by text, p_approval_id uuid, p_voters uuid[] DEFAULT NULL
) RETURNS integer
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  code CONSTANT text := p_proposal ->> 'currency';
  present integer;
  following integer;
  changed_at timestamptz;
  is_first boolean;
BEGIN
  -- The policy before the roll, and the roll before the tables, as votes lock them.
  PERFORM FROM approval_policies WHERE tenant = p_tenant AND currency = code AND ended_at IS NULL FOR UPDATE;
  PERFORM pg_advisory_xact_lock(hashtextextended('voters/' || p_tenant, 0));
  LOCK TABLE transfers, transactions IN SHARE ROW EXCLUSIVE MODE;
  IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = 'transfers'::regclass AND tgname = 'transfers_approved') THEN
    CREATE TRIGGER transfers_approved AFTER INSERT ON transfers REFERENCING NEW TABLE AS accepted
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_unapproved();
  END IF;
  IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = 'transactions'::regclass AND tgname = 'transactions_approved') THEN
    CREATE TRIGGER transactions_approved AFTER INSERT ON transactions REFERENCING NEW TABLE AS accepted
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_unapproved_withdrawals();
  END IF;
  SELECT version INTO present FROM approval_policies WHERE tenant = p_tenant AND currency = code AND ended_at IS NULL;
  IF coalesce(present, 0) <> (p_proposal ->> 'version')::integer THEN
    RETURN NULL;
  END IF;
  is_first := NOT EXISTS (SELECT FROM approval_policies WHERE tenant = p_tenant AND ended_at IS NULL);
  -- One time for both, so that the audit can tell a change from a policy that has ended and another that began later.
  changed_at := clock_timestamp();
  UPDATE approval_policies SET ended_at = changed_at, ended_by_id = p_approval_id WHERE tenant = p_tenant AND currency = code AND ended_at IS NULL;
  IF p_proposal ->> 'action' = 'end' THEN
    IF NOT EXISTS (SELECT FROM approval_policies WHERE tenant = p_tenant AND ended_at IS NULL) THEN
      UPDATE voter_rolls SET ended_at = changed_at WHERE tenant = p_tenant AND ended_at IS NULL;
    END IF;
    RETURN 0;
  END IF;
  SELECT coalesce(max(version), 0) + 1 INTO following FROM approval_policies WHERE tenant = p_tenant AND currency = code;
  INSERT INTO approval_policies (tenant, currency, version, above, above_24h, approvals, expires_in_seconds, set_by, created_at)
  VALUES (p_tenant, code, following, (p_proposal ->> 'above')::numeric, (p_proposal ->> 'above_24h')::numeric,
    (p_proposal ->> 'approvals')::integer, (p_proposal ->> 'expires_in')::integer, p_set_by, changed_at);
  IF is_first AND p_voters IS NOT NULL THEN
    PERFORM begin_roll(p_tenant, p_voters, changed_at);
  END IF;
  RETURN following;
END
$$;
