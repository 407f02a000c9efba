/**
 * The transfer service's activities: they write what became of a movement into the transfer database. A repeat, or a call that
 * comes late, changes nothing and returns what is stored.
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
import { UNCOUNTED, type MovementCounts } from '../../domain/transfer/movement-counts.ts';
import type { TransactionEnd } from '../../domain/transfer/transaction.ts';
import type { AdvanceState, ReachedStatus } from '../../domain/transfer/transfer.ts';
import { countTransaction, countTransfer } from './count-ends.ts';

/**
 * The hash (hex) of the body that the calling workflow was started for. If the row has another body, which was accepted after the
 * first row was lost, nothing is written, and a write of a status, an end or a case action throws MovementMissing. Absent in runs
 * that started before the hash was kept.
 */
interface ForBody {
  readonly bodyHash?: string;
}

interface StatusWrite extends ForBody {
  readonly transferId: TransferId;
  readonly next: ReachedStatus;
  readonly trace: TraceContext;
  readonly debitedAtMs?: number;
  readonly advance?: AdvanceState;
}

export type TransferActivities = ReturnType<typeof createTransferActivities>;

/** `tell` receives the stored movement after each status write; `counts` is told of each end once. */
export function createTransferActivities(
  database: Database,
  tell: (movement: Transfer | Transaction) => void = () => {},
  counts: MovementCounts = UNCOUNTED,
) {
  return {
    /**
     * Writes a status if it is of a higher rank than the stored one, and returns what is stored then. `debitedAtMs` is the time of
     * a debit whose DEBITED step is written with the end. With `advance` open, COMPLETED is not written over a transfer that has
     * ever needed attention, and the returned status is no end: its advance has to be canceled first.
     */
    recordTransferStatus: async ({ transferId, next, trace, debitedAtMs, advance, bodyHash }: StatusWrite) => {
      const debitedAt = debitedAtMs === undefined ? undefined : new Date(debitedAtMs);
      const ended = (transfer: Transfer, lastedSeconds: number): void =>
        countTransfer(counts, transfer, { isDebited: debitedAt !== undefined, lastedSeconds });
      const known = { debitedAt, advance, bodyHash, ended };
      const stored = await recordTransferStatus(database, transferId, next, trace, known);
      tell(stored);
      return statusOf(stored);
    },

    /**
     * Decides how much of a hold is captured, unless that is decided already, and returns the decided amount. `isDebited` means
     * that the debit is known to be applied, whatever the row says.
     */
    decideCapture: ({
      transferId,
      amount,
      ...known
    }: ForBody & { transferId: TransferId; amount: string; isDebited?: boolean }) =>
      decideCapture(database, transferId, amount, known),

    /** Writes an operator's action on a transfer into the log of its case; returns false if the transfer has ended. */
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

    /** Writes the end of a one-sided transaction, unless it has ended already, and returns the stored end. */
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
      const ended = (transaction: Transaction, lastedSeconds: number): void =>
        countTransaction(counts, transaction, lastedSeconds);
      const stored = await recordTransactionEnd(database, transactionId, end, trace, bodyHash, ended);
      tell(stored);
      return endOf(stored);
    },

    /** Shows an operator that a one-sided transaction which was given up cannot be canceled. */
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
