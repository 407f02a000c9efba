/**
 * The wallet service's operations on one shard for many transfers at once, of a batch (functions/*_batch.sql) or of a group
 * (functions/*_group.sql). Each transfer has a fence of its own, as by the single operations in queries.ts.
 */
import { sql, type SQL } from 'drizzle-orm';
import type { BatchLegs } from '../../domain/transfer/batch.ts';
import type { TransferId, WalletId } from '../../domain/ids.ts';
import { tenantOf } from '../../domain/tenant.ts';
import type { TraceContext } from '../../domain/trace-context.ts';
import type { AbandonReason, CreditRefusal, DebitRefusal, LegAnswer } from '../../domain/transfer/transfer.ts';
import { violatedConstraint, type Database } from '../database.ts';

/** The outcomes of the legs that did not go as asked. A leg that is not in the map did. */
type Exceptions<Refusal extends string> = Promise<ReadonlyMap<TransferId, LegAnswer<Refusal>>>;

/** Legs, column by column, in the order in which they are carried out. */
export type Legs = Omit<BatchLegs, 'indexes' | 'elsewhere'>;

export function debitBatch(database: Database, legs: BatchLegs, trace: TraceContext): Exceptions<DebitRefusal> {
  return callFences(
    database,
    legs,
    'debit',
    sql`debit_batch`,
    (asked) => sql`${trace.requestId}, ${trace.traceparent ?? null}, ${counterparties(asked)}, NULL, ${tenantOf(legs)}`,
  );
}

export function creditBatch(database: Database, legs: BatchLegs, trace: TraceContext): Exceptions<CreditRefusal> {
  return callFences(
    database,
    legs,
    'credit',
    sql`credit_batch`,
    (asked) => sql`${trace.requestId}, ${trace.traceparent ?? null}, ${counterparties(asked)}, NULL, ${tenantOf(legs)}`,
  );
}

/**
 * As `debitBatch`, for the transfers of a group, each asked for by a request of its own: `traces` are theirs. A leg that
 * an earlier call decided for a hold of the same terms is in the answer, too. Fails without waiting long if a
 * wallet is locked.
 */
export function debitGroup(
  database: Database,
  legs: Legs,
  traces: ReadonlyMap<TransferId, TraceContext>,
): Exceptions<DebitRefusal> {
  return callFences(database, legs, 'debit', sql`debit_group`, (asked) => ofGroup(asked, traces));
}

/** As `debitGroup`, for the credits. */
export function creditGroup(
  database: Database,
  legs: Legs,
  traces: ReadonlyMap<TransferId, TraceContext>,
): Exceptions<CreditRefusal> {
  return callFences(database, legs, 'credit', sql`credit_group`, (asked) => ofGroup(asked, traces));
}

export function cancelBatchCredits(
  database: Database,
  legs: BatchLegs,
  reason: AbandonReason,
): Exceptions<CreditRefusal> {
  return callFences(
    database,
    legs,
    'credit',
    sql`cancel_credit_batch`,
    (asked) => sql`${reason}, ${counterparties(asked)}`,
  );
}

/**
 * To be called only when the credits' fences have said that none of the credits has moved anything or ever will; or, with
 * `isOtherCredited`, that the credits' fences are other movements'.
 */
export function refundBatch(
  database: Database,
  legs: BatchLegs,
  reason: AbandonReason,
  trace: TraceContext,
  isOtherCredited = false,
): Exceptions<DebitRefusal> {
  return callFences(
    database,
    legs,
    'debit',
    sql`refund_batch`,
    (asked) =>
      sql`${reason}, ${trace.requestId}, ${trace.traceparent ?? null}, ${counterparties(asked)}, ${isOtherCredited}`,
  );
}

