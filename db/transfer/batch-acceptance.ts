/**
 * The acceptance of batches: one statement writes the row and all items, with their steps and events. If a policy demands an
 * approval, the row is stored with what it asks for, and waiting-batches.ts has what follows.
 */
import { sql, type SQL } from 'drizzle-orm';
import type { ByWhom } from '../../domain/audit-event.ts';
import type { Currency } from '../../domain/currency.ts';
import type { BatchId } from '../../domain/ids.ts';
import { tenantOf, type OfTenant, type Tenant } from '../../domain/tenant.ts';
import type { TraceContext } from '../../domain/trace-context.ts';
import type { TransferTerms } from '../../domain/transfer/transfer.ts';
import { columnsOf, rowOf, violation, type Database } from '../database.ts';
import { START_DUE_SECONDS } from './acceptance.ts';
import { acceptOrAwait, demandsApproval } from './approval-queries.ts';
import type { TransferBatch } from './batch-queries.ts';
import { FOLDED_MAX, foldOpening, INITIATED_COLUMNS } from './folded-batch-events.ts';
import { transferBatches } from './schema.ts';

type Transaction = Parameters<Parameters<Database['transaction']>[0]>[0];

export interface BatchItem extends TransferTerms {
  readonly reference: string | undefined;
  /** SHA-256 in hex. */
  readonly bodyHash: string;
}

export interface BatchAcceptance extends OfTenant {
  readonly batchId: BatchId;
  /** In the order of the request. */
  readonly items: readonly BatchItem[];
  readonly idempotencyKey: string;
  /** SHA-256 in hex, of all items. */
  readonly bodyHash: string;
  /** Who asks, who then has no vote if it needs approvals. */
  readonly by?: ByWhom | undefined;
  /** From acceptance until the money that has not arrived is given up. */
  readonly deadlineSeconds: number;
}

/**
 * Accepts a batch: writes its row, and each item as a PENDING transfer with its first step and `transfer.initiated`; or its row as
 * AWAITING_APPROVAL, and what it asks for, if a policy demands that. Returns undefined, and changes nothing, if the id is taken. A
 * call that races another waits for the other's transaction. Throws SeveralPolicies if approvals are needed in more than one
 * currency.
 */
export async function acceptBatch(
  database: Database,
  asked: BatchAcceptance,
  trace: TraceContext,
): Promise<TransferBatch | undefined> {
  let judged: Currency | undefined;
  return acceptOrAwait(
    database,
    asked.by,
    ({ batchId }: TransferBatch) => batchId,
    async (on, isAwaiting) => {
      if (isAwaiting) return storeWaiting(on, asked, judged!, trace);
      try {
        return await accept(on, asked, trace);
      } catch (error) {
        if (demandsApproval(error)) judged = demandingCurrency(error);
        throw error;
      }
    },
  );
}

/** Thrown where more than one currency of a batch needs an approval: a vote is under the policy of one. */
export class SeveralPolicies extends Error {
  readonly currencies: readonly string[];

  constructor(currencies: readonly string[], cause: unknown) {
    super(`approvals are needed in ${currencies.join(', ')}`, { cause });
    this.currencies = currencies;
  }
}

/** The currency in which a batch that was refused needs an approval, of the detail of refuse_unapproved.sql. */
function demandingCurrency(refusal: unknown): Currency {
  const currencies = (violation(refusal)?.detail ?? '').split(',');
  if (currencies.length !== 1) throw new SeveralPolicies(currencies, refusal);
  return currencies[0] as Currency;
}

/**
 * Writes the row of a batch as AWAITING_APPROVAL, and what it asks for. Returns undefined, and changes nothing, if the id is
 * taken.
 */
