/**
 * I4 for recurring transfers: the id of each follows from its key, its body is the one that was acknowledged, each of its
 * transfers moves what it says, and no transfer was accepted for a time at which it was not active. A run pays once because its
 * transfer's id follows from its name, which movements.ts checks. All of this is read in one snapshot of the transfer database.
 */
import { sql, type SQL } from 'drizzle-orm';
import { recurringTransferId } from '../domain/derived-id.ts';
import type { RecurringTransferId } from '../domain/ids.ts';
import type { Tenant } from '../domain/tenant.ts';
import { recurringBodyHash } from '../domain/transfer/recurring-body.ts';
import type { RecurringTerms } from '../domain/transfer/recurring.ts';
import { reportDifferences, VIOLATIONS_KEPT, type Findings } from './findings.ts';
import { pagesOf, rowsOf, type Reader } from './reader.ts';

interface RecurringRow {
  readonly id: RecurringTransferId;
  readonly tenant: Tenant;
  readonly idempotency_key: string;
  /** Hex. */
  readonly body_hash: string;
  readonly sender: RecurringTerms['senderWalletId'];
  readonly receiver: RecurringTerms['receiverWalletId'];
  readonly amount: string;
  readonly currency: RecurringTerms['currency'];
  readonly reference: string | null;
  readonly metadata: Record<string, string>;
  readonly every_seconds: number | null;
  readonly calendar: RecurringTerms['calendar'];
  readonly time_zone: string;
  /** Milliseconds since 1970. */
  readonly starts_ms: string | null;
  readonly ends_ms: string | null;
}

export async function checkRecurring(transfer: Reader, findings: Findings): Promise<void> {
  for await (const page of pagesOf(transfer, recurringAfter, ({ id }: RecurringRow) => id)) {
    for (const row of page) {
      const subject = `recurring transfer ${row.id}`;
      if (row.id !== recurringTransferId(row.idempotency_key, row.tenant))
        findings.report('I4', subject, `its id does not follow from its key ${JSON.stringify(row.idempotency_key)}`);
      if (row.body_hash !== recurringBodyHash(termsOf(row)))
        findings.report('I4', subject, 'its body is not the one that was acknowledged');
    }
  }
  reportDifferences('I4', await rowsOf(transfer, strangeRuns), findings);
}

function termsOf(row: RecurringRow): RecurringTerms {
  const dateOf = (ms: string | null): Date | null => (ms === null ? null : new Date(Number(ms)));
  return {
    senderWalletId: row.sender,
    receiverWalletId: row.receiver,
    amount: row.amount,
    currency: row.currency,
    reference: row.reference,
    metadata: row.metadata,
    everySeconds: row.every_seconds,
    calendar: row.calendar,
    timeZone: row.time_zone,
    startsAt: dateOf(row.starts_ms),
    endsAt: dateOf(row.ends_ms),
  };
}

function recurringAfter(id: string, limit: number): SQL {
  return sql`
    SELECT recurring_transfer_id AS id, tenant, idempotency_key, encode(body_hash, 'hex') AS body_hash, sender_wallet_id AS sender,
      receiver_wallet_id AS receiver, amount, currency, reference, metadata, every_seconds, calendar, time_zone,
      extract(epoch FROM starts_at) * 1000 AS starts_ms, extract(epoch FROM ends_at) * 1000 AS ends_ms
    FROM recurring_transfers WHERE recurring_transfer_id > ${id} ORDER BY recurring_transfer_id LIMIT ${limit}`;
}

/**
 * The runs that are not what they have to be. The last status before a run's time counts: the last by its sequence or, because a
 * later change may bear the time of a clock that was behind, the last by its time.
 */
const strangeRuns = sql`
  SELECT movement, detail, count(*) OVER ()::int AS total FROM (
    SELECT run.transfer_id AS movement,
      CASE WHEN (run.sender_wallet_id, run.receiver_wallet_id, run.amount, run.currency, run.reference, coalesce(run.metadata, '{}'))
          IS DISTINCT FROM (made.sender_wallet_id, made.receiver_wallet_id, made.amount, made.currency, made.reference, made.metadata)
        THEN 'it does not move what its recurring transfer says'
        WHEN run.idempotency_key NOT LIKE 'trigger/%' AND run.idempotency_key IS DISTINCT FROM
          'run/' || to_char(run.nominal_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
        THEN format('its name %s is not that of its time %s', run.idempotency_key, run.nominal_at)
        WHEN run.nominal_at IS NOT NULL AND NOT EXISTS (
          SELECT FROM (
            SELECT status, row_number() OVER (ORDER BY change_id DESC) AS by_sequence,
              row_number() OVER (ORDER BY change.created_at DESC, change_id DESC) AS by_time
            FROM recurring_transfer_changes change
            WHERE change.recurring_transfer_id = run.recurring_transfer_id AND change.created_at <= run.nominal_at
          ) known WHERE status = 'ACTIVE' AND 1 IN (by_sequence, by_time))
        THEN format('its recurring transfer was not active at %s', run.nominal_at)
      END AS detail
    FROM transfers run JOIN recurring_transfers made USING (recurring_transfer_id)
  ) compared
  WHERE detail IS NOT NULL
  LIMIT ${VIOLATIONS_KEPT}`;
