/**
 * I6 for the transfer database: its outbox has each movement's events, each once, and no others: `initiated` from its acceptance
 * and, at its end, the event that says how it ended. A movement's status and its event are written together, so this holds in
 * every snapshot.
 */
import { sql } from 'drizzle-orm';
import { reportDifferences, VIOLATIONS_KEPT, type Findings } from './findings.ts';
import { rowsOf, type Reader } from './reader.ts';

export async function checkTransferEvents(reader: Reader, findings: Findings): Promise<void> {
  const [{ events } = { events: 0 }] = await rowsOf<{ events: number }>(
    reader,
    sql`SELECT count(*)::int AS events FROM outbox_events`,
  );
  findings.count('events', events);
  reportDifferences('I6', await rowsOf(reader, unlikeEvents), findings);
}

const unlikeEvents = sql`
  SELECT movement, detail, count(*) OVER ()::int AS total FROM (
    SELECT coalesce(expected.subject, event.subject) AS movement,
      CASE WHEN event.type IS NULL THEN format('its event %s is missing', event_id)
        WHEN expected.type IS NULL THEN format('an event %s, which tells of nothing that happened', event_id)
        WHEN (event.type, event.subject, payload ->> 'id', payload ->> 'type', payload ->> 'subject', (payload -> 'data')::jsonb)
          IS DISTINCT FROM (expected.type, expected.subject, event_id, expected.type, expected.subject, expected.data)
        THEN format('its event %s tells of something else: %s', event_id, payload)
      END AS detail
    FROM (
      SELECT type || '/' || subject AS event_id, type, subject, data FROM (
        SELECT 'transfer.initiated' AS type, transfer_id::text AS subject, jsonb_build_object('transfer_id', transfer_id,
          'sender_wallet_id', sender_wallet_id, 'receiver_wallet_id', receiver_wallet_id, 'amount', amount::text, 'currency', currency) AS data
        FROM transfers
        UNION ALL
        SELECT 'transfer.' || lower(status), transfer_id::text, jsonb_strip_nulls(jsonb_build_object('transfer_id', transfer_id, 'reason', failure_reason))
        FROM transfers WHERE status IN ('COMPLETED', 'FAILED', 'CANCELED')
        UNION ALL
        SELECT 'transaction.initiated', transaction_id::text, jsonb_build_object('transaction_id', transaction_id,
          'wallet_id', wallet_id, 'type', type, 'amount', amount::text, 'currency', currency)
        FROM transactions
        UNION ALL
        SELECT 'transaction.' || lower(status), transaction_id::text, jsonb_strip_nulls(jsonb_build_object('transaction_id', transaction_id, 'reason', failure_reason))
        FROM transactions WHERE status IN ('PROCESSED', 'FAILED')
      ) due
    ) expected
    FULL JOIN outbox_events event USING (event_id)
  ) compared
  WHERE detail IS NOT NULL
  LIMIT ${VIOLATIONS_KEPT}`;
