/**
 * The counts of movements, as a port: each acceptance and each end is told once, where it is decided and after its commit, whatever
 * is repeated. Pure, with the vocabulary that the counts are kept in.
 */
import { TRANSACTION_FAILURE_REASONS } from './transaction.ts';
import { TRANSFER_FAILURE_REASONS } from './transfer.ts';

/** `hold`: a transfer with a manual capture. `batch_item`: a transfer of a batch. `deposit` and `withdrawal`: transactions. */
export const MOVEMENT_KINDS = ['transfer', 'hold', 'batch_item', 'deposit', 'withdrawal'] as const;
export type MovementKind = (typeof MOVEMENT_KINDS)[number];

/** The kinds whose duration says something of this service: a hold lasts until somebody captures it, a batch ends as a whole. */
export const TIMED_KINDS = ['transfer', 'deposit', 'withdrawal', 'batch'] as const;
export type TimedKind = (typeof TIMED_KINDS)[number];

/** `refused`: by the wallet service, for a reason that the client can do something about. `fault`: this service's own failure. */
export type EndClass = 'ok' | 'refused' | 'canceled' | 'fault';

export interface MovementEnd {
  readonly kind: MovementKind;
  readonly status: string;
  /** Of a movement that FAILED; otherwise `none`. */
  readonly reason: string;
}

export const COMPENSATION_CAUSES = [...TRANSFER_FAILURE_REASONS, 'canceled'] as const;
export type CompensationCause = (typeof COMPENSATION_CAUSES)[number];

export interface MovementCounts {
  readonly accepted: (kind: MovementKind, count: number) => void;
  readonly ended: (end: MovementEnd, count: number) => void;
  /** From acceptance, or from the scheduled time, to the end. */
  readonly lasted: (kind: TimedKind, seconds: number) => void;
  /** For transfers whose money had been debited and was given back; the cause is the reason of the end, or `canceled`. */
  readonly compensated: (cause: CompensationCause, count: number) => void;
}

/** For the processes that count nothing. */
export const UNCOUNTED: MovementCounts = {
  accepted: () => {},
  ended: () => {},
  lasted: () => {},
  compensated: () => {},
};

/** Every end that a movement can have. */
export const MOVEMENT_ENDS: readonly MovementEnd[] = MOVEMENT_KINDS.flatMap((kind) => {
  const isTransfer = !isOneSided(kind);
  const reasons = isTransfer ? TRANSFER_FAILURE_REASONS : TRANSACTION_FAILURE_REASONS;
  return [
    { kind, status: isTransfer ? 'COMPLETED' : 'PROCESSED', reason: 'none' },
    ...(isTransfer ? [{ kind, status: 'CANCELED', reason: 'none' }] : []),
    ...reasons.map((reason) => ({ kind, status: 'FAILED', reason })),
  ];
});

export function classOf({ status, reason }: Pick<MovementEnd, 'status' | 'reason'>): EndClass {
  if (status === 'COMPLETED' || status === 'PROCESSED') return 'ok';
  if (status === 'CANCELED' || reason === 'canceled' || reason === 'capture_expired') return 'canceled';
  return reason === 'timed_out' || reason === 'terms_conflict' ? 'fault' : 'refused';
}

export function kindOfTransfer(transfer: {
  readonly batchId: string | null;
  readonly captureMethod: 'automatic' | 'manual';
}): MovementKind {
  if (transfer.batchId !== null) return 'batch_item';
  return transfer.captureMethod === 'manual' ? 'hold' : 'transfer';
}

export function kindOfTransaction({ type }: { readonly type: 'CREDIT' | 'DEBIT' }): 'deposit' | 'withdrawal' {
  return type === 'CREDIT' ? 'deposit' : 'withdrawal';
}

function isOneSided(kind: MovementKind): boolean {
  return kind === 'deposit' || kind === 'withdrawal';
}
