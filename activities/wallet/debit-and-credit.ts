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
  /** Absent if it was not tried, or if its one try failed; then it may have been applied all the same. */
  readonly credit?: LegAnswer<CreditRefusal>;
  /** The error of the credit's one try. */
  readonly creditError?: string;
}

/** After a slower debit, the credit would have less time than its turn and its statement may take before the activity is given up. */
const DEBIT_MS_MAX = 1_500;

/**
 * A debit that fails is thrown, for Temporal to repeat. A credit that fails is left to whoever asked, and so is one for which a slow
 * debit has left too little time.
 */
export function createDebitAndCredit(operations: {
  readonly debit: (leg: TransferLeg) => Promise<LegAnswer<DebitRefusal>>;
  readonly credit: (leg: TransferLeg) => Promise<LegAnswer<CreditRefusal>>;
}): (leg: TransferLeg) => Promise<BothLegs> {
  return async (leg) => {
    const beganAt = performance.now();
    const debit = await operations.debit(leg);
    if (debit.outcome !== 'applied') return { debit };
    const debited = { debit, debitedAtMs: Date.now() };
    if (performance.now() - beganAt > DEBIT_MS_MAX) return debited;
    try {
      return { ...debited, credit: await operations.credit(leg) };
    } catch (error) {
      return { ...debited, creditError: String(error) };
    }
  };
}
