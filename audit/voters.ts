/**
 * The audit of who may vote, a part of that of approvals: while a tenant had a roll, nobody has approved anything who was not on
 * it, and nobody is on it who neither was when it began nor was granted that by an approval.
 */
import { sql } from 'drizzle-orm';

/** A clock that had leapt has dated it. Of a vote and of what it is compared with, the milliseconds are rounded. */
export const VOTED_UNGRANTED = sql`
  SELECT approval_id AS id, format('%s has approved it, and its votes do not count', principal) AS detail
  FROM approvals JOIN approval_votes votes USING (approval_id) JOIN voter_rolls USING (tenant)
  WHERE vote = 'approve' AND votes.created_at > voter_rolls.created_at AND votes.created_at < coalesce(ended_at, 'infinity')
    AND ((votes.created_at > now() OR voter_rolls.created_at > now() OR ended_at > now() OR ended_at < voter_rolls.created_at) IS NOT TRUE)
    AND NOT EXISTS (
      SELECT FROM approval_voters voter
      WHERE voter.tenant = voter_rolls.tenant AND voter.roll = voter_rolls.roll AND voter.principal_id = votes.principal_id
        AND (voter.created_at <= votes.created_at + interval '1 ms' OR voter.created_at > now())
    )`;

export const GRANTED_WITHOUT = sql`
  SELECT voter.principal_id AS id, format('its votes count, and the approval of that is %s', coalesce(approvals.status, 'not there')) AS detail
  FROM approval_voters voter JOIN voter_rolls USING (tenant, roll) LEFT JOIN approvals ON approval_id = granted_by_id
  WHERE CASE WHEN granted_by_id IS NULL THEN voter.created_at <> voter_rolls.created_at ELSE (
    kind = 'grant' AND approvals.status IN ('APPROVED', 'OVERRIDDEN') AND approvals.tenant = voter.tenant
    AND (proposal ->> 'principal_id', proposal ->> 'roll') = (voter.principal_id::text, voter.roll::text)
  ) IS NOT TRUE END`;
