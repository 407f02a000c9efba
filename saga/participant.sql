-- A participant's fences: to be run in the service's own database, by a migration or at each start; it changes nothing that is there.
--
-- A row decides a step of a saga, for ever, in the transaction that does it. Do and undo are each one transaction in READ COMMITTED,
-- which begins with claim_step or claim_undo: of two that race, the second one waits there for the commit of the first. No row is
-- ever removed, for a call may arrive however late.

CREATE TABLE IF NOT EXISTS step_fences (
  saga_id text NOT NULL,
  step text NOT NULL,
  -- What came first. 'undone': the undo did, and the step will never be done.
  outcome text NOT NULL CONSTRAINT step_fences_outcome CHECK (outcome IN ('done', 'refused', 'undone')),
  -- What was asked for; null if the undo came first.
  terms jsonb,
  -- What a repeat returns: of a done step its detail, of a refused one the reason.
  detail jsonb,
  decided_at timestamp (3) with time zone NOT NULL DEFAULT clock_timestamp(),
  -- When a done step was reversed, by its undo.
  undone_at timestamp (3) with time zone,
  CONSTRAINT step_fences_pk PRIMARY KEY (saga_id, step)
);

-- A fence as the answer that a saga understands.
CREATE OR REPLACE FUNCTION step_answer(fence step_fences) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN fence.outcome = 'undone' OR fence.undone_at IS NOT NULL THEN '{"outcome": "undone"}'::jsonb
    WHEN fence.outcome = 'refused' THEN jsonb_build_object('outcome', 'refused', 'reason', fence.detail)
    ELSE jsonb_build_object('outcome', 'done', 'detail', fence.detail)
  END
$$;

-- Begins a do. Returns NULL if it is the caller's to do, who then ends with decide_step; otherwise the answer of what was decided
-- before, and nothing is to be done. Raises with the constraint step_fences_terms if the step was first asked for with other terms.
CREATE OR REPLACE FUNCTION claim_step(p_saga_id text, p_step text, p_terms jsonb) RETURNS jsonb
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  fence step_fences;
BEGIN
  INSERT INTO step_fences (saga_id, step, outcome, terms) VALUES (p_saga_id, p_step, 'done', p_terms) ON CONFLICT DO NOTHING;
  IF FOUND THEN
    RETURN NULL;
  END IF;

  -- A statement of its own: its snapshot has what was committed while the INSERT waited.
  SELECT * INTO STRICT fence FROM step_fences WHERE saga_id = p_saga_id AND step = p_step;
  IF fence.terms <> p_terms THEN
    RAISE EXCEPTION 'the step % of % was first asked for with other terms', p_step, p_saga_id
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'step_fences_terms';
  END IF;
  RETURN step_answer(fence);
END
$$;

-- Ends a do, in the transaction that claimed the step, and returns its answer: p_outcome is 'done', with the detail, or 'refused', with
-- the reason.
CREATE OR REPLACE FUNCTION decide_step(p_saga_id text, p_step text, p_outcome text, p_detail jsonb) RETURNS jsonb
LANGUAGE sql VOLATILE AS $$
  UPDATE step_fences SET outcome = p_outcome, detail = p_detail WHERE saga_id = p_saga_id AND step = p_step
  RETURNING step_answer(step_fences)
$$;

-- Begins an undo, and returns its verdict. If `is_yours`, the caller reverses the step, whose detail is given, in the same
-- transaction; otherwise nothing is to be done. Of a pivot, what is done stays.
CREATE OR REPLACE FUNCTION claim_undo(
  p_saga_id text, p_step text, p_is_pivot boolean DEFAULT false, OUT verdict text, OUT is_yours boolean, OUT detail jsonb
)
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  fence step_fences;
BEGIN
  is_yours := false;
  verdict := 'never_happened';
  INSERT INTO step_fences (saga_id, step, outcome) VALUES (p_saga_id, p_step, 'undone') ON CONFLICT DO NOTHING;
  IF FOUND THEN
    RETURN;
  END IF;

  -- Locked, so that of two undos one reverses the step, and the other one waits and sees that it is reversed.
  SELECT * INTO STRICT fence FROM step_fences WHERE saga_id = p_saga_id AND step = p_step FOR UPDATE;
  IF fence.outcome <> 'done' THEN
    RETURN;
  END IF;
  IF p_is_pivot THEN
    verdict := 'happened';
    RETURN;
  END IF;
  verdict := 'undone';
  is_yours := fence.undone_at IS NULL;
  detail := fence.detail;
  UPDATE step_fences SET undone_at = clock_timestamp() WHERE saga_id = p_saga_id AND step = p_step AND undone_at IS NULL;
END
$$;