async function storeWaiting(
  on: Database | Transaction,
  { batchId, items, idempotencyKey, bodyHash, deadlineSeconds, ...of }: BatchAcceptance,
  judgedCurrency: Currency,
  trace: TraceContext,
): Promise<TransferBatch | undefined> {
  const column = (value: (item: BatchItem) => string): string => list(items.map(value));
  const references = items.map(({ reference }) => reference ?? null);
  const { rows } = await on.execute(sql`
    WITH accepted AS (
      INSERT INTO transfer_batches (batch_id, tenant, item_count, status, idempotency_key, body_hash, request_id, traceparent, deadline_at)
      VALUES (${batchId}, ${tenantOf(of)}, ${items.length}, 'AWAITING_APPROVAL', ${idempotencyKey}, decode(${bodyHash}, 'hex'), ${trace.requestId},
        ${trace.traceparent ?? null}, now() + make_interval(secs => ${deadlineSeconds}))
      ON CONFLICT DO NOTHING
      RETURNING *
    ), proposal AS (
      INSERT INTO batch_proposals (batch_id, judged_currency, body_hash, senders, receivers, amounts, currencies, item_references, item_hashes)
      SELECT batch_id, ${judgedCurrency}, body_hash, ${column((item) => item.senderWalletId)}::uuid[], ${column((item) => item.receiverWalletId)}::uuid[],
        ${column((item) => item.amount)}::numeric[], ${column((item) => item.currency)}::text[], ${sql.param(references)}::text[],
        ${column((item) => item.bodyHash)}::text[]
      FROM accepted
    )
    SELECT ${columnsOf(transferBatches)} FROM accepted`);
  return rows[0] && rowOf(transferBatches, rows[0]);
}

async function accept(
  on: Database | Transaction,
  { batchId, items, idempotencyKey, bodyHash, deadlineSeconds, ...of }: BatchAcceptance,
  trace: TraceContext,
): Promise<TransferBatch | undefined> {
  const column = (value: (item: BatchItem) => string): string => list(items.map(value));
  const references = items.map(({ reference }) => reference ?? null);
  const given = sql`unnest(
        ${column((item) => item.transferId)}::uuid[], ${column((item) => item.senderWalletId)}::uuid[],
        ${column((item) => item.receiverWalletId)}::uuid[], ${column((item) => item.amount)}::numeric[],
        ${column((item) => item.currency)}::text[], ${column((item) => item.bodyHash)}::text[], ${sql.param(references)}::text[]
      ) WITH ORDINALITY`;
  const { rows } = await on.execute(sql`
    WITH accepted AS (
      INSERT INTO transfer_batches (batch_id, tenant, item_count, idempotency_key, body_hash, request_id, traceparent, deadline_at, start_due_at)
      VALUES (${batchId}, ${tenantOf(of)}, ${items.length}, ${idempotencyKey}, decode(${bodyHash}, 'hex'), ${trace.requestId}, ${trace.traceparent ?? null},
        now() + make_interval(secs => ${deadlineSeconds}), now() + make_interval(secs => ${START_DUE_SECONDS}))
      ON CONFLICT DO NOTHING
      RETURNING *
    ), ${itemClauses(given, trace, tenantOf(of))}
    SELECT ${columnsOf(transferBatches)} FROM accepted`);
  return rows[0] && rowOf(transferBatches, rows[0]);
}

/**
 * The clauses that write the items of an `accepted` batch, as `item`, with their steps and events. `given` has the columns of the
 * items and their places, from 1. Items are written in the order of their ids, which fills most indexes from one end to the other,
 * in a quarter less time.
 */
export function itemClauses(given: SQL, trace: TraceContext, tenant: Tenant): SQL {
  const type = 'transfer.initiated';
  return sql`item AS (
      INSERT INTO transfers (transfer_id, tenant, sender_wallet_id, receiver_wallet_id, amount, currency, reference, idempotency_key,
        body_hash, request_id, traceparent, created_at, deadline_at, batch_id, batch_index)
      SELECT transfer_id, tenant, sender, receiver, amount, given.currency, reference, batch_id || '/' || (place - 1),
        decode(hash, 'hex'), request_id, traceparent, created_at, deadline_at, batch_id, place - 1
      FROM accepted, ${given} AS given (transfer_id, sender, receiver, amount, currency, hash, reference, place)
      RETURNING transfer_id, sender_wallet_id, receiver_wallet_id, amount, currency, batch_index
    ), step AS (
      INSERT INTO transfer_steps (transfer_id, step) SELECT transfer_id, 'PENDING' FROM item
    ), event AS (
      INSERT INTO outbox_events (event_id, type, event_count, payload)
      SELECT ${`${type}/folded/`} || min(id), ${type}, count(*), (${foldOpening(type, trace, tenant, INITIATED_COLUMNS)} || string_agg(
        '["' || id || '","' || sender_wallet_id || '","' || receiver_wallet_id || '","' || amount || '","' || currency || '"]', ',') || ']}')::json
      FROM (SELECT *, transfer_id::text AS id FROM item) item GROUP BY batch_index / ${FOLDED_MAX}
    )`;
}

/** An array of values that need no quotes, as PostgreSQL reads it. */
export function list(values: readonly (string | number)[]): string {
  return `{${values.join(',')}}`;
}
