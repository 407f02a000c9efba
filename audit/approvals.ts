/**
 * The audit of approvals, a part of I2: no transfer or batch has begun that its policy demands approvals for and that has none;
 * what was approved has the votes that it needed, by others than who has asked, who may vote, in time; what has ended otherwise
 * moves nothing; no decision gives back or writes off without an approval what needs one; nobody has sent more within 24 hours
 * without an approval than a policy allows; what waits is for its own tenant to vote on; and every policy was changed as its
 * approval says. The database refuses all of that; this tells if it was made not to.
 */
import { sql, type SQL } from 'drizzle-orm';
import { VIOLATIONS_KEPT, type Findings } from './findings.ts';
import { rowsOf, type Reader } from './reader.ts';
import { GRANTED_WITHOUT, VOTED_UNGRANTED } from './voters.ts';

export async function checkApprovals(transfer: Reader, findings: Findings): Promise<void> {
  const ofTransfers = [
    BEGUN_WITHOUT,
    SENT_WITHOUT,
    DECIDED_WITHOUT,
    UNLIKE_ITS_APPROVAL,
    OF_ANOTHER_TENANT,
    GIVEN_BACK_WITHOUT,
  ];
  const all = [
    ...ofTransfers.map((wrong) => ({ wrong, of: 'transfer' })),
    { wrong: BATCH_BEGUN_WITHOUT, of: 'batch' },
    { wrong: BATCH_UNLIKE_ITS_APPROVAL, of: 'batch' },
    { wrong: CHANGED_WITHOUT, of: 'policy' },
    { wrong: UNLIKE_ITS_CHANGE, of: 'approval' },
    { wrong: VOTED_UNGRANTED, of: 'approval' },
    { wrong: GRANTED_WITHOUT, of: 'principal' },
  ];
  for (const { wrong, of } of all) {
    const found = await rowsOf<{ id: string; detail: string; total: string }>(
      transfer,
      sql`SELECT id, detail, count(*) OVER () AS total FROM (${wrong}) wrong LIMIT ${VIOLATIONS_KEPT}`,
    );
    for (const { id, detail } of found) findings.report('I2', `${of} ${id}`, detail);
    findings.reportMore('I2', Number(found[0]?.total ?? 0) - found.length);
  }
}

/** So long may an acceptance be under way, and be judged by the policy that holds when it arrives. */
const ACCEPTED_WITHIN = sql`interval '10 s'`;

/** A clock that had leapt has dated it: it may have held at any time. */
const isUndated = (policy: SQL): SQL =>
  sql`((${policy}.created_at > now() OR ${policy}.ended_at > now() OR ${policy}.ended_at < ${policy}.created_at) IS TRUE)`;
const undated = { policy: isUndated(sql`policy`), other: isUndated(sql`other`) };

/** That the batch of a transfer was approved, in the currency that the votes were for; all of it, if it was let go without. */
const isOfApprovedBatch = (batchId: SQL, currency: SQL): SQL => sql`EXISTS (
      SELECT FROM approvals
      WHERE approval_id = ${batchId} AND kind = 'batch'
        AND (approvals.status = 'APPROVED' AND approvals.currency = ${currency} OR approvals.status = 'OVERRIDDEN'))`;

