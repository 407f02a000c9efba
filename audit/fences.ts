/**
 * The audit of a shard's fences: its ledger (I2), its holds (I3) and its outbox (I6) have what the fences say, neither more nor
 * less. Fence, entry and event are written in one database transaction, so this holds in every snapshot of a shard, whatever is
 * under way.
 */
import { sql } from 'drizzle-orm';
import { reportDifferences, VIOLATIONS_KEPT, type Findings } from './findings.ts';
import { rowsOf, type Reader } from './reader.ts';

export async function checkFences(shards: readonly Reader[], findings: Findings): Promise<void> {
  for (const reader of shards) {
    const [{ fences, events } = { fences: 0, events: 0 }] = await rowsOf<{ fences: number; events: number }>(
      reader,
      sql`
      SELECT (SELECT count(*) FROM operation_fences)::int AS fences, (SELECT count(*) FROM outbox_events)::int AS events`,
    );
    findings.count('fences', fences);
    findings.count('events', events);
    reportDifferences('I2', await rowsOf(reader, unlikeEntries), findings);
    reportDifferences('I3', await rowsOf(reader, unlikeHolds), findings);
    reportDifferences('I6', await rowsOf(reader, unlikeEvents), findings);
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
      FROM operation_fences fence LEFT JOIN wallets external ON external.kind = 'external' AND external.currency = fence.currency
      WHERE outcome = 'applied' AND leg IN ('deposit', 'withdrawal', 'advance')
    ) expected
    FULL JOIN ledger_entries entry USING (transaction_id, wallet_id, type)
    LEFT JOIN wallets wallet USING (wallet_id)
  ) compared
  WHERE detail IS NOT NULL
  LIMIT ${VIOLATIONS_KEPT}`;

const unlikeEvents = sql`
  SELECT movement, detail, count(*) OVER ()::int AS total FROM (
    SELECT coalesce(transaction_id::text, payload -> 'data' ->> 'transfer_id', payload -> 'data' ->> 'transaction_id', event_id) AS movement,
      CASE WHEN event.type IS NULL THEN format('its event %s is missing', event_id)
        WHEN leg IS NULL THEN format('an event %s, which tells of nothing that happened', event_id)
        WHEN (event.type, subject, payload ->> 'id', payload ->> 'type', payload ->> 'subject', (payload -> 'data')::jsonb)
          IS DISTINCT FROM (expected.type, wallet_id::text, event_id, expected.type, wallet_id::text, expected.data)
        THEN format('its event %s tells of something else: %s', event_id, payload)
      END AS detail
    FROM (
      SELECT transaction_id, leg, payee AS wallet_id, type, type || '/' || transaction_id AS event_id,
        jsonb_build_object(CASE WHEN leg IN ('deposit', 'withdrawal') THEN 'transaction_id' ELSE 'transfer_id' END, transaction_id, 'wallet_id', payee)
          || CASE outcome WHEN 'applied' THEN jsonb_build_object('amount', amount::text) ELSE jsonb_build_object('reason', reason) END AS data
      FROM operation_fences CROSS JOIN LATERAL (
        SELECT coalesce((detail ->> 'paid_to')::uuid, wallet_id) AS payee,
          CASE WHEN leg = 'refund' THEN 'wallet.refunded' WHEN leg = 'advance' THEN 'wallet.advanced'
          ELSE CASE WHEN leg IN ('debit', 'withdrawal') THEN 'wallet.debit' ELSE 'wallet.credit' END
            || CASE outcome WHEN 'applied' THEN 'ed' ELSE '-failed' END END AS type
      ) named
      WHERE outcome <> 'canceled' AND leg <> 'release'
    ) expected
    FULL JOIN outbox_events event USING (event_id)
  ) compared
  WHERE detail IS NOT NULL
  LIMIT ${VIOLATIONS_KEPT}`;

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
