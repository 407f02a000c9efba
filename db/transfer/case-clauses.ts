/** SQL clauses that open and close cases as a part of other statements, each with its row in the log. */
import { sql, type SQL } from 'drizzle-orm';
import type { Acting } from '../../domain/acting.ts';
import { SYSTEM_ACTOR } from '../../domain/transfer/case.ts';

/**
 * Opens a case for the row of the clause `concerned` (tenant, transfer_id, transaction_id, subject), if there is one; if the subject has
 * an open case already, gives that case the latest reason and error instead. The clause `opened` has the case.
 */
export function openCase(reason: string, error: string): SQL {
  return sql`opened AS (
      INSERT INTO cases (tenant, transfer_id, transaction_id, subject, reason, last_error)
      SELECT tenant, transfer_id, transaction_id, subject, ${reason}, ${error} FROM concerned
      ON CONFLICT (subject) WHERE status = 'OPEN'
        DO UPDATE SET reason = excluded.reason, last_error = excluded.last_error, updated_at = clock_timestamp()
      RETURNING case_id, transfer_id, transaction_id, (xmax = 0) AS is_new
    ), opening AS (
      INSERT INTO case_actions (case_id, action, actor, comment)
      SELECT case_id, 'opened', ${SYSTEM_ACTOR}, ${reason} FROM opened WHERE is_new
    )`;
}

/** Closes the open cases that meet the condition, and logs who did it and why. The clause `closed` has the cases. */
export function closeCases(
  condition: SQL,
  { action, actor, onBehalfOf, comment }: Acting & { action: 'closed' | 'resolved'; comment: string },
): SQL {
  return sql`closed AS (
      UPDATE cases SET status = 'RESOLVED', resolved_at = clock_timestamp(), updated_at = clock_timestamp()
      WHERE ${condition} AND status = 'OPEN'
      RETURNING *
    ), closing AS (
      INSERT INTO case_actions (case_id, action, actor, on_behalf_of, comment)
      SELECT case_id, ${action}, ${actor}, ${onBehalfOf ?? null}, ${comment} FROM closed
    )`;
}
