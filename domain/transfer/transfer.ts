/**
 * What a transfer is: its states and their order, why one fails, and what the fences of its two legs answer.
 * Pure; the vocabulary that workflow, activities, databases and API share.
 */
import type { Currency } from '../currency.ts';
import type { TransferId, WalletId } from '../ids.ts';

export const TRANSFER_STATUSES = ['SCHEDULED', 'PENDING', 'DEBITED', 'COMPLETED', 'FAILED', 'CANCELED'] as const;
export type TransferStatus = (typeof TRANSFER_STATUSES)[number];
export type TerminalTransferStatus = 'COMPLETED' | 'FAILED' | 'CANCELED';

const RANK: Record<TransferStatus, number> = {
  SCHEDULED: 0,
  PENDING: 1,
  DEBITED: 2,
  COMPLETED: 3,
  FAILED: 3,
  CANCELED: 3,
};

/** The statuses that a write of `status` may replace: those of a lower rank, so that a terminal one is never replaced. */
export function statusesBelow(status: TransferStatus): TransferStatus[] {
  return TRANSFER_STATUSES.filter((other) => RANK[other] < RANK[status]);
}

export function isTerminal(status: TransferStatus): status is TerminalTransferStatus {
  return RANK[status] === RANK.COMPLETED;
}

/** `manual`: what is debited is held until it is captured, canceled or expired. */
export const CAPTURE_METHODS = ['automatic', 'manual'] as const;

/** Why the wallet service refused a debit. It stays so for that transfer, whatever is asked again. */
export type DebitRefusal =
  | 'sender_not_found'
  | 'sender_suspended'
  | 'currency_mismatch'
  | 'insufficient_funds'
  | 'limit_exceeded'
  | 'terms_conflict';
/** Why the wallet service refused a credit. */
export type CreditRefusal =
  'receiver_not_found' | 'receiver_suspended' | 'currency_mismatch' | 'balance_limit' | 'terms_conflict';

/** Why a receiver cannot be credited now, and may be later. */
export const PASSING_REFUSALS = ['receiver_suspended', 'balance_limit'] as const;
export type PassingRefusal = (typeof PASSING_REFUSALS)[number];

export const TRANSFER_FAILURE_REASONS = [
  'insufficient_funds',
  'sender_not_found',
  'receiver_not_found',
  'sender_suspended',
  'receiver_suspended',
  'currency_mismatch',
  'balance_limit',
  'limit_exceeded',
  'timed_out',
  'capture_expired',
  'terms_conflict',
] as const;
export type TransferFailureReason = (typeof TRANSFER_FAILURE_REASONS)[number];

/** Of `limit_exceeded`: which limit of the wallet, and how much could have moved. */
export interface FailureDetail {
  readonly limit: 'max_amount' | 'outgoing_24h';
  /** Decimal string. */
  readonly remaining: string;
}

/**
 * What compensation writes into a fence that nothing has reached: why the movement was given up. `debit_refused` is for
 * the credit of a transfer whose debit was rejected; how that transfer ends is then told by the debit's fence.
 */
export type AbandonReason = 'timed_out' | 'canceled' | 'capture_expired' | 'debit_refused';

/**
 * What the fence of a leg answers. The first execution decides it, for ever:
 * `applied` the money moved, `rejected` it was refused, `canceled` it was given up before it moved. Rejected for
 * `terms_conflict`: the fence is of another movement, whose row was lost and whose key came back with another body.
 * `amount` is what was moved, where that is not what was asked for: another part of a hold, or by that other movement.
 */
export type LegAnswer<Refusal extends string> =
  | { readonly outcome: 'applied'; readonly amount?: string }
  | {
      readonly outcome: 'rejected';
      readonly reason: Refusal;
      readonly detail?: FailureDetail;
      readonly amount?: string;
    }
  | { readonly outcome: 'canceled'; readonly reason: AbandonReason };

/** What a status write is for. SCHEDULED is not: a transfer is accepted with it. */
export type ReachedStatus = { readonly status: 'PENDING' } | { readonly status: 'DEBITED' } | TransferEnd;

/**
 * What is known, when a transfer's end is written, of an advance: that the external wallet pays the sender back because an
 * operator forced the refund. `open` its fence was not asked, `canceled` it never happens any more, `applied` it has happened.
 */
export type AdvanceState = 'open' | 'canceled' | 'applied';

/** What is stored when a status write is over. */
export type StoredStatus = ReachedStatus & {
  /** Of a manual transfer, once it is decided: decimal string, zero where nothing will be captured. */
  readonly capturedAmount?: string;
};

/** How a transfer ends. */
export type TransferEnd =
  /** `capturedAmount` of a hold whose credit had moved another part of it than its row had decided. */
  | { readonly status: 'COMPLETED'; readonly capturedAmount?: string }
  | { readonly status: 'FAILED'; readonly failureReason: TransferFailureReason; readonly detail?: FailureDetail }
  | { readonly status: 'CANCELED' };

/** What moves, from whom to whom: everything about a transfer that the wallet service has to know. */
export interface TransferTerms {
  readonly transferId: TransferId;
  readonly senderWalletId: WalletId;
  readonly receiverWalletId: WalletId;
  /** Canonical decimal string, see money.ts: a bigint does not survive JSON. */
  readonly amount: string;
  readonly currency: Currency;
}

/**
 * The end that an applied credit leads to. Where it moved another part of a hold than was asked for, that is what is captured.
 * Where it moved a part of what is no hold, it was another movement's, of the same wallets and the same amount.
 */
export function endOfCredit({ amount }: { readonly amount?: string }, isHold: boolean): TransferEnd {
  if (amount === undefined) return { status: 'COMPLETED' };
  return isHold
    ? { status: 'COMPLETED', capturedAmount: amount }
    : { status: 'FAILED', failureReason: 'terms_conflict' };
}

/** The end that a leg leads to which was refused or given up. */
export function endOfLeg(leg: Exclude<LegAnswer<TransferFailureReason>, { outcome: 'applied' }>): TransferEnd {
  if (leg.outcome === 'rejected')
    return {
      status: 'FAILED',
      failureReason: leg.reason,
      ...(leg.detail === undefined ? {} : { detail: leg.detail }),
    };
  switch (leg.reason) {
    case 'canceled':
      return { status: 'CANCELED' };
    case 'capture_expired':
      return { status: 'FAILED', failureReason: 'capture_expired' };
    case 'timed_out':
    case 'debit_refused':
      return { status: 'FAILED', failureReason: 'timed_out' };
  }
}
