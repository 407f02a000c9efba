/**
 * What the wallet service asks of one shard: the fenced operations, which are functions of the database (functions/),
 * and the reads. Everything that moves money repeats safely. Imported by the wallet activities and the wallet API.
 */
import { and, desc, eq, lt, lte, sql, type SQL } from 'drizzle-orm';
import type { WalletId } from '../../domain/ids.ts';
import type { TraceContext } from '../../domain/trace-context.ts';
import type { TransactionRefusal, TransactionTerms } from '../../domain/transaction.ts';
import type {
  AbandonReason,
  AdvanceState,
  CreditRefusal,
  DebitRefusal,
  LegAnswer,
  TransferTerms,
} from '../../domain/transfer.ts';
import { executePrepared, type Database } from '../database.ts';
import { ledgerEntries, wallets } from './schema.ts';

export type Wallet = typeof wallets.$inferSelect;
export type LedgerEntry = typeof ledgerEntries.$inferSelect;

/** Takes the amount out of the sender's wallet, for good or as a hold: functions/debit.sql. */
export function debit(
  database: Database,
  t: TransferTerms,
  trace: TraceContext,
  isHold = false,
): Promise<LegAnswer<DebitRefusal>> {
  return callFence(
    database,
    sql`debit(${t.transferId}, ${t.senderWalletId}, ${t.currency}, ${t.amount}, ${trace.requestId}, ${trace.traceparent ?? null}, ${isHold})`,
  );
}

/** Puts the amount, which of a captured hold may be a part, into the receiver's wallet: functions/credit.sql. */
export function credit(database: Database, t: TransferTerms, trace: TraceContext): Promise<LegAnswer<CreditRefusal>> {
  return callFence(
    database,
    sql`credit(${t.transferId}, ${t.receiverWalletId}, ${t.currency}, ${t.amount}, ${trace.requestId}, ${trace.traceparent ?? null})`,
  );
}

/** Makes sure that the credit never happens any more, or learns that it has: functions/cancel.sql. */
export function cancelCredit(
  database: Database,
  t: TransferTerms,
  reason: AbandonReason,
): Promise<LegAnswer<CreditRefusal>> {
  return callFence(
    database,
    sql`cancel(${t.transferId}, 'credit', ${t.receiverWalletId}, ${t.currency}, ${t.amount}, ${reason})`,
  );
}

/**
 * Settles the debit, whatever became of it: functions/refund.sql. `credited` is what the credit moved, by its fence's
 * final answer. Answers what the debit's fence says; `applied` means that the rest has been given back, or written off.
 */
export function refund(
  database: Database,
  t: TransferTerms,
  credited: string,
  reason: AbandonReason,
  trace: TraceContext,
  isWriteOff = false,
): Promise<LegAnswer<DebitRefusal>> {
  return callFence(
    database,
    sql`refund(${t.transferId}, ${t.senderWalletId}, ${t.currency}, ${t.amount}, ${credited}, ${reason}, ${trace.requestId}, ${trace.traceparent ?? null}, ${isWriteOff})`,
  );
}

/**
 * Pays the sender back before the credit's fence has answered, out of the external wallet: functions/advance.sql. Answers
 * whether that has happened, now or before.
 */
export async function advance(database: Database, t: TransferTerms, trace: TraceContext): Promise<boolean> {
  await database.execute(
    sql`SELECT advance(${t.transferId}, ${t.senderWalletId}, ${t.currency}, ${t.amount}, ${trace.requestId}, ${trace.traceparent ?? null})`,
  );
  // A statement of its own: the snapshot of the one above is older than what that has written.
  const { rowCount } = await database.execute(
    sql`SELECT FROM operation_fences WHERE transaction_id = ${t.transferId} AND leg = 'advance' AND outcome = 'applied'`,
  );
  return rowCount === 1;
}

/** Makes sure that the sender is not paid in advance any more, or learns that it has been: functions/cancel.sql. */
export async function cancelAdvance(database: Database, t: TransferTerms): Promise<Exclude<AdvanceState, 'open'>> {
  const { outcome } = await callFence<never>(
    database,
    sql`cancel(${t.transferId}, 'advance', ${t.senderWalletId}, ${t.currency}, ${t.amount}, 'credited')`,
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
    sql`${operation}(${t.transactionId}, ${t.walletId}, ${t.currency}, ${t.amount}, ${trace.requestId}, ${trace.traceparent ?? null})`,
  );
}

