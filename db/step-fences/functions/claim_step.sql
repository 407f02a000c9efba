-- Claims a step of a saga with the outcome that the caller is about to bring about, and returns NULL; or, if the step is decided
-- already, returns its fence and changes nothing. A claim that races another one waits for the other's transaction: the unique key
-- makes INSERT wait, and the SELECT after it, a statement with a snapshot of its own in READ COMMITTED, sees what was committed.
-- Raises with the constraint step_fences_terms if the step was decided for other terms; an undo may give none.
CREATE OR REPLACE FUNCTION claim_step(p_saga_id uuid, p_step text, p_outcome text, p_reason text, p_terms jsonb) RETURNS step_fences
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  fence step_fences;
BEGIN
  INSERT INTO step_fences (saga_id, step, outcome, reason, terms) VALUES (p_saga_id, p_step, p_outcome, p_reason, p_terms)
  ON CONFLICT DO NOTHING;
  IF FOUND THEN
    RETURN NULL;
  END IF;

  SELECT * INTO STRICT fence FROM step_fences WHERE saga_id = p_saga_id AND step = p_step;
  IF fence.terms <> p_terms THEN
    RAISE EXCEPTION 'the step % of % was first asked for with other terms', p_step, p_saga_id
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'step_fences_terms';
  END IF;
  RETURN fence;
END
$$;
