/** The workflows of orders as the reconciliation sees them. */
import { WorkflowNotFoundError, type Client, type WorkflowExecutionDescription } from '@temporalio/client';
import { ORDER_STATUSES, type OrderStatus } from '../../domain/order/order.ts';
import { ORDER_TASK_QUEUE, type OrderReconciliationInput } from '../../workflows/order/messages.ts';
import { searchAttributes, type MovementMemo } from '../../workflows/transfer/messages.ts';
import { VERIFIED_WITHIN_MS } from '../namespace-binding.ts';
import type { OrderStarter } from './start-order.ts';

export async function isWorkflowRunning(client: Client, workflowId: string): Promise<boolean> {
  return (await runOf(client, workflowId)) !== undefined;
}

export interface OpenRun {
  /** The last that the run has seen written to its row. */
  readonly shown: OrderStatus | undefined;
  /** The hash of the body that it runs for; absent if it was started before that was kept. */
  readonly bodyHash: string | undefined;
  readonly terminate: (reason: string) => Promise<void>;
}

/** The open run of an order; undefined if there is none. */
export async function openRunOf(client: Client, workflowId: string): Promise<OpenRun | undefined> {
  const run = await runOf(client, workflowId);
  if (run === undefined) return undefined;
  const shown = run.typedSearchAttributes.get(searchAttributes.movementStatus);
  return {
    shown: ORDER_STATUSES.find((status) => status === shown),
    bodyHash: (run.memo as Partial<MovementMemo> | undefined)?.bodyHash,
    terminate: (reason) =>
      client.workflow
        .getHandle(workflowId, run.runId)
        .terminate(reason)
        .then(() => {}),
  };
}

async function runOf(client: Client, workflowId: string): Promise<WorkflowExecutionDescription | undefined> {
  try {
    const run = await client.workflow.getHandle(workflowId).describe();
    return run.status.name === 'RUNNING' ? run : undefined;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

/** Starts a run over what has been reserved for so long, unless one is open. */
export async function startOrderReconciliation(
  { client, binding }: Pick<OrderStarter, 'client' | 'binding'>,
  olderThanSeconds: number,
): Promise<void> {
  const { installationId } = await binding.verify(VERIFIED_WITHIN_MS);
  const input: OrderReconciliationInput = { installationId, olderThanSeconds };
  await client.workflow.start('orderReconciliation', {
    taskQueue: ORDER_TASK_QUEUE,
    workflowId: 'order-reconciliation',
    args: [input],
    staticSummary: 'What is reserved for orders that have ended',
    workflowIdConflictPolicy: 'USE_EXISTING',
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
  });
}
