/** The workflows of orders as the reconciliation sees them. */
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { ORDER_TASK_QUEUE, type OrderReconciliationInput } from '../../workflows/order/messages.ts';
import { VERIFIED_WITHIN_MS } from '../namespace-binding.ts';
import type { OrderStarter } from './start-order.ts';

export async function isWorkflowRunning(client: Client, workflowId: string): Promise<boolean> {
  try {
    const { status } = await client.workflow.getHandle(workflowId).describe();
    return status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
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