/** Whichever policy has judged it, of those that held between its time and the end of its acceptance, has demanded an approval. */
const begunWithout = (moved: SQL): SQL => sql`
  SELECT id, format('it is %s, of more than the %s that needs an approval, and has none', status, above) AS detail
  FROM approval_policies policy JOIN ${moved} moved USING (tenant, currency)
  WHERE NOT ${undated.policy} AND moved.created_at <= now()
    AND moved.created_at >= policy.created_at AND moved.created_at < coalesce(policy.ended_at, 'infinity')
    AND amount > above
    AND NOT EXISTS (SELECT FROM approvals WHERE approval_id = id AND kind <> 'batch' AND approvals.status IN ('APPROVED', 'OVERRIDDEN'))
    AND NOT ${isOfApprovedBatch(sql`batch_id`, sql`moved.currency`)}
    AND NOT EXISTS (
      SELECT FROM approval_policies other
      WHERE other.tenant = moved.tenant AND other.currency = moved.currency AND (amount > other.above) IS NOT TRUE
        AND (${undated.other} OR other.created_at < moved.created_at + ${ACCEPTED_WITHIN}
          AND coalesce(other.ended_at, 'infinity') > moved.created_at)
    )
    AND NOT EXISTS (
      SELECT FROM approval_policies other
      WHERE other.tenant = moved.tenant AND other.currency = moved.currency
        AND (${undated.other} OR other.ended_at - moved.created_at BETWEEN '0' AND ${ACCEPTED_WITHIN})
        AND NOT EXISTS (
          SELECT FROM approval_policies next
          WHERE next.tenant = other.tenant AND next.currency = other.currency AND next.created_at = other.ended_at
        )
        AND other.ended_at IS NOT NULL
    )`;

const BEGUN_WITHOUT = begunWithout(sql`(
    SELECT transfer_id AS id, batch_id, tenant, currency, status, created_at, amount FROM transfers
    WHERE status <> 'AWAITING_APPROVAL' AND NOT begins_canceled
  )`);

/** Its items in a currency together. */
const BATCH_BEGUN_WITHOUT = begunWithout(sql`(
    SELECT batch_id AS id, batch_id, tenant, summed.currency, status, created_at, summed.amount FROM transfer_batches
    CROSS JOIN LATERAL (
      SELECT currency, sum(amount) AS amount FROM transfers WHERE transfers.batch_id = transfer_batches.batch_id GROUP BY currency
    ) summed
    WHERE status IN ('PROCESSING', 'COMPLETED') AND created_at >= (SELECT min(created_at) FROM approval_policies)
  )`);

/**
 * A minute less than a day, for the transfer that was judged last was so some time after it was dated. A scheduled one is summed
 * with others of the time when it moves, but was not before there was that rule, so the audit leaves it out. An item of a batch that
 * has waited for the votes on another currency is dated when it was asked for and judged when it was accepted: by a policy that has
 * ended only if that was before, which nothing tells.
 */
const SENT_WITHOUT = sql`
  SELECT transfer_id AS id, format('with it, %s has sent %s within 24 hours without an approval, of more than %s', sender_wallet_id, sent, above_24h) AS detail
  FROM (
    SELECT transfer_id, sender_wallet_id, above_24h, sum(amount) OVER (
      PARTITION BY policy_id, sender_wallet_id ORDER BY transfers.created_at RANGE BETWEEN interval '23:59' PRECEDING AND CURRENT ROW
    ) AS sent
    FROM approval_policies policy JOIN transfers USING (tenant, currency)
    WHERE above_24h IS NOT NULL AND NOT ${undated.policy} AND transfers.created_at <= now()
      AND transfers.created_at >= policy.created_at
      AND transfers.created_at < coalesce(policy.ended_at - ${ACCEPTED_WITHIN}, 'infinity')
      AND status NOT IN ('AWAITING_APPROVAL', 'FAILED', 'CANCELED') AND NOT begins_canceled AND scheduled_at IS NULL
      AND NOT EXISTS (SELECT FROM approvals WHERE approval_id = transfer_id)
      AND (policy.ended_at IS NULL OR NOT EXISTS (SELECT FROM approvals WHERE approval_id = batch_id))
      AND NOT ${isOfApprovedBatch(sql`batch_id`, sql`transfers.currency`)}
  ) summed WHERE sent > above_24h`;

