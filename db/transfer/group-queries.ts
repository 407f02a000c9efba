/**
 * The transfer service's queries about groups of transfers: their acceptance, their legs, and the end of those that have arrived.
 * Each is one statement over all of them, with their steps and events, as acceptance.ts and queries.ts have it for one transfer.
 */
import { inArray, sql, type SQL } from 'drizzle-orm';
import { eventEnvelope } from '../../domain/event.ts';
import type { Currency } from '../../domain/currency.ts';
import type { GroupId, TransferId, WalletId } from '../../domain/ids.ts';
import type { TraceContext } from '../../domain/trace-context.ts';
import type { GroupLegs, GroupLegsQuery } from '../../domain/transfer/group.ts';
import { statusesBelow, type TransferTerms } from '../../domain/transfer/transfer.ts';
import { columnsOf, executePrepared, rowOf, type Database } from '../database.ts';
import { initiatedEvent, START_DUE_SECONDS, type Acceptance } from './acceptance.ts';
import { insertMetadata } from './insert-clauses.ts';
import type { Transfer } from './queries.ts';
import { transfers } from './schema.ts';

/** A plain transfer that is to be accepted: one that nobody captures, schedules or reverses. */
export interface PlainTransfer {
  readonly terms: TransferTerms;
  readonly acceptance: Acceptance;
  readonly trace: TraceContext;
}

/**
 * Accepts transfers as members of a group: writes their rows as PENDING, their first steps and their `transfer.initiated` events.
 * Returns the rows of those that were accepted, in any order; a transfer whose id is taken is not among them, and nothing is changed
 * for it. No two of them may have the same id. A call that races another for an id waits for the other's database transaction.
 */
export async function acceptGroup(
  database: Database,
  groupId: GroupId,
  asked: readonly PlainTransfer[],
): Promise<Transfer[]> {
  const column = (type: string, value: (transfer: PlainTransfer) => string | number | null): SQL =>
    sql`${sql.param(asked.map(value))}::${sql.raw(type)}[]`;
  const { rows } = await executePrepared(
    database,
    sql`
    WITH given AS (
      SELECT * FROM unnest(
        ${column('uuid', ({ terms }) => terms.transferId)}, ${column('uuid', ({ terms }) => terms.senderWalletId)},
        ${column('uuid', ({ terms }) => terms.receiverWalletId)}, ${column('numeric', ({ terms }) => terms.amount)},
        ${column('text', ({ terms }) => terms.currency)}, ${column('text', ({ acceptance }) => acceptance.reference ?? null)},
        ${column('jsonb', ({ acceptance: { metadata } }) => (metadata === undefined ? null : JSON.stringify(metadata)))},
        ${column('text', ({ acceptance }) => acceptance.idempotencyKey)}, ${column('text', ({ acceptance }) => acceptance.bodyHash)},
        ${column('text', ({ trace }) => trace.requestId)}, ${column('text', ({ trace }) => trace.traceparent ?? null)},
        ${column('float8', ({ acceptance }) => acceptance.deadlineSeconds)}, ${column('text', ({ terms, trace }) => JSON.stringify(initiatedEvent(terms, trace)))}
      ) AS given (id, sender, receiver, amount, currency, reference, metadata, key, body, request, parent, deadline_seconds, event)
    ), accepted AS (
      INSERT INTO transfers (transfer_id, sender_wallet_id, receiver_wallet_id, amount, currency, reference, metadata, idempotency_key,
        body_hash, request_id, traceparent, deadline_at, start_due_at, group_id)
      SELECT id, sender, receiver, amount, currency, reference, metadata, key, decode(body, 'hex'), request, parent,
        now() + make_interval(secs => deadline_seconds), now() + make_interval(secs => ${START_DUE_SECONDS}), ${groupId}::uuid
      FROM given ORDER BY id
      ON CONFLICT DO NOTHING
      RETURNING *
    ), step AS (
      INSERT INTO transfer_steps (transfer_id, step) SELECT transfer_id, status FROM accepted
    ), pair AS (
      ${insertMetadata('transfer')}
    ), event AS (
      INSERT INTO outbox_events (event_id, type, subject, payload)
      SELECT 'transfer.initiated/' || id, 'transfer.initiated', id::text, event::json FROM given JOIN accepted ON transfer_id = id
    )
    SELECT ${columnsOf(transfers)} FROM accepted`,
  );
  return rows.map((row) => rowOf(transfers, row));
}

