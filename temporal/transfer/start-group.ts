/** The workflow of a group of transfers: its start, the wait for its end, and whether it is under way. */
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { GroupId, TransferId } from '../../domain/ids.ts';
import { groupWorkflowId, TRANSFER_TASK_QUEUE, type GroupInput } from '../../workflows/transfer/messages.ts';
import { traced } from '../../process/traces.ts';
import { VERIFIED_WITHIN_MS } from '../namespace-binding.ts';
import type { MovementStarter } from './start-movement.ts';

/** Starts the workflow of a group, whose id no other group has had. */
export async function startGroup(
  { client, binding, walletShardCount, dispatch, isEager = false }: MovementStarter,
  groupId: GroupId,
  transferIds: readonly TransferId[],
): Promise<void> {
  const { installationId } = await binding.verify(VERIFIED_WITHIN_MS);
  const input: GroupInput = { groupId, transferIds, walletShardCount, dispatch, installationId };
  const workflowId = groupWorkflowId(groupId);
  const attributes = { 'counterpoise.workflow_id': workflowId };
  await traced({ name: 'start transferGroup', kind: 'producer', place: 'active', attributes }, () =>
    client.workflow.start('transferGroup', {
      taskQueue: TRANSFER_TASK_QUEUE,
      workflowId,
      args: [input],
      staticSummary: `Group of ${transferIds.length} transfers`,
      requestEagerStart: isEager,
      // Its parts are bounded, so only one that no worker can run is still open then; the sweep starts its transfers after that.
      workflowExecutionTimeout: '2 minutes',
    }),
  );
}

/** Resolves when the workflow has closed; rejects if it ended otherwise than Completed, does not exist, or the signal aborts. */
export async function groupEnd(client: Client, groupId: GroupId, signal: AbortSignal): Promise<void> {
  await client.connection.withAbortSignal(signal, () => client.workflow.getHandle(groupWorkflowId(groupId)).result());
}

/** Whether the workflow of a group is open. */
export async function isGroupUnderWay(client: Client, groupId: GroupId): Promise<boolean> {
  try {
    const { status } = await client.workflow.getHandle(groupWorkflowId(groupId)).describe();
    return status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
