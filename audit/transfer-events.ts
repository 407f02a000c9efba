/**
 * I6 for the transfer database: its outbox has had each movement's events, each once, and no others: `initiated` from its
 * acceptance and, at its end, the event that says how it ended. Each bears the movement's tenant, to whose readers alone it is shown.
 */
import { sql } from 'drizzle-orm';
import type { Findings } from './findings.ts';
import { checkOutbox } from './outbox.ts';
import type { Reader } from './reader.ts';

export function checkTransferEvents(reader: Reader, findings: Findings): Promise<void> {
  return checkOutbox(reader, 'transfer', expectedEvents, findings);
}

const expectedEvents = sql`
  SELECT subject AS movement, type || '/' || subject AS event_id, type, subject, data, tenant FROM (
    SELECT 'transfer.initiated' AS type, transfer_id::text AS subject, jsonb_build_object('transfer_id', transfer_id,
      'sender_wallet_id', sender_wallet_id, 'receiver_wallet_id', receiver_wallet_id, 'amount', amount::text, 'currency', currency) AS data, tenant
    FROM transfers
    UNION ALL
    SELECT 'transfer.' || lower(status), transfer_id::text, jsonb_strip_nulls(jsonb_build_object('transfer_id', transfer_id, 'reason', failure_reason)), tenant
    FROM transfers WHERE status IN ('COMPLETED', 'FAILED', 'CANCELED')
    UNION ALL
    SELECT 'transaction.initiated', transaction_id::text, jsonb_build_object('transaction_id', transaction_id,
      'wallet_id', wallet_id, 'type', type, 'amount', amount::text, 'currency', currency), tenant
    FROM transactions
    UNION ALL
    SELECT 'transaction.' || lower(status), transaction_id::text, jsonb_strip_nulls(jsonb_build_object('transaction_id', transaction_id, 'reason', failure_reason)), tenant
    FROM transactions WHERE status IN ('PROCESSED', 'FAILED')
  ) due`;