/**
 * Reads one side of transfers that wait for their group, in the order of the given ids. Left out are those that are not in the
 * group (such as one that was accepted anew after its row was lost), are further than PENDING, are past their deadline, or have ever
 * needed attention: these go on as workflows of their own.
 */
export async function readGroupLegs(
  database: Database,
  { groupId, transferIds, side, firstBucket, lastBucket }: GroupLegsQuery,
): Promise<GroupLegs> {
  const [wallet, counterparty] =
    side === 'sender'
      ? [sql`sender_wallet_id`, sql`receiver_wallet_id`]
      : [sql`receiver_wallet_id`, sql`sender_wallet_id`];
  const { rows } = await executePrepared<{
    transfer_id: TransferId;
    wallet_id: WalletId;
    counterparty_id: WalletId;
    currency: Currency;
    amount: string;
    request_id: string;
    traceparent: string | null;
  }>(
    database,
    sql`
    SELECT transfer_id, ${wallet} AS wallet_id, ${counterparty} AS counterparty_id, currency, amount, request_id, traceparent
    FROM unnest(${sql.param(transferIds)}::uuid[]) WITH ORDINALITY AS asked (id, place) JOIN transfers ON transfer_id = id
    WHERE group_id = ${groupId} AND status = 'PENDING' AND attention_case_id IS NULL AND deadline_at > now()
      AND get_byte(uuid_send(${wallet}), 0) BETWEEN ${firstBucket} AND ${lastBucket}
    ORDER BY place`,
  );
  return {
    transferIds: rows.map((row) => row.transfer_id),
    walletIds: rows.map((row) => row.wallet_id),
    currencies: rows.map((row) => row.currency),
    amounts: rows.map((row) => row.amount),
    counterpartyIds: rows.map((row) => row.counterparty_id),
    traces: rows.map((row) => ({
      requestId: row.request_id,
      ...(row.traceparent === null ? {} : { traceparent: row.traceparent }),
    })),
  };
}

/**
 * Writes COMPLETED for transfers of a group whose money has arrived, each only over a status of a lower rank, with their steps and
 * events. `debitedAt` is for their DEBITED steps. Returns the rows that this call has ended. One that has ever needed attention is
 * not written: its advance has to be asked first (recordTransferStatus).
 */
export async function recordGroupEnds(
  database: Database,
  groupId: GroupId,
  transferIds: readonly TransferId[],
  debitedAt: Date,
): Promise<Transfer[]> {
  if (transferIds.length === 0) return [];
  const type = 'transfer.completed';
  const { rows } = await executePrepared(
    database,
    sql`
    WITH changed AS (
      UPDATE transfers SET status = 'COMPLETED', updated_at = clock_timestamp()
      WHERE transfer_id = ANY(${sql.param(transferIds)}::uuid[]) AND group_id = ${groupId} AND attention_case_id IS NULL
        AND ${inArray(transfers.status, statusesBelow('COMPLETED'))}
      RETURNING *
    ), step AS (
      INSERT INTO transfer_steps (transfer_id, step, created_at)
      SELECT transfer_id, reached.step, at FROM changed CROSS JOIN LATERAL (VALUES
        (1, 'DEBITED', greatest(least(${debitedAt.toISOString()}::timestamptz, clock_timestamp()), created_at)),
        (2, 'COMPLETED', clock_timestamp())
      ) reached (nth, step, at)
      ORDER BY nth ON CONFLICT DO NOTHING
    ), event AS (
      INSERT INTO outbox_events (event_id, type, subject, payload)
      SELECT type || '/' || id, type, id, (${opening(type)} || ',"requestid":' || to_json(request_id)
        || coalesce(',"traceparent":' || to_json(traceparent), '') || ',"id":"' || type || '/' || id || '","subject":"' || id
        || '","data":{"transfer_id":"' || id || '"}}')::json
      FROM (SELECT ${type} AS type, transfer_id::text AS id, request_id, traceparent FROM changed ORDER BY transfer_id) ended
    )
    SELECT ${columnsOf(transfers)} FROM changed`,
  );
  return rows.map((row) => rowOf(transfers, row));
}

/** These transfers as they are now, in any order. */
export function findTransfers(database: Database, transferIds: readonly TransferId[]): Promise<Transfer[]> {
  return database
    .select()
    .from(transfers)
    .where(sql`${transfers.transferId} = ANY(${sql.param(transferIds)}::uuid[])`);
}

/** The beginning of an event's JSON text: what the events of a group have in common. The statement appends the rest. */
function opening(type: string): string {
  return JSON.stringify({ ...eventEnvelope(type, { requestId: '' }, new Date()), requestid: undefined }).slice(0, -1);
}