/** Of a vote and the end of the time for it, the milliseconds are rounded. */
const DECIDED_WITHOUT = sql`
  SELECT approval_id AS id, format('it is approved, by %s of the %s principals that it needs', votes, needed) AS detail
  FROM approvals CROSS JOIN LATERAL (
    SELECT count(DISTINCT principal_id) AS votes FROM approval_votes
    WHERE approval_votes.approval_id = approvals.approval_id AND approval_votes.policy_version = approvals.policy_version
      AND vote = 'approve' AND principal_id IS DISTINCT FROM asked_by_id
  ) counted
  WHERE status = 'APPROVED' AND votes < needed
  UNION ALL
  SELECT approval_id, 'it is let go without approvals, and nobody has said so'
  FROM approvals WHERE status = 'OVERRIDDEN'
    AND NOT EXISTS (SELECT FROM approval_votes WHERE approval_votes.approval_id = approvals.approval_id AND vote = 'override')
  UNION ALL
  SELECT approval_id, format('%s has asked for it, and has approved it', principal)
  FROM approvals JOIN approval_votes USING (approval_id) WHERE vote = 'approve' AND principal_id = asked_by_id
  UNION ALL
  SELECT approval_id, format('%s has voted %s after the time for it', principal, approval_votes.created_at - expires_at)
  FROM approvals JOIN approval_votes USING (approval_id)
  WHERE approval_votes.policy_version = approvals.policy_version AND approval_votes.created_at > expires_at + interval '1 ms'`;

const UNLIKE_ITS_APPROVAL = sql`
  SELECT transfer_id AS id, format('it is %s, and its approval %s', transfers.status, approvals.status) AS detail
  FROM approvals JOIN transfers ON transfer_id = approval_id
  WHERE (transfers.status = 'AWAITING_APPROVAL') <> (approvals.status = 'AWAITING')
    OR approvals.status IN ('REJECTED', 'EXPIRED', 'WITHDRAWN') AND (NOT begins_canceled OR transfers.status NOT IN ('PENDING', 'CANCELED', 'FAILED'))
    OR approvals.status IN ('APPROVED', 'OVERRIDDEN') AND begins_canceled
  UNION ALL
  SELECT transaction_id, format('a transaction, it is %s, and its approval %s', transactions.status, approvals.status)
  FROM approvals JOIN transactions ON transaction_id = approval_id
  WHERE (transactions.status = 'AWAITING_APPROVAL') <> (approvals.status = 'AWAITING')
    OR (approvals.status IN ('REJECTED', 'EXPIRED')) <> begins_canceled AND approvals.status <> 'AWAITING'`;

/** What was approved may have been canceled all the same, if it has another currency, which has needed an approval by then. */
const BATCH_UNLIKE_ITS_APPROVAL = sql`
  SELECT batch_id AS id, format('it is %s, and its approval %s', batch.status, coalesce(approvals.status, 'not there')) AS detail
  FROM transfer_batches batch LEFT JOIN approvals ON approval_id = batch_id
  WHERE (approval_id IS NOT NULL OR batch.status IN ('AWAITING_APPROVAL', 'CANCELED')) AND (
    approvals.tenant = batch.tenant AND approvals.body_hash = batch.body_hash AND CASE approvals.status
      WHEN 'AWAITING' THEN batch.status = 'AWAITING_APPROVAL'
      WHEN 'APPROVED' THEN batch.status <> 'CANCELED' OR EXISTS (
        SELECT FROM batch_proposals proposal WHERE proposal.batch_id = batch.batch_id AND judged_currency <> ANY (currencies)
      )
      WHEN 'OVERRIDDEN' THEN batch.status <> 'CANCELED'
      ELSE batch.status = 'CANCELED'
    END
  ) IS NOT TRUE
  UNION ALL
  SELECT batch_id, format('it is %s, and %s of its items are transfers', batch.status, items)
  FROM transfer_batches batch CROSS JOIN LATERAL (SELECT count(*) AS items FROM transfers WHERE transfers.batch_id = batch.batch_id) counted
  WHERE batch.status IN ('AWAITING_APPROVAL', 'CANCELED') AND items > 0`;

