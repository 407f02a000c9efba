/**
 * The transfer service's activities: what became of a movement, written into its database. A repeat, and one that comes
 * late, changes nothing and answers what is stored.
 */
import type { Database } from '../../db/database.ts';
import { recordCaseAction } from '../../db/transfer/case-log.ts';
import {
  decideCapture,
  recordTransferAttention,
  recordTransferStatus,
  statusOf,
  type Transfer,
} from '../../db/transfer/queries.ts';
import {
  endOf,
  recordTransactionAttention,
  recordTransactionEnd,
  type Transaction,
} from '../../db/transfer/transaction-queries.ts';
import type { Resolution } from '../../domain/transfer/case.ts';
import type { TransactionId, TransferId } from '../../domain/ids.ts';
import type { TraceContext } from '../../domain/trace-context.ts';
import type { TransactionEnd } from '../../domain/transfer/transaction.ts';
import type { AdvanceState, ReachedStatus } from '../../domain/transfer/transfer.ts';

/**
 * Goes with each call: the hash (hex) of the body that its workflow was started for. Where the row has another one, which was
 * accepted after the first was lost, nothing is written, and MovementMissing is raised. None of a run of before it was kept.
 */
interface ForBody {
  readonly bodyHash?: string;
}

export type TransferActivities = ReturnType<typeof createTransferActivities>;

/** `tell` is told what each status write has left of a movement. */
export function createTransferActivities(
  database: Database,
  tell: (movement: Transfer | Transaction) => void = () => {},
) {
  return {
    /**
     * Writes a status if it is of a higher rank than the stored one, and answers what is stored then. `debitedAtMs` is when a
     * transfer was debited whose DEBITED is written by its end. With `advance` open, COMPLETED is not written over a transfer
     * that has ever needed attention, and the answer is no end: its advance has to be canceled first.
     */
    recordTransferStatus: async ({
      transferId,
      next,
      trace,
      debitedAtMs,
      advance,
      bodyHash,
    }: ForBody & {
      transferId: TransferId;
      next: ReachedStatus;
      trace: TraceContext;
      debitedAtMs?: number;
      advance?: AdvanceState;
    }) => {
      const debitedAt = debitedAtMs === undefined ? undefined : new Date(debitedAtMs);
      const stored = await recordTransferStatus(database, transferId, next, trace, { debitedAt, advance, bodyHash });
      tell(stored);
      return statusOf(stored);
    },

    /**
     * Decides how much of a hold is captured, unless that is decided already, and answers what is decided. `isDebited` where its
     * debit is known to be applied, whatever its row says.
     */
    decideCapture: ({
      transferId,
      amount,
      ...known
    }: ForBody & { transferId: TransferId; amount: string; isDebited?: boolean }) =>
      decideCapture(database, transferId, amount, known),

    /** Keeps what an operator does about a transfer in the log of its case. */
    recordCaseAction: ({
      transferId,
      ...resolution
    }: ForBody & Resolution & { transferId: TransferId; requestKey: string }) =>
      recordCaseAction(database, transferId, resolution),

    /** Shows an operator that a transfer's compensation cannot finish, with the reason and the last error. */
    recordTransferAttention: ({
      transferId,
      reason,
      error,
      bodyHash,
    }: ForBody & {
      transferId: TransferId;
      reason: string;
      error: string;
    }) => recordTransferAttention(database, transferId, reason, error, bodyHash),

    /** Writes how a transaction ended, unless it has ended already, and answers what is stored then. */
    recordTransactionEnd: async ({
      transactionId,
      end,
      trace,
      bodyHash,
    }: ForBody & {
      transactionId: TransactionId;
      end: TransactionEnd;
      trace: TraceContext;
    }) => {
      const stored = await recordTransactionEnd(database, transactionId, end, trace, bodyHash);
      tell(stored);
      return endOf(stored);
    },

    /** Shows an operator that a transaction which was given up cannot be canceled. */
    recordTransactionAttention: ({
      transactionId,
      reason,
      error,
      bodyHash,
    }: ForBody & {
      transactionId: TransactionId;
      reason: string;
      error: string;
    }) => recordTransactionAttention(database, transactionId, reason, error, bodyHash),
  };
}
