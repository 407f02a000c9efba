/**
 * What the reconciliation asks of Temporal about the workflows of movements: whether one is open, which have closed in a way
 * that no workflow of ours does by itself, and to start one again from its row.
 */
import { WorkflowNotFoundError, type WorkflowExecutionInfo } from '@temporalio/client';
import type { TransferBatch } from '../../db/transfer/batch-queries.ts';
import type { Transaction } from '../../db/transfer/transaction-queries.ts';
import type { Transfer } from '../../db/transfer/queries.ts';
import { VERIFIED_WITHIN_MS } from '../namespace-binding.ts';
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
  /**
   * The ids of the open workflows that were started before this, the newest first, as far as visibility has caught up; `next`
   * is where to go on. Milliseconds since 1970.
   */
  readonly openBefore: (untilMs: number | null) => Promise<{ workflowIds: string[]; next: number | null }>;
  /**
   * Asks an open workflow to end: it then settles what it moves as the fences say, which of what is settled changes nothing.
   * One that has closed needs it no more.
   */
  readonly requestCancel: (workflowId: string) => Promise<void>;
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

    closedFromOutside(fromMs, untilMs) {
      // Temporal has no instant before 1970, and lists the newest first.
      const window = `CloseTime >= '${instant(Math.max(fromMs, 0))}' AND CloseTime < '${instant(untilMs)}'`;
      return page(`${TYPES} AND ${FROM_OUTSIDE} AND ${window}`, untilMs, ({ closeTime }) => closeTime);
    },

    openBefore(untilMs) {
      const window = untilMs === null ? '' : ` AND StartTime < '${instant(untilMs)}'`;
      const query = `${TYPES} AND ExecutionStatus = 'Running'${window}`;
      return page(query, untilMs ?? Number.POSITIVE_INFINITY, ({ startTime }) => startTime);
    },

    async requestCancel(workflowId) {
      await starter.binding.verify(VERIFIED_WITHIN_MS);
      try {
        await starter.client.workflow.getHandle(workflowId).cancel();
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      }
    },

    startTransfer: (row) => startTransfer(starter, row),
    startTransaction: (row) => startTransaction(starter, row),
    startBatch: (row) => startBatch(starter, row),
  };

  /** Some hundreds of those that are listed, the newest first by this time. */
  async function page(
    query: string,
    newestMs: number,
    timeOf: (info: WorkflowExecutionInfo) => Date | undefined,
  ): Promise<{ workflowIds: string[]; next: number | null }> {
    const workflowIds: string[] = [];
    let oldestMs = newestMs;
    for await (const info of starter.client.workflow.list({ query, pageSize: PAGE_ROWS })) {
      const atMs = timeOf(info)?.getTime() ?? 0;
      // As many as are of the millisecond of the last one are taken too, so that the next page is after them.
      if (workflowIds.length >= PAGE_ROWS && atMs < oldestMs) return { workflowIds, next: oldestMs };
      workflowIds.push(info.workflowId);
      oldestMs = Math.min(oldestMs, atMs);
    }
    return { workflowIds, next: null };
  }
}

function instant(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
