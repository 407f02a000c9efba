/**
 * I7: nothing is left undone. Five minutes after its deadline a movement has ended, whatever went wrong on the way. A movement
 * that is still under way then is a breach, even if it waits for an operator. So is a batch that was approved and has no items yet.
 */
import { sql } from 'drizzle-orm';
import { VIOLATIONS_KEPT, type Findings } from './findings.ts';
import { rowsOf, type Reader } from './reader.ts';

export interface Undone {
  /** Movements that have not ended. */
  readonly under_way: number;
  /** Of these, those whose compensation cannot finish and waits for an operator. */
  readonly attention: number;
  /** Of these, those whose deadline passed more than five minutes ago. */
  readonly overdue: number;
}

export async function checkUndone(transfer: Reader, findings: Findings): Promise<Undone> {
  const [undone] = await rowsOf<Undone & { some: { subject: string; detail: string }[] | null }>(
    transfer,
    sql`
    WITH open AS (
      SELECT 'transfer ' || transfer_id AS subject, status, attention_reason,
        -- A hold may wait until it expires, and its capture may then take as long as any transfer.
        CASE WHEN capture_method = 'manual' AND status = 'DEBITED' THEN expires_at + (deadline_at - coalesce(scheduled_at, created_at))
          ELSE deadline_at END AS deadline_at
      FROM transfers WHERE status NOT IN ('AWAITING_APPROVAL', 'COMPLETED', 'FAILED', 'CANCELED')
      UNION ALL
      SELECT 'transaction ' || transaction_id, status, attention_reason, deadline_at FROM transactions WHERE status = 'PENDING'
      UNION ALL
      -- Approved, and not accepted.
      SELECT 'batch ' || batch_id, batch.status, attention_reason, deadline_at FROM transfer_batches batch JOIN approvals ON approval_id = batch_id
      WHERE batch.status = 'AWAITING_APPROVAL' AND approvals.status IN ('APPROVED', 'OVERRIDDEN')
    ), overdue AS (
      SELECT * FROM open WHERE deadline_at < clock_timestamp() - interval '5 minutes'
    )
    SELECT (SELECT count(*)::int FROM open) AS under_way,
      (SELECT count(*)::int FROM open WHERE attention_reason IS NOT NULL) AS attention,
      (SELECT count(*)::int FROM overdue) AS overdue,
      (SELECT json_agg(json_build_object('subject', subject, 'detail', concat_ws(' ', 'it is still', status, 'since its deadline', deadline_at, attention_reason)))
       FROM (SELECT * FROM overdue ORDER BY deadline_at LIMIT ${VIOLATIONS_KEPT}) first) AS some`,
  );
  const { some, ...figures } = undone!;
  for (const { subject, detail } of some ?? []) findings.report('I7', subject, detail);
  findings.reportMore('I7', figures.overdue - (some ?? []).length);
  return figures;
}