const OF_ANOTHER_TENANT = sql`
  SELECT approval_id AS id, format('it is of the tenant %s, and its approval of %s', transfers.tenant, approvals.tenant) AS detail
  FROM approvals JOIN transfers ON transfer_id = approval_id WHERE transfers.tenant <> approvals.tenant
  UNION ALL
  SELECT approval_id, format('a transaction, it is of the tenant %s, and its approval of %s', transactions.tenant, approvals.tenant)
  FROM approvals JOIN transactions ON transaction_id = approval_id WHERE transactions.tenant <> approvals.tenant
  UNION ALL
  SELECT approval_id, format('a decision, its case is of the tenant %s, and its approval of %s', cases.tenant, approvals.tenant)
  FROM approvals JOIN cases USING (case_id) WHERE cases.tenant <> approvals.tenant`;

/** The first of its kind in the log of its case: another one gives nothing back. */
const GIVEN_BACK_WITHOUT = sql`
  SELECT transfer_id AS id, format('the %s of %s, of more than %s, has no approval', action, amount, least(above, above_24h)) AS detail
  FROM case_actions JOIN cases USING (case_id) JOIN transfers USING (transfer_id)
    JOIN approval_policies policy ON policy.tenant = cases.tenant AND policy.currency = transfers.currency
  WHERE action IN ('refund', 'write_off') AND attention_case_id = case_id AND amount > least(above, above_24h) AND NOT ${undated.policy}
    AND case_actions.created_at BETWEEN policy.created_at + ${ACCEPTED_WITHIN} AND least(now(), policy.ended_at - ${ACCEPTED_WITHIN})
    AND NOT EXISTS (
      SELECT FROM approvals WHERE approvals.case_id = cases.case_id AND kind = action AND approvals.status IN ('APPROVED', 'OVERRIDDEN')
    )
    AND NOT EXISTS (
      SELECT FROM case_actions former
      WHERE former.case_id = case_actions.case_id AND former.action = case_actions.action AND former.action_id < case_actions.action_id
    )`;

/** What was ended before changes needed approvals names none, and the database lets no later one end so. */
const CHANGED_WITHOUT = sql`
  SELECT policy_id AS id, format('version %s of the policy of %s has ended, and its change is %s', version, policy.currency,
    CASE WHEN kind = 'policy' THEN approvals.status ELSE 'not there' END) AS detail
  FROM approval_policies policy LEFT JOIN approvals ON approval_id = ended_by_id
  WHERE ended_by_id IS NOT NULL AND (
    kind = 'policy' AND approvals.status IN ('APPROVED', 'OVERRIDDEN') AND approvals.tenant = policy.tenant
    AND (proposal ->> 'currency', proposal ->> 'version') = (policy.currency, version::text)
  ) IS NOT TRUE`;

const UNLIKE_ITS_CHANGE = sql`
  SELECT approval_id AS id, 'what it would do is other than what was voted on' AS detail
  FROM approvals WHERE proposal IS NOT NULL AND body_hash <> sha256(convert_to(proposal::text, 'UTF8'))
  UNION ALL
  SELECT approval_id, format('the change of the policy of %s is %s, and the policy is not as it says', approvals.currency, approvals.status)
  FROM approvals
  WHERE kind = 'policy' AND approvals.status IN ('APPROVED', 'OVERRIDDEN') AND NOT EXISTS (
    SELECT FROM approval_policies former
    LEFT JOIN approval_policies next ON next.tenant = former.tenant AND next.currency = former.currency AND next.created_at = former.ended_at
      AND next.version = former.version + 1
    WHERE former.ended_by_id = approval_id AND CASE proposal ->> 'action'
      WHEN 'end' THEN next.policy_id IS NULL
      ELSE (next.above, next.above_24h, next.approvals, next.expires_in_seconds) IS NOT DISTINCT FROM ((proposal ->> 'above')::numeric,
        (proposal ->> 'above_24h')::numeric, (proposal ->> 'approvals')::integer, (proposal ->> 'expires_in')::integer)
    END
  )`;
