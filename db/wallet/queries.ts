/**
 * The operations that move money in one shard: calls of the database's functions (functions/), each with its fence. Each may be
 * repeated safely.
 */
import { sql, type SQL } from 'drizzle-orm';
import type { TransferId, WalletId } from '../../domain/ids.ts';
import { tenantOf, type Tenant } from '../../domain/tenant.ts';
import type { TraceContext } from '../../domain/trace-context.ts';
import type { TransactionRefusal, TransactionTerms } from '../../domain/transfer/transaction.ts';
import {
  BALANCE_MAX,
  type AbandonReason,
  type AdvanceState,
  type CreditRefusal,
  type DebitRefusal,
  type LegAnswer,
  type PassingRefusal,
  type TransferTerms,
} from '../../domain/transfer/transfer.ts';
import { executePrepared, violation, type Database } from '../database.ts';
import type { operationFences } from './schema.ts';
import type { Wallet } from './wallet-queries.ts';

/**
 * The amount of the whole transfer, while the terms may name only the captured part of a hold. Undefined in requests from before
 * it was passed along, whose fences keep no counterparty.
 */
export type Total = string | undefined;

/** Takes the amount out of the sender's wallet, for good or as a hold: functions/debit.sql. */
export function debit(
  database: Database,
  t: TransferTerms,
  trace: TraceContext,
  { isHold = false, total }: { isHold?: boolean; total?: Total } = {},
): Promise<LegAnswer<DebitRefusal>> {
  return callFence(
    database,
    'debit',
    sql`debit(${t.transferId}, ${t.senderWalletId}, ${t.currency}, ${t.amount}, ${trace.requestId}, ${trace.traceparent ?? null},
      ${isHold}, ${counterparty(t.receiverWalletId, total)}, ${tenantOf(t)})`,
  );
}

/** Puts the amount, which may be a part of a captured hold, into the receiver's wallet: functions/credit.sql. */
export function credit(
  database: Database,
  t: TransferTerms,
  trace: TraceContext,
  total?: Total,
): Promise<LegAnswer<CreditRefusal>> {
  return callFence(
    database,
    'credit',
    sql`credit(${t.transferId}, ${t.receiverWalletId}, ${t.currency}, ${t.amount}, ${trace.requestId}, ${trace.traceparent ?? null},
      ${counterparty(t.senderWalletId, total)}, ${total ?? null}, ${tenantOf(t)})`,
  );
}

/** Makes sure that the credit never happens from now on, or learns that it has happened: functions/cancel.sql. */
export function cancelCredit(
  database: Database,
  t: TransferTerms,
  reason: AbandonReason,
  total?: Total,
): Promise<LegAnswer<CreditRefusal>> {
  return callFence(
    database,
    'credit',
    sql`cancel(${t.transferId}, 'credit', ${t.receiverWalletId}, ${t.currency}, ${t.amount}, ${reason},
      ${counterparty(t.senderWalletId, total)}, ${total ?? null})`,
  );
}

/**
 * Settles the debit, whatever its outcome: functions/refund.sql. `credited` is the amount that the credit moved, as its fence
 * finally says; `otherCredit` is the amount that another movement's credit moved, if the credit's fence is that movement's.
 * Returns the outcome in the debit's fence; `applied` means that the rest has been given back, or written off.
 */
export function refund(
  database: Database,
  t: TransferTerms,
  credited: string,
  reason: AbandonReason,
  trace: TraceContext,
  {
    isWriteOff = false,
    otherCredit = '0',
    total,
  }: { isWriteOff?: boolean; otherCredit?: string | undefined; total?: Total } = {},
): Promise<LegAnswer<DebitRefusal>> {
  return callFence(
    database,
    'debit',
    sql`refund(${t.transferId}, ${t.senderWalletId}, ${t.currency}, ${t.amount}, ${credited}, ${reason}, ${trace.requestId},
      ${trace.traceparent ?? null}, ${isWriteOff}, ${counterparty(t.receiverWalletId, total)}, ${otherCredit})`,
  );
}

/** Whether a transfer's debit is known to be applied. Takes no lock, and waits for none; no answer but true is for good. */
export async function isDebited(database: Database, transferId: TransferId): Promise<boolean> {
  const { rowCount } = await executePrepared(
    database,
    sql`SELECT FROM operation_fences WHERE transaction_id = ${transferId} AND leg = 'debit' AND outcome = 'applied'`,
  );
  return rowCount === 1;
}

/**
 * Pays the sender back out of the external wallet before the credit's fence has answered: functions/advance.sql. Returns whether
 * this call or an earlier one has paid.
 */
