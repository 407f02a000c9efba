/**
 * The vocabulary of transfers: the statuses and their order, the reasons of a failure, and the decisions of the fences of the two
 * legs. Pure; workflow, activities, databases and API share it.
 */
import type { Currency } from '../currency.ts';
import type { TransferId, WalletId } from '../ids.ts';
import type { OfTenant, Tenant } from '../tenant.ts';

export const TRANSFER_STATUSES = [
  'AWAITING_APPROVAL',
  'SCHEDULED',
  'PENDING',
  'DEBITED',
  'COMPLETED',
  'FAILED',
  'CANCELED',
] as const;
export type TransferStatus = (typeof TRANSFER_STATUSES)[number];
export type TerminalTransferStatus = 'COMPLETED' | 'FAILED' | 'CANCELED';

const RANK: Record<TransferStatus, number> = {
  AWAITING_APPROVAL: 0,
  SCHEDULED: 1,
  PENDING: 2,
  DEBITED: 3,
  COMPLETED: 4,
  FAILED: 4,
  CANCELED: 4,
};

/** The statuses that a write of `status` may replace: those of a lower rank, so that a terminal one is never replaced. */
export function statusesBelow(status: TransferStatus): TransferStatus[] {
  return TRANSFER_STATUSES.filter((other) => RANK[other] < RANK[status]);
}

export function isTerminal(status: TransferStatus): status is TerminalTransferStatus {
  return RANK[status] === RANK.COMPLETED;
}

/** `manual`: the debited money is held until it is captured, canceled or expired. */
export const CAPTURE_METHODS = ['automatic', 'manual'] as const;

/** Why the wallet service refused a debit. The refusal is final for that transfer, however often the debit is asked again. */
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

/**
 * Asks the wallet service, as a port, why a tenant's receiver could not be credited now; undefined if there is no such reason. It decides
 * nothing, and throws where the wallet service does not answer.
 */
export type AskReceiver = (
  tenant: Tenant,
  receiverWalletId: WalletId,
  amount: string,
) => Promise<PassingRefusal | undefined>;

/** The value of db/wallet/functions/balance_max.sql, which the service's role may not call. */
export const BALANCE_MAX = '999999999999999.9999';

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
 * The reason why a movement was given up, which compensation writes into a fence that nothing has reached. `debit_refused` is for
 * the credit of a transfer whose debit was rejected; the debit's fence then tells how that transfer ends.
 */
export type AbandonReason = 'timed_out' | 'canceled' | 'capture_expired' | 'debit_refused';

/**
 * The decision of a leg's fence, which the first execution makes, for ever. `applied`: the money moved. `rejected`: the leg was
 * refused. `canceled`: the leg was given up before the money moved. Rejected for `terms_conflict`: the fence is of another
 * movement, whose row was lost and whose key came back with another body. `amount` is the amount that moved, if another was asked
 * for: another part of a hold, or the other movement's amount.
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

/** A status that is written after the acceptance. SCHEDULED is not: a transfer is accepted with it. */
export type ReachedStatus = { readonly status: 'PENDING' } | { readonly status: 'DEBITED' } | TransferEnd;

/**
 * The state of an advance when a transfer's end is written. In an advance, the external wallet pays the sender back because an
 * operator forced the refund. `open`: its fence was not asked. `canceled`: it never happens any more. `applied`: it has happened.
 */
export type AdvanceState = 'open' | 'canceled' | 'applied';

/** The stored status after a status write. */
export type StoredStatus = ReachedStatus & {
  /** Of a manual transfer, once it is decided: decimal string, zero if nothing will be captured. */
  readonly capturedAmount?: string;
};

/** How a transfer ends. */
export type TransferEnd =
  /** `capturedAmount` if the credit of a hold moved another part of it than the row had decided. */
  | { readonly status: 'COMPLETED'; readonly capturedAmount?: string }
  | { readonly status: 'FAILED'; readonly failureReason: TransferFailureReason; readonly detail?: FailureDetail }
  | { readonly status: 'CANCELED' };

/** The terms of a transfer: everything about it that the wallet service has to know. */
export interface TransferTerms extends OfTenant {
  readonly transferId: TransferId;
  readonly senderWalletId: WalletId;
  readonly receiverWalletId: WalletId;
  /** Canonical decimal string, see money.ts: a bigint does not survive JSON. */
  readonly amount: string;
  readonly currency: Currency;
}

/**
 * The end that an applied credit leads to. If it moved another part of a hold than was asked for, that part is captured. If it
 * moved a part though there is no hold, it was another movement's, of the same wallets and the same amount.
 */
export function endOfCredit({ amount }: { readonly amount?: string }, isHold: boolean): TransferEnd {
  if (amount === undefined) return { status: 'COMPLETED' };
  return isHold
    ? { status: 'COMPLETED', capturedAmount: amount }
    : { status: 'FAILED', failureReason: 'terms_conflict' };
}

/** The end that a refused or canceled leg leads to. */
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
