/**
 * What the wallet service asks of one shard about many items of a batch at once: functions/*_batch.sql, each fenced item by
 * item as its single counterpart in queries.ts. Imported by the batch activities.
 */
import { sql, type SQL } from 'drizzle-orm';
import type { BatchLegs } from '../../domain/batch.ts';
import type { TransferId } from '../../domain/ids.ts';
import type { TraceContext } from '../../domain/trace-context.ts';
import type { AbandonReason, CreditRefusal, DebitRefusal, LegAnswer } from '../../domain/transfer.ts';
import type { Database } from '../database.ts';

/** The answers of those that did not go as asked; of all others, the leg is. */
type Exceptions<Refusal extends string> = Promise<ReadonlyMap<TransferId, LegAnswer<Refusal>>>;

export function debitBatch(database: Database, legs: BatchLegs, trace: TraceContext): Exceptions<DebitRefusal> {
  return callFences(database, legs, sql`debit_batch`, sql`, ${trace.requestId}, ${trace.traceparent ?? null}`);
}

export function creditBatch(database: Database, legs: BatchLegs, trace: TraceContext): Exceptions<CreditRefusal> {
  return callFences(database, legs, sql`credit_batch`, sql`, ${trace.requestId}, ${trace.traceparent ?? null}`);
}

export function cancelBatchCredits(
  database: Database,
  legs: BatchLegs,
  reason: AbandonReason,
): Exceptions<CreditRefusal> {
  return callFences(database, legs, sql`cancel_credit_batch`, sql`, ${reason}`);
}

/** None of the credits may have moved anything, now or later: their fences have said so. */
export function refundBatch(
  database: Database,
  legs: BatchLegs,
  reason: AbandonReason,
  trace: TraceContext,
): Exceptions<DebitRefusal> {
  return callFences(
    database,
    legs,
    sql`refund_batch`,
    sql`, ${reason}, ${trace.requestId}, ${trace.traceparent ?? null}`,
  );
}

async function callFences<Refusal extends string>(
  database: Database,
  { transferIds, walletIds, currencies, amounts }: BatchLegs,
  operation: SQL,
  more: SQL,
): Exceptions<Refusal> {
  if (transferIds.length === 0) return new Map();
  // Ids, codes and decimals need no quotes within an array.
  const columns = [transferIds, walletIds, currencies, amounts].map((values) => sql`${`{${values.join(',')}}`}`);
  const { rows } = await database.execute<{
    transfer_id: TransferId;
    outcome: string;
    reason: string | null;
    detail: unknown;
  }>(sql`SELECT * FROM ${operation}(${sql.join(columns, sql`, `)}${more})`);
  return new Map(
    rows.map(({ transfer_id: id, outcome, reason, detail }) => {
      const told = { ...(reason === null ? {} : { reason }), ...(detail === null ? {} : { detail }) };
      return [id, { outcome, ...told } as LegAnswer<Refusal>];
    }),
  );
}
