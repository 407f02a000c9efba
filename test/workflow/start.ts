/** Starts the workflows as temporal/transfer/start-movement.ts does, on the time-skipping server, which has no search attributes' rows. */
import { randomUUID } from 'node:crypto';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Currency } from '../../domain/currency.ts';
import type { TransactionId, TransferId, WalletId } from '../../domain/ids.ts';
import type { transaction } from '../../workflows/transfer/transaction.ts';
import type { transfer } from '../../workflows/transfer/held.ts';
import {
  transactionWorkflowId,
  TRANSFER_TASK_QUEUE,
  transferWorkflowId,
  type Dispatch,
  type TransactionInput,
  type TransferInput,
} from '../../workflows/transfer/messages.ts';

const TEN_MINUTES_MS = 600_000;
const trace = { requestId: 'test-request' };
const amount = '25.0000';
const currency = 'USD' as Currency;

export async function startTransfer(
  environment: TestWorkflowEnvironment,
  dispatch: Dispatch = 'ordinary',
  {
    workflowTaskTimeout = '10 seconds',
    transferId = randomUUID() as TransferId,
    startInMs,
    expiresInMs,
    neededAttention = false,
    deadlineInMs = TEN_MINUTES_MS,
    beginsCanceled = false,
    isOneShard = false,
  }: {
    workflowTaskTimeout?: '10 seconds' | '1 second' | undefined;
    transferId?: TransferId;
    startInMs?: number;
    expiresInMs?: number;
    neededAttention?: boolean;
    deadlineInMs?: number;
    beginsCanceled?: boolean;
    isOneShard?: boolean;
  } = {},
) {
  const nowMs = await environment.currentTimeMs();
  const input: TransferInput = {
    terms: {
      transferId,
      senderWalletId: '0a'.padEnd(36, '0') as WalletId,
      receiverWalletId: 'fa'.padEnd(36, '0') as WalletId,
      amount,
      currency,
    },
    senderTaskQueue: 'wallet-0',
    receiverTaskQueue: isOneShard ? 'wallet-0' : 'wallet-1',
    deadlineMs: nowMs + (startInMs ?? 0) + deadlineInMs,
    ...(startInMs === undefined ? {} : { startAtMs: nowMs + startInMs }),
    ...(neededAttention ? { neededAttention } : {}),
    ...(expiresInMs === undefined
      ? {}
      : { hold: { expiresAtMs: nowMs + (startInMs ?? 0) + expiresInMs, settleWithinMs: TEN_MINUTES_MS } }),
    dispatch,
    trace,
  };
  const type = expiresInMs === undefined ? 'directTransfer' : 'transfer';
  return environment.client.workflow.start<typeof transfer>(beginsCanceled ? 'canceledTransfer' : type, {
    ...options(transferWorkflowId(transferId), input),
    workflowTaskTimeout,
  });
}

export async function startTransaction(
  environment: TestWorkflowEnvironment,
  dispatch: Dispatch = 'ordinary',
  begins: Pick<TransactionInput, 'beginsCanceled'> = {},
) {
  const transactionId = randomUUID() as TransactionId;
  const input: TransactionInput = {
    terms: { transactionId, walletId: '0a'.padEnd(36, '0') as WalletId, type: 'CREDIT', amount, currency },
    walletTaskQueue: 'wallet-0',
    deadlineMs: (await environment.currentTimeMs()) + TEN_MINUTES_MS,
    dispatch,
    trace,
    ...begins,
  };
  return environment.client.workflow.start<typeof transaction>(
    'transaction',
    options(transactionWorkflowId(transactionId), input),
  );
}

function options<Input>(workflowId: string, input: Input) {
  return {
    workflowId,
    taskQueue: TRANSFER_TASK_QUEUE,
    args: [input] as [Input],
    workflowIdConflictPolicy: 'USE_EXISTING' as const,
    workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY' as const,
  };
}
