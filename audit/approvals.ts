/**
 * The audit of approvals, a part of I2: no transfer has begun that its policy demands approvals for and that has none, and what was approved
 * has the votes that it needed. The database refuses both; this tells if it was made not to.
 */
import { sql } from 'drizzle-orm';
import { VIOLATIONS_KEPT, type Findings } from './findings.ts';
import { rowsOf, type Reader } from './reader.ts';

export async function checkApprovals(transfer: Reader, findings: Findings): Promise<void> {
  const found = await rowsOf<{ id: string; detail: string; total: string }>(
    transfer,
    sql`
    SELECT id, detail, count(*) OVER () AS total FROM (
      SELECT transfer_id AS id, format('it is %s, of more than the %s that needs an approval, and has none', status, above) AS detail
      FROM approval_policies policy JOIN transfers USING (currency)
      -- One that was being accepted when the policy ended was judged by what came after it.
      WHERE transfers.created_at >= policy.created_at AND transfers.created_at < coalesce(ended_at - interval '10 s', 'infinity')
        AND amount > above AND status <> 'AWAITING_APPROVAL' AND NOT begins_canceled
        AND NOT EXISTS (SELECT FROM approvals WHERE approval_id = transfer_id AND approvals.status IN ('APPROVED', 'OVERRIDDEN'))
      UNION ALL
      SELECT approval_id, format('it is approved, by %s of the %s principals that it needs', votes, needed)
      FROM approvals CROSS JOIN LATERAL (
        SELECT count(DISTINCT principal_id) AS votes FROM approval_votes
        WHERE approval_votes.approval_id = approvals.approval_id AND approval_votes.policy_version = approvals.policy_version
          AND vote = 'approve' AND principal_id IS DISTINCT FROM asked_by_id
      ) counted
      WHERE status = 'APPROVED' AND votes < needed
    ) wrong LIMIT ${VIOLATIONS_KEPT}`,
  );
  for (const { id, detail } of found) findings.report('I2', `transfer ${id}`, detail);
  findings.reportMore('I2', Number(found[0]?.total ?? 0) - found.length);
}
