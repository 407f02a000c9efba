/**
 * The start of an accepted movement's workflow from its row: the same start, whether the API sends it right after the acceptance or
 * the sweep later. A repeat finds the first run.
 */
import { WorkflowExecutionAlreadyStartedError, type Client, type WorkflowStartOptions } from '@temporalio/client';
import type { TransferBatch } from '../../db/transfer/batch-queries.ts';
import type { Transaction } from '../../db/transfer/transaction-queries.ts';
import type { Transfer } from '../../db/transfer/queries.ts';
import type { WalletId } from '../../domain/ids.ts';
import { ofTenant } from '../../domain/tenant.ts';
import { shardOf, walletTaskQueue } from '../../domain/routing.ts';
import type { TraceContext } from '../../domain/trace-context.ts';
import { traced } from '../../process/traces.ts';
import {
  batchWorkflowId,
  searchAttributes,
  transactionWorkflowId,
  TRANSFER_TASK_QUEUE,
  transferWorkflowId,
  type BatchInput,
  type Dispatch,
  type MovementMemo,
  type TransactionInput,
  type TransferInput,
} from '../../workflows/transfer/messages.ts';
import { VERIFIED_WITHIN_MS, type NamespaceBinding } from '../namespace-binding.ts';
import { isRunningFor } from '../run-of-another-body.ts';

export interface MovementStarter {
  readonly client: Client;
  /** Keeps a start out of a namespace that is not the installation's own. */
  readonly binding: Pick<NamespaceBinding, 'verify'>;
  /** Whether the row of this workflow is there and has not ended, as it is now. */
  readonly isStillOpen: (workflowId: string) => Promise<boolean>;
  readonly walletShardCount: number;
  readonly dispatch: Dispatch;
  /** Whether the client shares the connection of a workflow worker here, which then gets the first task in the answer. */
  readonly isEager?: boolean;
}

/**
 * Resolves when the workflow is known to have been started, now or before. Throws RunOfAnotherBody if the start has to be repeated
 * later. What waits for approvals has no workflow: the last vote makes it due.
 */
export async function startTransfer(starter: MovementStarter, row: Transfer): Promise<void> {
  const { transferId, senderWalletId, receiverWalletId, amount, currency, status, scheduledAt, expiresAt } = row;
  if (status === 'AWAITING_APPROVAL') return;
  const input: Started<TransferInput> = {
    terms: { ...ofTenant(row.tenant), transferId, senderWalletId, receiverWalletId, amount, currency },
    senderTaskQueue: taskQueueOf(starter, senderWalletId),
    receiverTaskQueue: taskQueueOf(starter, receiverWalletId),
    ...movementInput(starter, row),
    // A hold that is debited waits until it expires; the deadline was for the time before its debit.
    ...(status === 'DEBITED' && expiresAt !== null ? { deadlineMs: expiresAt.getTime() } : {}),
    ...(scheduledAt === null ? {} : { startAtMs: scheduledAt.getTime() }),
    ...(row.attentionCaseId === null ? {} : { neededAttention: true as const }),
    ...(expiresAt === null
      ? {}
      : {
          hold: {
            expiresAtMs: expiresAt.getTime(),
            // A capture may take as long as a transfer may.
            settleWithinMs: row.deadlineAt.getTime() - (scheduledAt ?? row.createdAt).getTime(),
          },
        }),
  };
  await start(starter, workflowTypeOf(row), {
    workflowId: transferWorkflowId(transferId),
    input,
    staticSummary: `Transfer ${senderWalletId} → ${receiverWalletId}`,
    walletIds: [senderWalletId, receiverWalletId],
    bodyHash: row.bodyHash,
    // A transfer that local dispatch is likely to complete in its first task is spared the write of this search attribute.
    status: starter.dispatch === 'local' && scheduledAt === null && expiresAt === null ? undefined : row.status,
  });
}

function workflowTypeOf({ beginsCanceled, expiresAt }: Transfer): string {
  if (beginsCanceled) return 'canceledTransfer';
  return expiresAt === null ? 'directTransfer' : 'transfer';
}

