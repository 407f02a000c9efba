/**
 * The messages between the workflows and the code that starts and watches them: ids, task queue, inputs, updates, search
 * attributes. Other layers import no other file of workflows/.
 */
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { defineUpdate } from '@temporalio/workflow';
import type { Resolution } from '../../domain/transfer/case.ts';
import type {
  BatchId,
  CaseId,
  GroupId,
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

/**
 * The task queue of the workflows and of the transfer service's activities; each wallet shard has a queue of its own
 * (domain/routing.ts).
 */
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

export function groupWorkflowId(groupId: GroupId): string {
  return `group/${groupId}`;
}

/** The id of a recurring transfer's Schedule. The workflow id of a run is this id and the run's nominal time. */
export function recurringScheduleId(recurringTransferId: RecurringTransferId): string {
  return `recurring/${recurringTransferId}`;
}

/**
 * The memo of a movement's workflow: the hash (hex) of the body in the row that it was started for. If a row was lost, and its key
 * has come back with another body, both rows have the same id: by this hash, nothing of the run for the lost row is written into
 * the new row.
 */
export interface MovementMemo {
  readonly bodyHash: string;
}

/** The input that a Schedule starts a run with; the nominal time is a search attribute of the run. */
export interface RecurringInput {
  readonly recurringTransferId: RecurringTransferId;
  readonly installationId?: InstallationId;
}

/**
 * The way in which activities are called. `ordinary`: on the task queue of the service that owns the database. `local`: during the
 * first workflow task, in the process of the workflow's worker, which then has every database; see steps.ts.
 */
export type Dispatch = 'ordinary' | 'local';

interface MovementInput {
  /** Milliseconds since 1970: when the movement is given up unless its money has arrived. */
  readonly deadlineMs: number;
  /** Part of the input, so that a replay takes the same way even if the setting has changed. */
  readonly dispatch: Dispatch;
  readonly trace: TraceContext;
  /** Sent with each activity: a worker of another installation refuses it. Absent in workflows started before it was kept. */
  readonly installationId?: InstallationId;
}

export interface TransferInput extends MovementInput {
  readonly terms: TransferTerms;
  /** The task queues of the sender's and the receiver's wallet shard. */
  readonly senderTaskQueue: string;
  readonly receiverTaskQueue: string;
  /** Milliseconds since 1970: when a scheduled transfer begins. */
  readonly startAtMs?: number;
  /** A run before this one was compensating, and an operator was shown: this run goes on compensating, and credits nothing. */
  readonly neededAttention?: true;
  /** Of a manual transfer: when its hold is refunded unless it was captured, and how long a capture may take. */
  readonly hold?: { readonly expiresAtMs: number; readonly settleWithinMs: number };
}

/** The hash of the body in the row that the next three updates are about. A run for another body refuses them. */
type AskedOf = Partial<MovementMemo>;

/**
 * Captures a hold, whole or in part; answered once the request is taken. Refused with `not_capturable`, or, if the receiver could
 * not be credited now, with that reason: the hold then stays as it is, and can be captured later. `refusedFor` is such a reason, if
 * whoever asks knows it: then a run that has not taken a capture refuses this one without a trace in its history, which has room for
 * so many requests.
 */
export const captureUpdate = defineUpdate<
  void,
  [AskedOf & { readonly amount: string; readonly refusedFor?: PassingRefusal }]
>('capture');

/**
 * Cancels a transfer that is not past its point of no return; answered once the request is taken. Refused with `not_cancelable`.
 */
export const cancelUpdate = defineUpdate<void, [AskedOf]>('cancel');

/** Takes an operator's action on a transfer whose compensation keeps failing. Refused with `not_resolvable`. */
export const resolveUpdate = defineUpdate<void, [AskedOf & Resolution]>('resolve');

/** Retries at once the step of a batch or one-sided transaction that keeps failing. Refused with `not_resolvable`. */
export const retryUpdate = defineUpdate<void>('retry');

/** The types of the failures that refuse an update. */
export type UpdateRefusal = 'not_capturable' | 'not_cancelable' | 'not_resolvable' | 'run_of_another_body';

export interface TransactionInput extends MovementInput {
  /** Its approval was refused: it makes sure that nothing moves, and ends as canceled. */
  readonly beginsCanceled?: true;
  readonly terms: TransactionTerms;
  readonly walletTaskQueue: string;
}

/** The input of a batch. It has no items: they stay in the transfer database, so that a history does not grow with them. */
export interface BatchInput extends MovementInput {
  readonly batchId: BatchId;
  readonly itemCount: number;
  readonly walletShardCount: number;
}

/** The input of a group: which transfers it moves, in the order of their acceptance. Their terms stay in the transfer database. */
export interface GroupInput {
  readonly groupId: GroupId;
  readonly transferIds: readonly TransferId[];
  readonly walletShardCount: number;
  readonly dispatch: Dispatch;
  readonly installationId: InstallationId;
}

/** How many of a group's transfers its attempt has brought to their end, and how many go on as workflows of their own. */
export interface GroupOutcome {
  readonly ended: number;
  readonly oneByOne: number;
}

export function reconciliationWorkflowId(runId: RunId): string {
  return `reconciliation/${runId}`;
}

/** The id of the workflow that looks at one case again. */
export function caseWorkflowId(caseId: CaseId): string {
  return `reconciliation/case/${caseId}`;
}

/** The id of the workflow that gives back the debits which a case's transfer has left half done. */
export function refundCaseWorkflowId(caseId: CaseId): string {
  return `refund-case/${caseId}`;
}

export interface RefundCaseInput {
  readonly caseId: CaseId;
  readonly walletShardCount: number;
  readonly trace: TraceContext;
  readonly installationId: InstallationId;
}

/** The input of a run; without any field, of a run of the schedule. */
export interface ReconciliationInput {
  /** The id of a run that somebody asked for. */
  readonly runId?: RunId;
  /** If absent, `changes`. */
  readonly scope?: RunScope;
  /** If present, the run looks at this case's subject, and at nothing else. */
  readonly caseId?: CaseId;
  /** How far a run was when it continued as new. */
  readonly progress?: ReconciliationProgress;
}

export interface ReconciliationProgress {
  readonly runId: RunId;
  readonly trigger: 'schedule' | 'request';
  readonly tally: Tally;
  /** The name of the place that the run looks at; `cursor` says where in that place. An earlier version did not carry it. */
  readonly placeName?: string;
  /** The index of that place, for workers of an earlier version. */
  readonly place: number;
  readonly cursor: Cursor | null;
  readonly patrol: Patrol;
  /** The subjects that the run has looked at twice already. */
  readonly settled: readonly string[];
}

/** Statuses and ids alone: search attributes are stored in the clear, so no amount and no personal data. */
export const searchAttributes = {
  movementStatus: defineSearchAttributeKey('MovementStatus', SearchAttributeType.KEYWORD),
  walletIds: defineSearchAttributeKey('WalletIds', SearchAttributeType.KEYWORD_LIST),
  needsAttention: defineSearchAttributeKey('NeedsAttention', SearchAttributeType.BOOL),
};
