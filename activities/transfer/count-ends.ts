/** The counting of movements that have ended: from the row that was written, or from what a batch has written. */
import type { WrittenEnds } from '../../db/transfer/batch-queries.ts';
import type { Transfer } from '../../db/transfer/queries.ts';
import type { Transaction } from '../../db/transfer/transaction-queries.ts';
import { kindOfTransaction, kindOfTransfer, type MovementCounts } from '../../domain/transfer/movement-counts.ts';
import type { TransferFailureReason } from '../../domain/transfer/transfer.ts';

/**
 * `isDebited`: whether it is known to have been debited, so that an end other than COMPLETED has given the money back. What ended before
 * it could begin, such as a transfer that was canceled before its time, has taken no time: `lastedSeconds` is negative.
 */
export function countTransfer(
  counts: MovementCounts,
  transfer: Transfer,
  { isDebited, lastedSeconds }: { readonly isDebited: boolean; readonly lastedSeconds: number },
): void {
  const { status, failureReason } = transfer;
  const kind = kindOfTransfer(transfer);
  counts.ended({ kind, status, reason: failureReason ?? 'none' }, 1);
  if (kind === 'transfer' && lastedSeconds >= 0) counts.lasted(kind, lastedSeconds);
  if (isDebited && status !== 'COMPLETED') counts.compensated(failureReason ?? 'canceled', 1);
}

export function countTransaction(counts: MovementCounts, transaction: Transaction, lastedSeconds: number): void {
  const { status, failureReason } = transaction;
  const kind = kindOfTransaction(transaction);
  counts.ended({ kind, status, reason: failureReason ?? 'none' }, 1);
  counts.lasted(kind, Math.max(0, lastedSeconds));
}

/** Of the reasons for which an item fails, those that only a debit that was refused has. */
const OF_THE_DEBIT: ReadonlySet<TransferFailureReason> = new Set([
  'insufficient_funds',
  'sender_not_found',
  'sender_suspended',
  'currency_mismatch',
  'limit_exceeded',
  'terms_conflict',
]);

/** An item that was given up counts as compensated: which of them had been debited, nobody has written. */
export function countBatch(counts: MovementCounts, { tally, lastedSeconds }: WrittenEnds): void {
  for (const { status, reason, count } of tally) {
    counts.ended({ kind: 'batch_item', status, reason: reason ?? 'none' }, count);
    const isRefusedDebit = reason !== null && OF_THE_DEBIT.has(reason);
    if (status !== 'COMPLETED' && !isRefusedDebit) counts.compensated(reason ?? 'canceled', count);
  }
  if (lastedSeconds !== undefined) counts.lasted('batch', lastedSeconds);
}

/** Of members of a group, which wait for nobody. */
export function secondsBetween(from: Date, until: Date): number {
  return Math.max(0, until.getTime() - from.getTime()) / 1_000;
}