/** The wallets whose debits are known to be applied, as queries.ts' isDebited knows it. */
export async function debitedWallets(database: Database, { transferIds }: BatchLegs): Promise<WalletId[]> {
  const { rows } = await database.execute<{ wallet_id: WalletId }>(sql`
    SELECT DISTINCT wallet_id FROM operation_fences
    WHERE transaction_id = ANY(${array(transferIds)}::uuid[]) AND leg = 'debit' AND outcome = 'applied'`);
  return rows.map(({ wallet_id: id }) => id);
}

/**
 * Calls an operation. If some of the legs are other movements', returns these as refused, as queries.ts does, and calls the
 * operation again without them.
 */
async function callFences<Refusal extends string>(
  database: Database,
  legs: Legs,
  leg: 'debit' | 'credit',
  operation: SQL,
  more: (legs: Legs) => SQL,
): Exceptions<Refusal> {
  try {
    return await callFencesOnce(database, legs, operation, more);
  } catch (error) {
    if (violatedConstraint(error) !== 'operation_fences_terms') throw error;
  }
  const { rows } = await database.execute<{ transfer_id: TransferId; moved: string }>(
    sql`SELECT * FROM conflicting_legs(${leg}, ${columnsOf(legs)}, ${counterparties(legs)})`,
  );
  const conflicts = new Map(rows.map(({ transfer_id: id, moved }) => [id, moved]));
  const others = await callFencesOnce<Refusal>(database, without(legs, conflicts), operation, more);
  const refused = [...conflicts].map(
    ([id, amount]) => [id, { outcome: 'rejected', reason: 'terms_conflict', amount } as LegAnswer<Refusal>] as const,
  );
  return new Map([...others, ...refused]);
}

async function callFencesOnce<Refusal extends string>(
  database: Database,
  legs: Legs,
  operation: SQL,
  more: (legs: Legs) => SQL,
): Exceptions<Refusal> {
  if (legs.transferIds.length === 0) return new Map();
  const { rows } = await database.execute<{
    transfer_id: TransferId;
    outcome: string;
    reason: string | null;
    detail: unknown;
  }>(sql`SELECT * FROM ${operation}(${columnsOf(legs)}, ${more(legs)})`);
  return new Map(
    rows.map(({ transfer_id: id, outcome, reason, detail }) => {
      const told = { ...(reason === null ? {} : { reason }), ...(detail === null ? {} : { detail }) };
      return [id, { outcome, ...told } as LegAnswer<Refusal>];
    }),
  );
}

function columnsOf({ transferIds, walletIds, currencies, amounts }: Legs): SQL {
  return sql.join([transferIds, walletIds, currencies, amounts].map(array), sql`, `);
}

function without(legs: Legs, ids: ReadonlyMap<TransferId, unknown>): Legs {
  return filterLegs(legs, (at) => !ids.has(legs.transferIds[at]!));
}

/** Those legs for whose place this holds. */
export function filterLegs(legs: Legs, isKept: (at: number) => boolean): Legs {
  const kept = <T>(column: readonly T[]): T[] => column.filter((_, at) => isKept(at));
  return {
    transferIds: kept(legs.transferIds),
    walletIds: kept(legs.walletIds),
    currencies: kept(legs.currencies),
    amounts: kept(legs.amounts),
    ...(legs.counterpartyIds === undefined ? {} : { counterpartyIds: kept(legs.counterpartyIds) }),
  };
}

function ofGroup(legs: Legs, traces: ReadonlyMap<TransferId, TraceContext>): SQL {
  const inEvents = legs.transferIds.map((id) => {
    const { requestId: requestid, traceparent } = traces.get(id)!;
    return [id, { requestid, traceparent }] as const;
  });
  return sql`${counterparties(legs)}, ${JSON.stringify(Object.fromEntries(inEvents))}`;
}

/** SQL's NULL if the counterparties are not known. */
function counterparties({ counterpartyIds }: Legs): SQL {
  return counterpartyIds === undefined ? sql`NULL` : array(counterpartyIds);
}

/** Ids, codes and decimals need no quotes within an array. */
function array(values: readonly string[]): SQL {
  return sql`${`{${values.join(',')}}`}`;
}
