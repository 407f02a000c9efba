/**
 * Both legs of a transfer between two wallets of one shard, as one activity. It consists of the same fenced operations as the single
 * activities, so it may be repeated, or be followed by either of them, wherever it stopped.
 */
import type { TraceContext } from '../../domain/trace-context.ts';
import type { CreditRefusal, DebitRefusal, LegAnswer, TransferTerms } from '../../domain/transfer/transfer.ts';

export interface TransferLeg {
  readonly terms: TransferTerms;
  readonly trace: TraceContext;
  /** The amount of the whole transfer, where `terms` has that of a part (decimal string). */
  readonly total?: string | undefined;
}

export interface BothLegs {
  readonly debit: LegAnswer<DebitRefusal>;
  /** When the debit was found applied, in ms since 1970; absent if it was not. */
  readonly debitedAtMs?: number;
  /** Absent if the debit was not applied, or if the one try of the credit failed; then it may have been applied all the same. */
  readonly credit?: LegAnswer<CreditRefusal>;
}

/** A debit that fails is thrown, for Temporal to repeat; a credit that fails is left to whoever asked. */
export function createDebitAndCredit(operations: {
  readonly debit: (leg: TransferLeg) => Promise<LegAnswer<DebitRefusal>>;
  readonly credit: (leg: TransferLeg) => Promise<LegAnswer<CreditRefusal>>;
}): (leg: TransferLeg) => Promise<BothLegs> {
  return async (leg) => {
    const debit = await operations.debit(leg);
    if (debit.outcome !== 'applied') return { debit };
    const debitedAtMs = Date.now();
    const credit = await operations.credit(leg).catch(() => undefined);
    return { debit, debitedAtMs, ...(credit === undefined ? {} : { credit }) };
  };
}
