-- The pivot of a consignment: its goods leave, unless they were released, or its hold ends within p_margin by this server's clock;
-- then they are given back here, in the same transaction. The step `goods:<n>` is done or undone, for ever; a repeat returns what
-- it is. A consignment whose reservation is lost, because the database was restored, is undone: a raise would keep the order from
-- being canceled for ever. `reason`: hold_expiring or released.
CREATE OR REPLACE FUNCTION issue(
  p_order_id uuid, p_n integer, p_consignment_id uuid, p_hold_expires_at timestamptz, p_margin interval, p_carrier_reference text,
  p_request_id text, p_traceparent text,
  OUT outcome text, OUT reason text, OUT carrier_reference text
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  fence step_fences;
  is_expiring boolean;
BEGIN
  fence := claim_step(p_order_id, 'goods:' || p_n, 'done', NULL, NULL);
  IF fence.outcome IS NULL AND NOT is_reserved(p_order_id, p_n) THEN
    UPDATE step_fences SET outcome = 'undone', reason = 'lost' WHERE saga_id = p_order_id AND step = 'goods:' || p_n RETURNING * INTO fence;
  ELSIF fence.outcome IS NULL THEN
    PERFORM lock_reserved_stock(p_order_id, ARRAY[p_n]);
    -- After the locks, because the hold goes on to its end while they are waited for.
    is_expiring := clock_timestamp() > p_hold_expires_at - p_margin;
    PERFORM end_reservation(p_order_id, p_n, CASE WHEN is_expiring THEN 'RELEASED' ELSE 'ISSUED' END, p_consignment_id,
      p_request_id, p_traceparent);
    UPDATE step_fences
    SET outcome = CASE WHEN is_expiring THEN 'undone' ELSE 'done' END,
        reason = CASE WHEN is_expiring THEN 'hold_expiring' END,
        detail = jsonb_build_object('carrier_reference', p_carrier_reference)
    WHERE saga_id = p_order_id AND step = 'goods:' || p_n RETURNING * INTO fence;
  END IF;
  outcome := fence.outcome;
  reason := CASE WHEN fence.outcome = 'undone' THEN CASE fence.reason WHEN 'hold_expiring' THEN 'hold_expiring' ELSE 'released' END END;
  carrier_reference := fence.detail ->> 'carrier_reference';
END
$$;
