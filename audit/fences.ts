/**
 * The audit of a shard's fences: its ledger (I2), its holds (I3) and its outbox (I6) have what the fences say, neither more nor
 * less. Fence, entry and event are written in one database transaction, so this holds in every snapshot of a shard, whatever is
 * under way.
 */
import { sql } from 'drizzle-orm';
import { reportDifferences, VIOLATIONS_KEPT, type Findings } from './findings.ts';
import { checkOutbox } from './outbox.ts';
import { rowsOf, type Reader } from './reader.ts';

export async function checkFences(shards: readonly Reader[], findings: Findings): Promise<void> {
  for (const [shard, reader] of shards.entries()) {
    const [counts] = await rowsOf<{ fences: number }>(
      reader,
      sql`SELECT count(*)::int AS fences FROM operation_fences`,
    );
    findings.count('fences', counts!.fences);
    reportDifferences('I2', await rowsOf(reader, unlikeEntries), findings);
    reportDifferences('I3', await rowsOf(reader, unlikeHolds), findings);
    await checkOutbox(reader, `wallet-${shard}`, expectedEvents, findings);
  }
}

const unlikeEntries = sql`
  SELECT movement, detail, count(*) OVER ()::int AS total FROM (
    SELECT coalesce(entry.transaction_id, expected.transaction_id) AS movement,
      CASE WHEN entry.entry_id IS NULL THEN format('its %s of %s on wallet %s was applied, but has no ledger entry', leg, expected.amount, coalesce(expected.wallet_id::text, 'external'))
        WHEN leg IS NULL THEN format('a %s entry of %s on wallet %s, but no fence says that it was applied', entry.type, entry.amount, entry.wallet_id)
        WHEN entry.amount <> expected.amount THEN format('its %s was applied with %s, but the ledger entry says %s', leg, expected.amount, entry.amount)
        WHEN expected.currency <> wallet.currency THEN format('its %s was applied in %s, but wallet %s is in %s', leg, expected.currency, wallet.wallet_id, wallet.currency)
      END AS detail
    FROM (
      SELECT transaction_id, leg, coalesce((detail ->> 'paid_to')::uuid, wallet_id) AS wallet_id, amount, currency,
        CASE WHEN leg IN ('debit', 'withdrawal') THEN 'DEBIT' WHEN leg IN ('refund', 'advance') THEN 'REFUND' ELSE 'CREDIT' END AS type
      FROM operation_fences WHERE outcome = 'applied' AND leg <> 'release'
      UNION ALL
      SELECT transaction_id, leg, external.wallet_id, amount, fence.currency, CASE leg WHEN 'withdrawal' THEN 'CREDIT' ELSE 'DEBIT' END
      FROM operation_fences fence
      LEFT JOIN wallets own ON own.wallet_id = fence.wallet_id
      LEFT JOIN wallets external ON external.kind = 'external' AND (external.tenant, external.currency) = (coalesce(own.tenant, 'default'), fence.currency)
      WHERE outcome = 'applied' AND leg IN ('deposit', 'withdrawal', 'advance')
    ) expected
    FULL JOIN ledger_entries entry USING (transaction_id, wallet_id, type)
    LEFT JOIN wallets wallet USING (wallet_id)
  ) compared
  WHERE detail IS NOT NULL
  LIMIT ${VIOLATIONS_KEPT}`;

const expectedEvents = sql`
  SELECT transaction_id::text AS movement, type || '/' || transaction_id AS event_id, type, payee::text AS subject,
    jsonb_build_object(CASE WHEN leg IN ('deposit', 'withdrawal') THEN 'transaction_id' ELSE 'transfer_id' END, transaction_id, 'wallet_id', payee)
      || CASE outcome WHEN 'applied' THEN jsonb_build_object('amount', amount::text) ELSE jsonb_build_object('reason', reason) END AS data,
    -- A leg that found no wallet may name one of another tenant than its movement's, and only that one's database knows whose that is.
    CASE WHEN outcome = 'applied' OR reason NOT LIKE '%not_found' THEN wallets.tenant END AS tenant
  FROM operation_fences CROSS JOIN LATERAL (
    SELECT coalesce((detail ->> 'paid_to')::uuid, wallet_id) AS payee,
      CASE WHEN leg = 'refund' THEN 'wallet.refunded' WHEN leg = 'advance' THEN 'wallet.advanced'
      ELSE CASE WHEN leg IN ('debit', 'withdrawal') THEN 'wallet.debit' ELSE 'wallet.credit' END
        || CASE outcome WHEN 'applied' THEN 'ed' ELSE '-failed' END END AS type
  ) named
  LEFT JOIN wallets ON wallets.wallet_id = payee
  WHERE outcome <> 'canceled' AND leg <> 'release'`;

/** The wallets whose `held` is not the sum of the holds that were not released. */
const unlikeHolds = sql`
  SELECT wallet_id AS movement, format('wallet %s holds %s, but its holds sum to %s', wallet_id, held, coalesce(total, 0)) AS detail,
    count(*) OVER ()::int AS total
  FROM (
    SELECT wallet_id, coalesce(held, 0) AS held, total FROM (SELECT wallet_id, held FROM wallets WHERE held <> 0) holding
    FULL JOIN (
      SELECT wallet_id, sum(CASE leg WHEN 'debit' THEN amount ELSE -amount END) AS total FROM operation_fences
      WHERE outcome = 'applied' AND (leg = 'debit' AND is_hold OR leg = 'release') GROUP BY wallet_id
    ) holds USING (wallet_id)
  ) compared
  WHERE held <> coalesce(total, 0)
  LIMIT ${VIOLATIONS_KEPT}`;
