/**
 * The workflows of movements as the reconciliation sees them: it asks whether one is open, lists those that are open and those that
 * were closed from outside, asks one to end, and starts one again from its row.
 */
import { WorkflowNotFoundError, type WorkflowExecutionInfo } from '@temporalio/client';
import type { TransferBatch } from '../../db/transfer/batch-queries.ts';
import type { Transaction } from '../../db/transfer/transaction-queries.ts';
import type { Transfer } from '../../db/transfer/queries.ts';
import { VERIFIED_WITHIN_MS } from '../namespace-binding.ts';
import { cancelUnlessClosed } from '../run-of-another-body.ts';
import { startBatch, startTransaction, startTransfer, type MovementStarter } from './start-movement.ts';

export interface MovementWorkflows {
  /** Whether the workflow is open now, or has closed, or Temporal knows of none. */
  readonly stateOf: (workflowId: string) => Promise<'open' | 'closed' | 'none'>;
  /**
   * The ids of the workflows that were closed from outside within the window, the newest first, as far as Temporal's visibility
   * store has caught up; `next` is where to go on. Milliseconds since 1970.
   */
  readonly closedFromOutside: (
    fromMs: number,
    untilMs: number,
  ) => Promise<{ workflowIds: string[]; next: number | null }>;
  /**
   * The ids of the open workflows that were started before `untilMs`, the newest first, as far as Temporal's visibility store has
   * caught up; `next` is where to go on. Milliseconds since 1970.
   */
  readonly openBefore: (untilMs: number | null) => Promise<{ workflowIds: string[]; next: number | null }>;
  /**
   * Asks an open workflow to end: it then settles its movement as the fences say, which changes nothing if the movement is settled
   * already. A workflow that has closed is left alone.
   */
  readonly requestCancel: (workflowId: string) => Promise<void>;
  /** Does nothing if a run is open, or if a run has ended by itself and the row has ended, too. */
  readonly startTransfer: (row: Transfer) => Promise<void>;
  readonly startTransaction: (row: Transaction) => Promise<void>;
  readonly startBatch: (row: TransferBatch) => Promise<void>;
}

const PAGE_ROWS = 500;
/** By itself a run ends Completed, whatever its movement's end; or Failed, if the movement has no row any more. */
const FROM_OUTSIDE = `ExecutionStatus IN ('Terminated', 'TimedOut', 'Failed', 'Canceled')`;
const TYPES = `WorkflowType IN ('directTransfer', 'transfer', 'canceledTransfer', 'transaction', 'transferBatch')`;

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
      await cancelUnlessClosed(starter.client.workflow.getHandle(workflowId));
    },

    startTransfer: (row) => startTransfer(starter, row),
    startTransaction: (row) => startTransaction(starter, row),
    startBatch: (row) => startBatch(starter, row),
  };

  /** Some hundreds of the listed workflows, the newest first by the time that `timeOf` returns. */
  async function page(
    query: string,
    newestMs: number,
    timeOf: (info: WorkflowExecutionInfo) => Date | undefined,
  ): Promise<{ workflowIds: string[]; next: number | null }> {
    const workflowIds: string[] = [];
    let oldestMs = newestMs;
    for await (const info of starter.client.workflow.list({ query, pageSize: PAGE_ROWS })) {
      const atMs = timeOf(info)?.getTime() ?? 0;
      // All workflows of the last millisecond are taken too, so that the next page can begin before that millisecond.
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
