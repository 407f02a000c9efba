/**
 * A one-sided transaction: money that enters a wallet from the outside world (CREDIT) or leaves it (DEBIT), against the external
 * wallet of the same shard, in one database operation. Pure.
 */
import type { Currency } from '../currency.ts';
import type { TransactionId, WalletId } from '../ids.ts';
import type { OfTenant } from '../tenant.ts';
import type { FailureDetail, LegAnswer } from './transfer.ts';

export const TRANSACTION_STATUSES = ['AWAITING_APPROVAL', 'PENDING', 'PROCESSED', 'FAILED'] as const;
export type TransactionStatus = (typeof TRANSACTION_STATUSES)[number];
export type TransactionType = 'CREDIT' | 'DEBIT';

/** Why the wallet service refused a transaction. */
export type TransactionRefusal =
  | 'wallet_not_found'
  | 'wallet_suspended'
  | 'currency_mismatch'
  | 'insufficient_funds'
  | 'balance_limit'
  | 'limit_exceeded'
  | 'terms_conflict';

export const TRANSACTION_FAILURE_REASONS = [
  'insufficient_funds',
  'wallet_not_found',
  'wallet_suspended',
  'currency_mismatch',
  'balance_limit',
  'limit_exceeded',
  'timed_out',
  'canceled',
  'terms_conflict',
] as const;
export type TransactionFailureReason = (typeof TRANSACTION_FAILURE_REASONS)[number];

export type TransactionEnd =
  | { readonly status: 'PROCESSED' }
  | { readonly status: 'FAILED'; readonly failureReason: TransactionFailureReason; readonly detail?: FailureDetail };

export interface TransactionTerms extends OfTenant {
  readonly transactionId: TransactionId;
  readonly walletId: WalletId;
  readonly type: TransactionType;
  /** Canonical decimal string, see money.ts. */
  readonly amount: string;
  readonly currency: Currency;
}

/** The end that the fence's decision leads to. */
export function endOfTransaction(leg: LegAnswer<TransactionRefusal>): TransactionEnd {
  switch (leg.outcome) {
    case 'applied':
      return { status: 'PROCESSED' };
    case 'rejected':
      return {
        status: 'FAILED',
        failureReason: leg.reason,
        ...(leg.detail === undefined ? {} : { detail: leg.detail }),
      };
    case 'canceled':
      return { status: 'FAILED', failureReason: leg.reason === 'canceled' ? 'canceled' : 'timed_out' };
  }
}