/** As startTransfer. */
export async function startTransaction(starter: MovementStarter, row: Transaction): Promise<void> {
  const { transactionId, walletId, type, amount, currency } = row;
  if (row.status === 'AWAITING_APPROVAL') return;
  const input: Started<TransactionInput> = {
    terms: { ...ofTenant(row.tenant), transactionId, walletId, type, amount, currency },
    walletTaskQueue: taskQueueOf(starter, walletId),
    ...(row.beginsCanceled ? { beginsCanceled: true as const } : {}),
    ...movementInput(starter, row),
  };
  await start(starter, 'transaction', {
    workflowId: transactionWorkflowId(transactionId),
    input,
    staticSummary: type === 'CREDIT' ? `Credit into ${walletId}` : `Debit out of ${walletId}`,
    walletIds: [walletId],
    bodyHash: row.bodyHash,
    status: row.status,
  });
}

/** As startTransfer. */
export async function startBatch(starter: MovementStarter, row: TransferBatch): Promise<void> {
  const { batchId, itemCount } = row;
  // Without items: what was not approved has no workflow either.
  if (row.status === 'AWAITING_APPROVAL' || row.status === 'CANCELED') return;
  const { walletShardCount } = starter;
  const input: Started<BatchInput> = { batchId, itemCount, walletShardCount, ...movementInput(starter, row) };
  await start(starter, 'transferBatch', {
    workflowId: batchWorkflowId(batchId),
    input,
    staticSummary: `Batch of ${itemCount} transfers`,
    walletIds: [],
    bodyHash: row.bodyHash,
    status: row.status,
  });
}

async function start(
  { client, binding, isStillOpen, isEager = false }: MovementStarter,
  workflowType: string,
  {
    workflowId,
    input,
    staticSummary,
    walletIds,
    bodyHash,
    status,
  }: {
    workflowId: string;
    input: { readonly trace: TraceContext };
    staticSummary: string;
    walletIds: WalletId[];
    bodyHash: string;
    status: string | undefined;
  },
): Promise<void> {
  const { installationId } = await binding.verify(VERIFIED_WITHIN_MS);
  const memo: MovementMemo = { bodyHash };
  const options: WorkflowStartOptions = {
    taskQueue: TRANSFER_TASK_QUEUE,
    workflowId,
    args: [{ ...input, installationId }],
    memo: { ...memo },
    staticSummary,
    workflowIdConflictPolicy: 'FAIL',
    // Only a run that did not end Completed (terminated, or failed for want of its row) may be followed by another: rows and fences
    // tell the next run how far the first had come.
    workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
    requestEagerStart: isEager,
    typedSearchAttributes: [
      ...(status === undefined ? [] : [{ key: searchAttributes.movementStatus, value: status }]),
      { key: searchAttributes.walletIds, value: walletIds },
    ],
  };
  const span = {
    name: `start ${workflowType}`,
    kind: 'producer',
    place: { within: input.trace },
    attributes: { 'counterpoise.workflow_id': workflowId },
    // The activities whose input names no request are there.
    leadsTo: workflowId,
  } as const;
  try {
    await traced(span, () => client.workflow.start(workflowType, options));
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    if (await isRunningFor(bodyHash, client, workflowId)) return;
    // A run ends by itself only after its row has. If the row is open all the same, it was restored since, or was lost and accepted
    // again: another run brings the row to where the fences are.
    if (await isStillOpen(workflowId))
      await client.workflow.start(workflowType, {
        ...options,
        workflowIdConflictPolicy: 'USE_EXISTING',
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      });
  }
}

/** The input of a workflow without the field that its start adds. */
type Started<Input> = Omit<Input, 'installationId'>;

function movementInput(
  { dispatch }: MovementStarter,
  row: Pick<Transfer | Transaction | TransferBatch, 'requestId' | 'traceparent' | 'deadlineAt'>,
): { deadlineMs: number; dispatch: Dispatch; trace: TraceContext } {
  const trace = { requestId: row.requestId, ...(row.traceparent === null ? {} : { traceparent: row.traceparent }) };
  return { deadlineMs: row.deadlineAt.getTime(), dispatch, trace };
}

function taskQueueOf({ walletShardCount }: MovementStarter, walletId: WalletId): string {
  return walletTaskQueue(shardOf(walletId, walletShardCount));
}