export async function advance(
  database: Database,
  t: TransferTerms,
  trace: TraceContext,
  total?: Total,
): Promise<boolean> {
  await database.execute(
    sql`SELECT advance(${t.transferId}, ${t.senderWalletId}, ${t.currency}, ${t.amount}, ${trace.requestId}, ${trace.traceparent ?? null},
      ${counterparty(t.receiverWalletId, total)})`,
  );
  // A statement of its own, because the snapshot of the one above does not show the row that it has written.
  const { rowCount } = await database.execute(
    sql`SELECT FROM operation_fences WHERE transaction_id = ${t.transferId} AND leg = 'advance' AND outcome = 'applied'`,
  );
  return rowCount === 1;
}

/** Makes sure that the sender is not paid in advance from now on, or learns that it has been paid: functions/cancel.sql. */
export async function cancelAdvance(database: Database, t: TransferTerms): Promise<Exclude<AdvanceState, 'open'>> {
  const { outcome } = await callFence<never>(
    database,
    'advance',
    sql`cancel(${t.transferId}, 'advance', ${t.senderWalletId}, ${t.currency}, ${t.amount}, 'credited', NULL, NULL)`,
  );
  return outcome === 'applied' ? 'applied' : 'canceled';
}

/** Moves the money of a one-sided transaction: functions/deposit.sql, functions/withdraw.sql. */
export function transact(
  database: Database,
  t: TransactionTerms,
  trace: TraceContext,
): Promise<LegAnswer<TransactionRefusal>> {
  const operation = t.type === 'CREDIT' ? sql`deposit` : sql`withdraw`;
  return callFence(
    database,
    t.type === 'CREDIT' ? 'deposit' : 'withdrawal',
    sql`${operation}(${t.transactionId}, ${t.walletId}, ${t.currency}, ${t.amount}, ${trace.requestId}, ${trace.traceparent ?? null},
      ${tenantOf(t)})`,
  );
}

/** Makes sure that a one-sided transaction never happens from now on, or learns that it has happened: functions/cancel.sql. */
export function cancelTransaction(
  database: Database,
  t: TransactionTerms,
  reason: AbandonReason,
): Promise<LegAnswer<TransactionRefusal>> {
  const leg = t.type === 'CREDIT' ? 'deposit' : 'withdrawal';
  return callFence(
    database,
    leg,
    sql`cancel(${t.transactionId}, ${leg}, ${t.walletId}, ${t.currency}, ${t.amount}, ${reason}, NULL, NULL)`,
  );
}

/**
 * The reason why a credit of this amount would be refused now, if it is one that may pass; undefined if the credit would be
 * accepted, or be refused for good, as that into a wallet of another tenant. This decides nothing: only the credit's fence does.
 */
export async function passingCreditRefusal(
  database: Database,
  tenant: Tenant,
  walletId: WalletId,
  amount: string,
): Promise<PassingRefusal | undefined> {
  const { rows } = await database.execute<{ status: Wallet['status']; is_full: boolean }>(sql`
    SELECT status, balance + ${amount}::numeric > ${BALANCE_MAX}::numeric AS is_full
    FROM wallets WHERE wallet_id = ${walletId} AND kind = 'user' AND tenant = ${tenant}`);
  const [row] = rows;
  if (row === undefined) return undefined;
  if (row.status !== 'ACTIVE') return 'receiver_suspended';
  return row.is_full ? 'balance_limit' : undefined;
}

function counterparty(walletId: WalletId, total: Total): WalletId | null {
  return total === undefined ? null : walletId;
}

interface Answered extends Record<string, unknown> {
  outcome: string;
  reason: string | null;
  detail: unknown;
  amount: string | null;
}

/**
 * Calls an operation and returns the outcome in its fence. If the fence is another movement's, that is a refusal like any other,
 * because this movement's leg will never happen.
 */
async function callFence<Refusal extends string>(
  database: Database,
  leg: FencedLeg,
  call: SQL,
): Promise<LegAnswer<Refusal>> {
  // Not every function returns a detail or an amount.
  const statement = sql`SELECT outcome, reason, to_jsonb(answer) -> 'detail' AS detail, to_jsonb(answer) ->> 'amount' AS amount FROM ${call} answer`;
  let answered: Answered;
  try {
    answered = (await executePrepared<Answered>(database, statement)).rows[0]!;
  } catch (error) {
    const conflict = termsConflict(error);
    if (conflict?.leg !== leg) throw error;
    answered = { outcome: 'rejected', reason: 'terms_conflict', detail: null, amount: conflict.moved };
  }
  const { outcome, ...told } = answered;
  const known = Object.fromEntries(Object.entries(told).filter(([, value]) => value !== null));
  return { outcome, ...known } as LegAnswer<Refusal>;
}

type FencedLeg = typeof operationFences.$inferSelect.leg;

/** Reads the error that functions/claim_leg.sql raises: the leg, and the amount that the other movement's leg has moved. */
function termsConflict(error: unknown): { leg: FencedLeg; moved: string } | undefined {
  const { constraint, detail } = violation(error) ?? {};
  if (constraint !== 'operation_fences_terms' || detail === undefined) return undefined;
  return JSON.parse(detail) as { leg: FencedLeg; moved: string };
}
