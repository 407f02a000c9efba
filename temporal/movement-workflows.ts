/**
 * What the reconciliation asks of Temporal about the workflows of movements: whether one is open, which have closed in a way
 * that no workflow of ours does by itself, and to start one again from its row. Imported by whoever composes a process.
 */
import { WorkflowNotFoundError } from '@temporalio/client';
import type { TransferBatch } from '../db/transfer/batch-queries.ts';
import type { Transaction } from '../db/transfer/transaction-queries.ts';
import type { Transfer } from '../db/transfer/queries.ts';
import { startBatch, startTransaction, startTransfer, type MovementStarter } from './start-movement.ts';

export interface MovementWorkflows {
  /** Whether it is open now, or has closed, or Temporal knows of none. */
  readonly stateOf: (workflowId: string) => Promise<'open' | 'closed' | 'none'>;
  /**
   * The ids of the workflows that were closed from outside within the window, the newest first, as far as visibility has
   * caught up; `next` is where to go on. Milliseconds since 1970.
   */
  readonly closedFromOutside: (
    fromMs: number,
    untilMs: number,
  ) => Promise<{ workflowIds: string[]; next: number | null }>;
  /** A start that finds an open run, or one that ended by itself, does nothing. */
  readonly startTransfer: (row: Transfer) => Promise<void>;
  readonly startTransaction: (row: Transaction) => Promise<void>;
  readonly startBatch: (row: TransferBatch) => Promise<void>;
}

const PAGE_ROWS = 500;
/** Every run of ours ends Completed, whatever becomes of its movement. */
const FROM_OUTSIDE = `ExecutionStatus IN ('Terminated', 'TimedOut', 'Failed', 'Canceled')`;
const TYPES = `WorkflowType IN ('directTransfer', 'transfer', 'transaction', 'transferBatch')`;

export function movementWorkflows(starter: MovementStarter): MovementWorkflows {
  return {
    async stateOf(workflowId) {
      try {
        const { status } = await starter.client.workflow.getHandle(workflowId).describe();
        return status.name === 'RUNNING' ? 'open' : 'closed';
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return 'none';
        throw error;
      }
    },

    async closedFromOutside(fromMs, untilMs) {
      // Temporal has no instant before 1970, and lists the newest first.
      const window = `CloseTime >= '${instant(Math.max(fromMs, 0))}' AND CloseTime < '${instant(untilMs)}'`;
      const query = `${TYPES} AND ${FROM_OUTSIDE} AND ${window}`;
      const workflowIds: string[] = [];
      let oldestMs = untilMs;
      for await (const { workflowId, closeTime } of starter.client.workflow.list({ query, pageSize: PAGE_ROWS })) {
        const closedMs = closeTime?.getTime() ?? fromMs;
        // As many as were closed within the millisecond of the last one are taken too, so that the next page is after them.
        if (workflowIds.length >= PAGE_ROWS && closedMs < oldestMs) return { workflowIds, next: oldestMs };
        workflowIds.push(workflowId);
        oldestMs = Math.min(oldestMs, closedMs);
      }
      return { workflowIds, next: null };
    },

    startTransfer: (row) => startTransfer(starter, row),
    startTransaction: (row) => startTransaction(starter, row),
    startBatch: (row) => startBatch(starter, row),
  };
}

function instant(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
