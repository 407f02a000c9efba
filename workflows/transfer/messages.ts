/**
 * What passes between the workflows and those who start and watch them: ids, task queue, inputs, search attributes.
 * The one file of this folder that code outside of it imports.
 */
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { defineUpdate } from '@temporalio/workflow';
import type { Resolution } from '../../domain/transfer/case.ts';
import type {
  BatchId,
  CaseId,
  InstallationId,
  RecurringTransferId,
  RunId,
  TransactionId,
  TransferId,
} from '../../domain/ids.ts';
import type { Cursor, Patrol, RunScope, Tally } from '../../domain/transfer/reconciliation.ts';
import type { TraceContext } from '../../domain/trace-context.ts';
import type { TransactionTerms } from '../../domain/transfer/transaction.ts';
import type { PassingRefusal, TransferTerms } from '../../domain/transfer/transfer.ts';

/** Workflows and the transfer service's activities; each wallet shard has a queue of its own (domain/routing.ts). */
export const TRANSFER_TASK_QUEUE = 'transfer';

export function transferWorkflowId(transferId: TransferId): string {
  return `transfer/${transferId}`;
}

export function transactionWorkflowId(transactionId: TransactionId): string {
  return `transaction/${transactionId}`;
}

export function batchWorkflowId(batchId: BatchId): string {
  return `batch/${batchId}`;
}

/** The Schedule of a recurring transfer; its runs have this id and their nominal time. */
export function recurringScheduleId(recurringTransferId: RecurringTransferId): string {
  return `recurring/${recurringTransferId}`;
}

/**
 * What the workflow of a movement is started for beside its id: the hash of its row's body, hex. A row that was lost and whose
 * key has come back with another body has the same id, and nothing of this run is written into it.
 */
export interface MovementMemo {
  readonly bodyHash: string;
}

/** What its Schedule starts a run with; the nominal time is a search attribute of the run. */
export interface RecurringInput {
  readonly recurringTransferId: RecurringTransferId;
  readonly installationId?: InstallationId;
}

/**
 * How activities are called. `ordinary`: on the task queue of the service that owns the database. `local`: in the
 * process of the workflow's worker, which then has every database, in the first workflow task; see steps.ts.
 */
export type Dispatch = 'ordinary' | 'local';

interface MovementInput {
  /** Milliseconds since 1970: when it is given up unless its money has arrived. */
  readonly deadlineMs: number;
  /** In the input, so that a replay takes the same way whatever the setting has become. */
  readonly dispatch: Dispatch;
  readonly trace: TraceContext;
  /** Goes with each activity, so that a worker of another installation refuses it. What was started before it was kept has none. */
  readonly installationId?: InstallationId;
}

export interface TransferInput extends MovementInput {
  readonly terms: TransferTerms;
  /** The wallet shards of sender and receiver. */
  readonly senderTaskQueue: string;
  readonly receiverTaskQueue: string;
  /** Milliseconds since 1970: when a scheduled one begins. */
  readonly startAtMs?: number;
  /** A run before this one was compensating it, and somebody was shown: this one goes on with that, and credits nothing. */
  readonly neededAttention?: true;
  /** Of a manual one: when its hold is refunded unless it was captured, and how long a capture may take. */
  readonly hold?: { readonly expiresAtMs: number; readonly settleWithinMs: number };
}

/** What each of the next three names: the body of the row that it is asked about. Of another body's run, it is refused. */
type AskedOf = Partial<MovementMemo>;

/**
 * Captures a hold, whole or in part; answered when it is taken. Refused with `not_capturable`, and where the receiver could not be
 * credited now with why: the hold stays as it is, and can be captured later.
 */
export const captureUpdate = defineUpdate<void, [AskedOf & { readonly amount: string }]>('capture');

/** Cancels a transfer that is not past its point of no return, answered when it is taken. Refused with `not_cancelable`. */
export const cancelUpdate = defineUpdate<void, [AskedOf]>('cancel');

/** What an operator does about a transfer whose compensation keeps failing. Refused with `not_resolvable`. */
export const resolveUpdate = defineUpdate<void, [AskedOf & Resolution]>('resolve');

/** Has what keeps failing in a batch or a transaction tried at once. Refused with `not_resolvable`. */
export const retryUpdate = defineUpdate<void>('retry');

/** The types of the failures that refuse an update. */
export type UpdateRefusal =
  'not_capturable' | PassingRefusal | 'not_cancelable' | 'not_resolvable' | 'run_of_another_body';

export interface TransactionInput extends MovementInput {
  readonly terms: TransactionTerms;
  readonly walletTaskQueue: string;
}

/** The items are none of it: they stay in the transfer database, and a history does not grow with them. */
export interface BatchInput extends MovementInput {
  readonly batchId: BatchId;
  readonly itemCount: number;
  readonly walletShardCount: number;
}

export function reconciliationWorkflowId(runId: RunId): string {
  return `reconciliation/${runId}`;
}

/** Of the workflow that looks at one case again. */
export function caseWorkflowId(caseId: CaseId): string {
  return `reconciliation/case/${caseId}`;
}

/** Of the workflow that gives back what a case's transfer has left half done. */
export function refundCaseWorkflowId(caseId: CaseId): string {
  return `refund-case/${caseId}`;
}

export interface RefundCaseInput {
  readonly caseId: CaseId;
  readonly walletShardCount: number;
  readonly trace: TraceContext;
  readonly installationId: InstallationId;
}

/** None of them: a run of the schedule. */
export interface ReconciliationInput {
  /** Of a run that was asked for. */
  readonly runId?: RunId;
  /** None: what changed. */
  readonly scope?: RunScope;
  /** Looks at what this case is about, and at nothing else. */
  readonly caseId?: CaseId;
  /** How far a run was when it continued as new. */
  readonly progress?: ReconciliationProgress;
}

export interface ReconciliationProgress {
  readonly runId: RunId;
  readonly trigger: 'schedule' | 'request';
  readonly tally: Tally;
  /** The index of the place that it looks at, and where in it. */
  readonly place: number;
  readonly cursor: Cursor | null;
  readonly patrol: Patrol;
  readonly settled: readonly string[];
}

/** Statuses and ids alone: search attributes are stored in the clear, so no amount and no personal data. */
export const searchAttributes = {
  movementStatus: defineSearchAttributeKey('MovementStatus', SearchAttributeType.KEYWORD),
  walletIds: defineSearchAttributeKey('WalletIds', SearchAttributeType.KEYWORD_LIST),
  needsAttention: defineSearchAttributeKey('NeedsAttention', SearchAttributeType.BOOL),
};