/** Makes sure that a one-sided transaction never happens any more, or learns that it has: functions/cancel.sql. */
export function cancelTransaction(
  database: Database,
  t: TransactionTerms,
  reason: AbandonReason,
): Promise<LegAnswer<TransactionRefusal>> {
  const leg = t.type === 'CREDIT' ? 'deposit' : 'withdrawal';
  return callFence(
    database,
    sql`cancel(${t.transactionId}, ${leg}, ${t.walletId}, ${t.currency}, ${t.amount}, ${reason})`,
  );
}

/** Opens a wallet; false if the user has one in this currency already. */
export async function openWallet(
  database: Database,
  wallet: { walletId: WalletId; userId: string; currency: string },
): Promise<boolean> {
  const { rows } = await database.execute<{ opened: boolean }>(
    sql`SELECT open_wallet(${wallet.walletId}, ${wallet.userId}, ${wallet.currency}) AS opened`,
  );
  return rows[0]!.opened;
}

/** Stops or allows the movement of a wallet; false if there is no such wallet. */
export async function setWalletStatus(
  database: Database,
  walletId: WalletId,
  status: Wallet['status'],
): Promise<boolean> {
  const { rows } = await database.execute<{ found: boolean }>(
    sql`SELECT set_wallet_status(${walletId}, ${status}) AS found`,
  );
  return rows[0]!.found;
}

/** A user's wallet; external wallets are nobody's to see. */
export async function findWallet(database: Database, walletId: WalletId): Promise<Wallet | undefined> {
  const rows = await database
    .select()
    .from(wallets)
    .where(and(eq(wallets.walletId, walletId), eq(wallets.kind, 'user')));
  return rows[0];
}

/** Users' wallets of this shard, newest first, those after the cursor. */
export function listWallets(
  database: Database,
  {
    userId,
    after,
    limit,
  }: { userId?: string | undefined; after?: { createdAt: Date; walletId: WalletId } | undefined; limit: number },
): Promise<Wallet[]> {
  const conditions: (SQL | undefined)[] = [eq(wallets.kind, 'user')];
  if (userId !== undefined) conditions.push(eq(wallets.userId, userId));
  if (after !== undefined) {
    conditions.push(
      sql`(${wallets.createdAt}, ${wallets.walletId}) < (${after.createdAt.toISOString()}::timestamptz, ${after.walletId}::uuid)`,
    );
  }
  return database
    .select()
    .from(wallets)
    .where(and(...conditions))
    .orderBy(desc(wallets.createdAt), desc(wallets.walletId))
    .limit(limit);
}

/** A wallet's statement, newest first: the entries below the sequence `before`. */
export function listEntries(
  database: Database,
  walletId: WalletId,
  { before, limit }: { before?: number | undefined; limit: number },
): Promise<LedgerEntry[]> {
  return database
    .select()
    .from(ledgerEntries)
    .where(
      and(eq(ledgerEntries.walletId, walletId), before === undefined ? undefined : lt(ledgerEntries.sequence, before)),
    )
    .orderBy(desc(ledgerEntries.sequence))
    .limit(limit);
}

/** The balance that a wallet had at an instant: after its last entry until then, or undefined before its first. */
export async function balanceAt(database: Database, walletId: WalletId, at: Date): Promise<string | undefined> {
  const rows = await database
    .select({ balance: ledgerEntries.balanceAfter })
    .from(ledgerEntries)
    .where(and(eq(ledgerEntries.walletId, walletId), lte(ledgerEntries.createdAt, at)))
    .orderBy(desc(ledgerEntries.createdAt), desc(ledgerEntries.sequence))
    .limit(1);
  return rows[0]?.balance;
}

async function callFence<Refusal extends string>(database: Database, call: SQL): Promise<LegAnswer<Refusal>> {
  const { rows } = await executePrepared<{ outcome: string; reason: string | null; detail?: unknown }>(
    database,
    // Not all of them have a detail.
    sql`SELECT outcome, reason, to_jsonb(answer) -> 'detail' AS detail FROM ${call} answer`,
  );
  const { outcome, reason, detail } = rows[0]!;
  if (outcome === 'applied') return { outcome };
  return { outcome, reason, ...(detail === undefined || detail === null ? {} : { detail }) } as LegAnswer<Refusal>;
}
